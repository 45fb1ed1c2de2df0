// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What policy and audit ask of a service that owns resources: the fence, the
// floor, the truth about intents, and the checkpoint it holds. The C++ form of
// the control methods of internal/{store,policy}/v1.

#ifndef KEYWARD_LIBS_RPC_OWNER_CONTROL_H_
#define KEYWARD_LIBS_RPC_OWNER_CONTROL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/call.h"

namespace keyward::rpc {

// What the reconciler learns of an intent.
struct IntentResolution {
  uint64_t intent_id = 0;
  // kApplied, or kNotApplied with the id durably barred from ever applying.
  Outcome outcome = Outcome::kNone;
  // The gRPC code of the stored result.
  int code = 0;
};

// A checkpoint as audit hands it to those who keep it.
struct HandedCheckpoint {
  std::string note;          // Signed.
  std::string verifier_key;  // Audit's own, a C2SP vkey, which signed it.
};

// Every method may block, for a local transaction or a remote call, until the
// deadline at the latest; never call one on a gRPC callback thread. Errors:
// UNAVAILABLE when the outcome is not known or the owner is away. All are
// idempotent. Thread-safe.
class OwnerControl {
 public:
  virtual ~OwnerControl() = default;

  // Durably refuses, from now on, changes decided below `revision`. Answers
  // the fence, which never goes down.
  virtual absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                              SteadyTime deadline) = 0;

  // The largest checkpoint (a signed note) that the owner keeps; empty if it
  // was never handed one.
  virtual absl::StatusOr<std::string> GetHeldCheckpoint(
      SteadyTime deadline) = 0;

  // Keeps the checkpoint if its tree is larger than that of the held one. For
  // audit alone: the first call pins its key, and what calls bring is kept only
  // if it verifies under that (libs/audit/kept_checkpoint.h). Further errors:
  // INVALID_ARGUMENT if it is not signed so; FAILED_PRECONDITION if another key
  // is pinned.
  virtual absl::Status HoldCheckpoint(const HandedCheckpoint& handed,
                                      SteadyTime deadline) = 0;

  // Settles up to 256 intents: what is not applied is barred first. The answer
  // has one resolution for each intent that could be settled.
  virtual absl::StatusOr<std::vector<IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime deadline) = 0;

  // Ids below `floor` are closed: they are forgotten in the transaction that
  // raises the floor, and an apply below it is refused. Answers the floor,
  // which never goes down.
  virtual absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                              SteadyTime deadline) = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_OWNER_CONTROL_H_
