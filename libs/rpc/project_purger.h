// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What policy asks of the store when a project is deleted: the C++ form of
// internal/store/v1's PurgeProject.

#ifndef KEYWARD_LIBS_RPC_PROJECT_PURGER_H_
#define KEYWARD_LIBS_RPC_PROJECT_PURGER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"

namespace keyward::rpc {

// Thread-safe.
class ProjectPurger {
 public:
  virtual ~ProjectPurger() = default;

  // Removes what is left of the project with this id (not its full name) and
  // uid: its keys and
  // events. Answers 0 when nothing is left, and otherwise, having removed
  // nothing, how many secrets remain, recoverable ones included. The caller
  // has closed the project first, so that nothing new appears meanwhile.
  //
  // May block until the deadline; never call it on a gRPC callback thread.
  // Idempotent: UNAVAILABLE means that it is not known how far it came, and
  // that it must be called again.
  virtual absl::StatusOr<int64_t> PurgeProject(const std::string& project,
                                               const std::string& project_uid,
                                               SteadyTime deadline) = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PROJECT_PURGER_H_
