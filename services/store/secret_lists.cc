// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/byte_order.h"
#include "libs/crypto/length_prefixed.h"
#include "services/store/call_target.h"
#include "services/store/page_token.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"
#include "services/store/secret_filter.h"
#include "services/store/secret_reads.h"
#include "services/store/secret_view.h"

// The lists of SecretReads.

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::secrets::v1::ListSecretsRequest;
using keyward::secrets::v1::ListSecretsResponse;
using keyward::secrets::v1::ListSecretVersionsRequest;
using keyward::secrets::v1::ListSecretVersionsResponse;

// How many secrets are looked at for one page, whatever the filter leaves: the
// bound of what a caller can make the store do with one call.
constexpr size_t kMaxExamined = 1000;

std::string ListScope(const rpc::CallContext& context,
                      const ListSecretsRequest& request) {
  return PageScope(context, request.parent(),
                   crypto::LengthPrefixed()
                       .Add(request.filter())
                       .AddNumber(request.show_deleted() ? 1 : 0)
                       .bytes());
}

// The last bytes of a version's key.
absl::StatusOr<int64_t> NumberIn(absl::string_view place) {
  const absl::StatusOr<uint64_t> number = TakeBigEndian64(&place);
  if (!number.ok()) return number.status();
  return static_cast<int64_t>(*number);
}

// One page of secrets, from the state of one moment.
class SecretPage {
 public:
  SecretPage(const kv::KeyValueReader& reader, const std::string& project_uid,
             const SecretFilter& filter, bool show_deleted)
      : reader_(reader),
        prefix_(SecretPrefix(project_uid)),
        filter_(filter),
        show_deleted_(show_deleted) {}

  // Adds up to `size` secrets after `last_id`. Answers the id to go on after,
  // empty if the list ends here.
  absl::StatusOr<std::string> Fill(const std::string& last_id, size_t size,
                                   ListSecretsResponse* response) const {
    // The usual page has no others in between; one more tells that it is not
    // the last. If those do not fill it, all is read again, since a page is of
    // one moment.
    for (size_t examined = std::min(size + 1, kMaxExamined);;
         examined = kMaxExamined) {
      const absl::StatusOr<kv::RangeResult> range = Read(last_id, examined);
      if (!range.ok()) return ReadError(range.status());
      absl::StatusOr<std::string> next = Show(*range, size, response);
      const bool short_of_records =
          next.ok() && range->more && range->entries.size() < kMaxExamined &&
          range->entries.size() == examined &&
          static_cast<size_t>(response->secrets_size()) < size;
      if (!short_of_records) return next;
      response->clear_secrets();
    }
  }

 private:
  absl::StatusOr<kv::RangeResult> Read(const std::string& last_id,
                                       size_t examined) const {
    const std::string bounded = absl::StrCat(prefix_, filter_.id_prefix());
    std::string begin = bounded;
    if (!last_id.empty()) {
      begin = std::max(begin, kv::KeyAfter(absl::StrCat(prefix_, last_id)));
    }
    kv::RangeOptions options;
    options.limit = examined;
    options.max_bytes = kMaxPageBytes;
    return reader_.Range(begin, kv::PrefixEnd(bounded), options);
  }

  absl::StatusOr<std::string> Show(const kv::RangeResult& range, size_t size,
                                   ListSecretsResponse* response) const {
    for (size_t i = 0; i < range.entries.size(); ++i) {
      const kv::Entry& entry = range.entries[i];
      const absl::StatusOr<SecretRecord> secret =
          DecodeRecord<SecretRecord>(entry.value);
      if (!secret.ok()) return secret.status();
      if (Shown(*secret)) {
        *response->add_secrets() = ViewSecret(*secret);
      }
      const bool last = i + 1 == range.entries.size();
      const bool full = static_cast<size_t>(response->secrets_size()) == size;
      if ((full && !last) || (last && range.more)) {
        return entry.key.substr(prefix_.size());
      }
    }
    return std::string();
  }

