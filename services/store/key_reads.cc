// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/key_reads.h"

#include <memory>
#include <string>
#include <utility>

#include "services/store/call_target.h"
#include "services/store/key_changes.h"
#include "services/store/page_token.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::keys::v1::GetKeyRequest;
using keyward::keys::v1::GetKeyResponse;
using keyward::keys::v1::ListKeysRequest;
using keyward::keys::v1::ListKeysResponse;

}  // namespace

absl::StatusOr<ReadAnswer> KeyReads::Get(const rpc::CallContext& context,
                                         const GetKeyRequest& request) const {
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kKey);
  if (!name.ok()) return name.status();
  const auto key = LoadKey(*parts_->kv, context.project_uid, name->key());
  if (!key.ok()) return key.status();
  absl::StatusOr<keyward::keys::v1::Key> shown = ShowKey(*parts_, key->record);
  if (!shown.ok()) return shown.status();
  auto response = std::make_unique<GetKeyResponse>();
  *response->mutable_key() = *std::move(shown);
  return ReadAnswer{std::move(response), name->ToString()};
}

absl::StatusOr<ReadAnswer> KeyReads::List(
    const rpc::CallContext& context, const ListKeysRequest& request) const {
  const absl::StatusOr<ResourceName> parent =
      CallTarget(context, "parent", request.parent(), ResourceKind::kProject);
  if (!parent.ok()) return parent.status();
  const absl::Status uid = CheckProjectUid(context.project_uid);
  if (!uid.ok()) return uid;
  const absl::StatusOr<int> size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const std::string scope = PageScope(context, request.parent(), "");
  const absl::StatusOr<std::string> last =
      OpenPageToken(*parts_->tokens, scope, request.page_token());
  if (!last.ok()) return last.status();

  const std::string prefix = KeyPrefix(context.project_uid);
  kv::RangeOptions options;
  options.limit = static_cast<size_t>(*size);
  options.max_bytes = kMaxPageBytes;
  const absl::StatusOr<kv::RangeResult> range =
      parts_->kv->Range(last->empty() ? prefix : kv::KeyAfter(prefix + *last),
                        kv::PrefixEnd(prefix), options);
  if (!range.ok()) return ReadError(range.status());
  auto response = std::make_unique<ListKeysResponse>();
  for (const kv::Entry& entry : range->entries) {
    const absl::StatusOr<KeyRecord> key = DecodeRecord<KeyRecord>(entry.value);
    if (!key.ok()) return key.status();
    absl::StatusOr<keyward::keys::v1::Key> shown = ShowKey(*parts_, *key);
    if (!shown.ok()) return shown.status();
    *response->add_keys() = *std::move(shown);
  }
  if (range->more && !range->entries.empty()) {
    absl::StatusOr<std::string> token = parts_->tokens->Make(
        scope, range->entries.back().key.substr(prefix.size()));
    if (!token.ok()) return token.status();
    response->set_next_page_token(*std::move(token));
  }
  return ReadAnswer{std::move(response), parent->ToString()};
}

}  // namespace keyward::store
