// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/key_changes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/error.h"
#include "services/store/call_target.h"
#include "services/store/etag.h"
#include "services/store/plan_steps.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::KeyVersionRecord;
using keyward::keys::v1::RotateKeyRequest;
using keyward::keys::v1::RotateKeyResponse;

absl::StatusOr<int64_t> CountKeys(const kv::KeyValueReader& reader,
                                  const std::string& prefix, int64_t most) {
  kv::RangeOptions options;
  options.limit = kv::kMaxRangeEntries;
  options.max_bytes = kv::kMaxRangeBytes;
  options.keys_only = true;
  std::string begin = prefix;
  int64_t count = 0;
  while (count < most) {
    const absl::StatusOr<kv::RangeResult> page =
        reader.Range(begin, kv::PrefixEnd(prefix), options);
    if (!page.ok()) return ReadError(page.status());
    count += static_cast<int64_t>(page->entries.size());
    if (!page->more) break;
    begin = kv::KeyAfter(page->entries.back().key);
  }
  return std::min(count, most);
}

absl::StatusOr<ChangePlan> PlanRotate(const StoreParts& parts,
                                      const PlannedCall& call,
                                      const RotateKeyRequest& request,
                                      const ResourceName& name,
                                      absl::Time now) {
  auto key = LoadKey(*parts.kv, call.project_uid, name.key());
  if (!key.ok()) return key.status();
  absl::Status status = CheckEtag("etag", request.etag(), KeyEtag(key->record));
  ChangePlan plan;
  if (status.ok()) status = Rotate(parts, now, &*key, &plan);
  if (!status.ok()) return status;
  absl::StatusOr<keyward::keys::v1::Key> shown = ShowKey(parts, key->record);
  if (!shown.ok()) return shown.status();

  auto response = std::make_unique<RotateKeyResponse>();
  *response->mutable_key() = *std::move(shown);
  plan.response = std::move(response);
  plan.resource = name.ToString();
  return plan;
}

}  // namespace

absl::StatusOr<int64_t> CountRewrapRemaining(const kv::KeyValueReader& reader,
                                             const KeyRecord& key) {
  int64_t remaining = 0;
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.state() != keyward::keys::v1::KEY_VERSION_STATE_RETIRING) {
      continue;
    }
    const absl::StatusOr<int64_t> count =
        CountKeys(reader, WrapPrefix(key.uid(), version.number()),
                  kMaxRewrapCount - remaining);
    if (!count.ok()) return count;
    remaining += *count;
  }
  return remaining;
}

absl::StatusOr<keyward::keys::v1::Key> ShowKey(const StoreParts& parts,
                                               const KeyRecord& key) {
  const absl::StatusOr<int64_t> remaining =
      CountRewrapRemaining(*parts.kv, key);
  if (!remaining.ok()) return remaining.status();
  const absl::StatusOr<std::vector<int64_t>> damaged =
      parts.keys->DamagedVersions(key);
  if (!damaged.ok()) return damaged.status();
  return ViewKey(key, *remaining, *damaged);
}

absl::StatusOr<Planner> KeyChanges::Rotate(
    const rpc::CallContext& context, const RotateKeyRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kKey);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanRotate(*parts, call, request, name, now);
  });
}

}  // namespace keyward::store
