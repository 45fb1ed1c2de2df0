// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_LOG_BUDGET_H_
#define KEYWARD_LIBS_BASE_LOG_BUDGET_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/types/optional.h"
#include "libs/base/mutex.h"

namespace keyward {

// How many lines of one kind go to the log in a second: what a caller or a
// broken peer can bring about must not fill the disk, nor cost a line for each
// call while a service is away.
//
// Thread-safe.
class LogBudget {
 public:
  explicit LogBudget(int lines_per_second) : limit_(lines_per_second) {}
  LogBudget(const LogBudget&) = delete;
  LogBudget& operator=(const LogBudget&) = delete;

  // Whether a line may be written in `second`, which any clock counts: how many
  // were left out since the last one that was written, or nothing.
  absl::optional<uint64_t> Take(int64_t second) {
    MutexLock lock(&mu_);
    if (second != second_) {
      second_ = second;
      lines_ = 0;
    }
    if (++lines_ > limit_) {
      ++left_out_;
      return absl::nullopt;
    }
    const uint64_t left_out = left_out_;
    left_out_ = 0;
    return left_out;
  }

 private:
  const int limit_;
  Mutex mu_;
  int64_t second_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t lines_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t left_out_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_LOG_BUDGET_H_
