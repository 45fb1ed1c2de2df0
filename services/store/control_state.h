// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CONTROL_STATE_H_
#define KEYWARD_SERVICES_STORE_CONTROL_STATE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"
#include "libs/rpc/owner_control.h"
#include "services/store/checkpoint_keeper.h"

namespace keyward::store {

// The store's fence, floor and held checkpoint, and the truth about intents.
// See libs/rpc/owner_control.h; every method blocks. Thread-safe.
class ControlState final : public rpc::OwnerControl {
 public:
  static constexpr size_t kMaxIntents = 256;

  // All must outlive this.
  ControlState(kv::KeyValueStore* kv, kv::WriterSession* session,
               const Clock* clock, CheckpointKeeper* checkpoints)
      : kv_(kv), session_(session), clock_(clock), checkpoints_(checkpoints) {}

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime deadline) override;
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                              SteadyTime deadline) override;
  // INVALID_ARGUMENT for more than kMaxIntents.
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime deadline) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                      SteadyTime deadline) override;

 private:
  absl::Status CheckTime(SteadyTime deadline) const;

  kv::KeyValueStore* const kv_;
  kv::WriterSession* const session_;
  const Clock* const clock_;
  CheckpointKeeper* const checkpoints_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CONTROL_STATE_H_
