// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PROCESS_STANDING_H_
#define KEYWARD_LIBS_RPC_PROCESS_STANDING_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"

namespace keyward::rpc {

// How the process of a service stands: what `operator status` tells of it.
struct Standing {
  absl::Time start_time;
  // Whether all of its memory is locked. Where it is not, secrets might be
  // written to swap.
  bool memory_locked = false;
  bool serving = false;
  // If it is not serving: what it waits for.
  std::string waiting_for;
};

// The standing of this process, kept up to date by whoever brings it into
// service. Thread-safe.
class ProcessStanding {
 public:
  // Not serving yet.
  ProcessStanding(absl::Time start_time, bool memory_locked);

  void SetServing();
  void SetWaiting(absl::string_view waiting_for);

  Standing Get() const;

 private:
  mutable Mutex mu_;
  Standing standing_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PROCESS_STANDING_H_
