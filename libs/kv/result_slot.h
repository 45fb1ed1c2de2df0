// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_RESULT_SLOT_H_
#define KEYWARD_LIBS_KV_RESULT_SLOT_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/mutex.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {

// Carries one result from the thread that answers to one that waits. Held by
// shared pointers of both, because a waiter that gives up leaves before the
// answer comes. Thread-safe.
class ResultSlot {
 public:
  ResultSlot() = default;
  ResultSlot(const ResultSlot&) = delete;
  ResultSlot& operator=(const ResultSlot&) = delete;

  // Called once.
  void Set(CommitResult result);

  // The result, or kUnknown (DEADLINE_EXCEEDED) if none came for `timeout`.
  CommitResult Await(absl::Duration timeout);

 private:
  Mutex mu_;
  CondVar set_;
  absl::optional<CommitResult> result_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_RESULT_SLOT_H_
