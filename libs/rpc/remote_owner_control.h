// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REMOTE_OWNER_CONTROL_H_
#define KEYWARD_LIBS_RPC_REMOTE_OWNER_CONTROL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/project_purger.h"

namespace keyward::rpc {

// The control of an owner in another process: store or policy behind their
// internal contracts.
//
// Every failure is UNAVAILABLE with the peer's reason, at the deadline at the
// latest. An answer that cannot be true (a resolution that was not asked for)
// is one too. Thread-safe.
class RemoteOwnerControl final : public OwnerControl {
 public:
  // `service` is StoreService or PolicyInternalService. The latter has no
  // fence of its own: raising it there is FAILED_PRECONDITION. The peer's
  // channel outlives the object.
  RemoteOwnerControl(Peer peer,
                     const google::protobuf::ServiceDescriptor* service);

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime deadline) override;
  absl::Status HoldCheckpoint(const HandedCheckpoint& handed,
                              SteadyTime deadline) override;
  absl::StatusOr<std::vector<IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime deadline) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                      SteadyTime deadline) override;

 private:
  const Peer peer_;
  const google::protobuf::ServiceDescriptor* const service_;
};

// The purger of a store in another process. Failures as above. Thread-safe.
class RemoteProjectPurger final : public ProjectPurger {
 public:
  // The peer's channel outlives the object.
  explicit RemoteProjectPurger(Peer store);

  absl::StatusOr<int64_t> PurgeProject(const std::string& project,
                                       const std::string& project_uid,
                                       SteadyTime deadline) override;

 private:
  const Peer peer_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REMOTE_OWNER_CONTROL_H_
