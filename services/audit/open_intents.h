// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_OPEN_INTENTS_H_
#define KEYWARD_SERVICES_AUDIT_OPEN_INTENTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/audit/batch.h"
#include "libs/audit/log_reader.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward::audit_service {

// The intents that may be open at once. Each holds memory here and a record at
// its owner until it is closed; if this many are, owners have been away for
// long, and no further change is begun.
inline constexpr size_t kMaxOpenIntents = 65536;

// The intents of the log that have no closing outcome, with the time since
// when each has been open. It follows what is durable: the log's writer tells
// it of a batch after the commit. Thread-safe.
class OpenIntents {
 public:
  // Replaces everything by what the store says. Another process wrote the
  // records, so that an intent is as old as its record by the time of day, but
  // never of the future: a writer's clock that ran ahead must not keep an
  // intent from being settled. Errors of the reader.
  absl::Status Load(const audit::LogReader& reader, const Clock& clock);

  // The effect of a durable batch, committed at `now`.
  void Apply(const audit::Batch& batch, SteadyTime now);

  bool Contains(uint64_t intent_index) const;
  size_t size() const;

  // Those that have been open since `before` or longer, ascending, at most
  // `limit`.
  std::vector<uint64_t> OpenSince(SteadyTime before, size_t limit) const;

  // The least index; absent if none is open.
  absl::optional<uint64_t> Oldest() const;

 private:
  mutable Mutex mu_;
  std::map<uint64_t, SteadyTime> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_OPEN_INTENTS_H_
