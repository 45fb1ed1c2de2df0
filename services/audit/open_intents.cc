// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/open_intents.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/audit/entry.h"
#include "libs/base/proto_time.h"

namespace keyward::audit_service {

absl::Status OpenIntents::Load(const audit::LogReader& reader,
                               const Clock& clock) {
  const absl::Time now = clock.Now();
  const SteadyTime steady_now = clock.SteadyNow();
  std::map<uint64_t, SteadyTime> open;
  uint64_t from = 0;
  for (;;) {
    absl::StatusOr<std::vector<uint64_t>> page = reader.ReadOpenIntents(from);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    for (const uint64_t index : *page) {
      absl::StatusOr<std::string> leaf = reader.ReadLeaf(index);
      if (!leaf.ok()) return leaf.status();
      absl::StatusOr<audit::v1::AuditEntry> entry = audit::ParseEntry(*leaf);
      if (!entry.ok()) return entry.status();
      const absl::Duration age = now - FromTimestamp(entry->time());
      open.emplace(index, steady_now - std::max(age, absl::ZeroDuration()));
    }
    from = page->back() + 1;
  }
  MutexLock l(&mu_);
  open_ = std::move(open);
  return absl::OkStatus();
}

void OpenIntents::Apply(const audit::Batch& batch, SteadyTime now) {
  MutexLock l(&mu_);
  for (const uint64_t index : batch.opened) open_.emplace(index, now);
  for (const audit::ClosedIntent& closed : batch.closed) {
    open_.erase(closed.intent_index);
  }
}

bool OpenIntents::Contains(uint64_t intent_index) const {
  MutexLock l(&mu_);
  return open_.count(intent_index) != 0;
}

size_t OpenIntents::size() const {
  MutexLock l(&mu_);
  return open_.size();
}

std::vector<uint64_t> OpenIntents::OpenSince(SteadyTime before,
                                             size_t limit) const {
  MutexLock l(&mu_);
  std::vector<uint64_t> old;
  for (const auto& [index, since] : open_) {
    if (old.size() == limit) break;
    if (since <= before) old.push_back(index);
  }
  return old;
}

absl::optional<uint64_t> OpenIntents::Oldest() const {
  MutexLock l(&mu_);
  if (open_.empty()) return absl::nullopt;
  return open_.begin()->first;
}

}  // namespace keyward::audit_service
