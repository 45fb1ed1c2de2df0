// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/fake_log_store.h"

#include <utility>

#include "libs/audit/entry.h"

namespace keyward::audit {

FakeLogStore::FakeLogStore() {
  for (kv::Put& put : PlanNewLog()) {
    records_[put.key] = std::move(put.value);
  }
}

void FakeLogStore::Append(const std::vector<std::string>& leaves) {
  Batch batch;
  batch.first_index = edge_.size();
  batch.fence = fence_;
  batch.leaves = leaves;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const absl::StatusOr<v1::AuditEntry> entry = ParseEntry(leaves[i]);
    if (!entry.ok()) continue;
    const uint64_t index = batch.first_index + i;
    if (entry->kind() == v1::ENTRY_KIND_INTENT) batch.opened.push_back(index);
    if (IsClosingOutcome(*entry)) {
      batch.closed.push_back({entry->intent_index(), index});
    }
    if (entry->kind() == v1::ENTRY_KIND_IN_FORCE) {
      batch.fence = entry->policy_revision();
    }
  }
  AppendPlan plan = PlanAppend(edge_, batch, fence_).value();
  for (kv::Put& put : plan.puts) records_[put.key] = std::move(put.value);
  for (const kv::Delete& deleted : plan.deletes) records_.erase(deleted.key);
  edge_ = std::move(plan.edge);
  fence_ = batch.fence;
}

absl::StatusOr<kv::Entry> FakeLogStore::Get(absl::string_view key) const {
  const auto it = records_.find(std::string(key));
  if (it == records_.end()) return absl::NotFoundError("no such key");
  return kv::Entry{it->first, it->second, 1};
}

std::vector<absl::StatusOr<kv::Entry>> FakeLogStore::GetMany(
    const std::vector<std::string>& keys) const {
  std::vector<absl::StatusOr<kv::Entry>> entries;
  for (const std::string& key : keys) entries.push_back(Get(key));
  return entries;
}

absl::StatusOr<kv::RangeResult> FakeLogStore::Range(
    absl::string_view begin, absl::string_view end,
    const kv::RangeOptions& options) const {
  const auto first = records_.lower_bound(std::string(begin));
  const auto last =
      end.empty() ? records_.end() : records_.lower_bound(std::string(end));
  std::vector<kv::Entry> entries;
  for (auto it = first; it != last; ++it) {
    entries.push_back(
        {it->first, options.keys_only ? std::string() : it->second, 1});
  }
  if (options.reverse) entries = {entries.rbegin(), entries.rend()};
  kv::RangeResult result;
  result.revision = 1;
  size_t bytes = 0;
  for (kv::Entry& entry : entries) {
    bytes += entry.key.size() + entry.value.size();
    const bool full = result.entries.size() == options.limit ||
                      (!result.entries.empty() && bytes > options.max_bytes);
    if (full) {
      result.more = true;
      break;
    }
    result.entries.push_back(std::move(entry));
  }
  return result;
}

}  // namespace keyward::audit