  bool Shown(const SecretRecord& secret) const {
    return (show_deleted_ || secret.delete_time() == 0) &&
           filter_.Matches(secret);
  }

  const kv::KeyValueReader& reader_;
  const std::string prefix_;
  const SecretFilter& filter_;
  const bool show_deleted_;
};

}  // namespace

absl::StatusOr<ReadAnswer> SecretReads::List(
    const rpc::CallContext& context, const ListSecretsRequest& request) const {
  const absl::StatusOr<ResourceName> parent =
      CallTarget(context, "parent", request.parent(), ResourceKind::kProject);
  if (!parent.ok()) return parent.status();
  absl::Status uid = CheckProjectUid(context.project_uid);
  if (!uid.ok()) return uid;
  const absl::StatusOr<int> size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const absl::StatusOr<SecretFilter> filter =
      SecretFilter::Parse(request.filter());
  if (!filter.ok()) return filter.status();
  const std::string scope = ListScope(context, request);
  const absl::StatusOr<std::string> last_id =
      OpenPageToken(*parts_->tokens, scope, request.page_token());
  if (!last_id.ok()) return last_id.status();

  // Before the page is read: what changes in between comes again in the watch
  // instead of being missed.
  const absl::StatusOr<uint64_t> head =
      LoadNumber(*parts_->kv, EventHeadKey(context.project_uid));
  if (!head.ok()) return head.status();
  auto response = std::make_unique<ListSecretsResponse>();
  const SecretPage page(*parts_->kv, context.project_uid, *filter,
                        request.show_deleted());
  const absl::StatusOr<std::string> next =
      page.Fill(*last_id, static_cast<size_t>(*size), response.get());
  if (!next.ok()) return next.status();
  if (!next->empty()) {
    absl::StatusOr<std::string> token = parts_->tokens->Make(scope, *next);
    if (!token.ok()) return token.status();
    response->set_next_page_token(*std::move(token));
  }
  if (request.page_token().empty()) {
    absl::StatusOr<std::string> position =
        parts_->positions->Encode(context.project_uid, *head);
    if (!position.ok()) return position.status();
    response->set_watch_position(*std::move(position));
  }
  return ReadAnswer{std::move(response), parent->ToString()};
}

absl::StatusOr<ReadAnswer> SecretReads::ListVersions(
    const rpc::CallContext& context,
    const ListSecretVersionsRequest& request) const {
  const absl::StatusOr<ResourceName> parent =
      CallTarget(context, "parent", request.parent(), ResourceKind::kSecret);
  if (!parent.ok()) return parent.status();
  const absl::StatusOr<int> size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const auto secret = LoadSecret(*parts_->kv, context.project_uid, *parent);
  if (!secret.ok()) return secret.status();
  // The uid: a page of a secret's predecessor is no beginning of its own.
  const std::string scope =
      PageScope(context, request.parent(), secret->record.uid());
  const absl::StatusOr<std::string> place =
      OpenPageToken(*parts_->tokens, scope, request.page_token());
  if (!place.ok()) return place.status();

  const std::string prefix = VersionPrefix(secret->record.uid());
  std::string end = kv::PrefixEnd(prefix);
  if (!place->empty()) {
    const absl::StatusOr<int64_t> last = NumberIn(*place);
    if (!last.ok()) return last.status();
    end = VersionKey(secret->record.uid(), *last);
  }
  kv::RangeOptions options;
  options.limit = static_cast<size_t>(*size);
  // Versions lie with their ciphertexts: 64 of the largest payloads.
  options.max_bytes = 4 * kMaxPageBytes;
  options.reverse = true;
  const absl::StatusOr<kv::RangeResult> range =
      parts_->kv->Range(prefix, end, options);
  if (!range.ok()) return ReadError(range.status());
  auto response = std::make_unique<ListSecretVersionsResponse>();
  for (const kv::Entry& entry : range->entries) {
    const absl::StatusOr<VersionRecord> version =
        DecodeRecord<VersionRecord>(entry.value);
    if (!version.ok()) return version.status();
    *response->add_versions() = ViewVersion(secret->record, *version);
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
