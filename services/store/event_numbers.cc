// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_numbers.h"

#include <utility>

#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {

absl::StatusOr<absl::optional<uint64_t>> EventNumbers::Take(
    const std::string& project_uid, Again again) {
  {
    MutexLock l(&mu_);
    const auto found = sequences_.find(project_uid);
    if (found != sequences_.end()) {
      Sequence& sequence = found->second;
      if (!sequence.broken && sequence.under_way < kMaxUnderWay) {
        ++sequence.under_way;
        return absl::optional<uint64_t>(sequence.next++);
      }
      if (sequence.waiting.size() >= kMaxWaiting) {
        return WithRetryAfter(
            MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                      "too many changes of this project are waiting"),
            absl::Seconds(1));
      }
      sequence.waiting.push_back(std::move(again));
      return absl::optional<uint64_t>();
    }
  }
  // Nothing of the project is under way, and nobody else has the turn.
  const absl::StatusOr<uint64_t> head =
      LoadNumber(*reader_, EventHeadKey(project_uid));
  if (!head.ok()) return head.status();
  MutexLock l(&mu_);
  Sequence& sequence = sequences_[project_uid];
  sequence.next = *head + 2;
  sequence.under_way = 1;
  return absl::optional<uint64_t>(*head + 1);
}

void EventNumbers::Return(const std::string& project_uid, bool applied) {
  std::deque<Again> ready;
  {
    MutexLock l(&mu_);
    const auto found = sequences_.find(project_uid);
    Sequence& sequence = found->second;
    if (!applied) sequence.broken = true;
    if (--sequence.under_way == 0) {
      ready = std::move(sequence.waiting);
      sequences_.erase(found);
    } else if (!sequence.broken && !sequence.waiting.empty()) {
      // One for one. Should it want none any more, another comes with the next
      // that is returned, and the last one wakes all.
      ready.push_back(std::move(sequence.waiting.front()));
      sequence.waiting.pop_front();
    }
  }
  for (Again& again : ready) again();
}

size_t EventNumbers::size() const {
  MutexLock l(&mu_);
  return sequences_.size();
}

}  // namespace keyward::store
