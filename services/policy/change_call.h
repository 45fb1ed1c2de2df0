// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_CHANGE_CALL_H_
#define KEYWARD_SERVICES_POLICY_CHANGE_CALL_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "libs/base/timer.h"
#include "libs/rpc/call.h"
#include "services/policy/request_ids.h"

namespace keyward::policy_service {

// One changing call on its way through policy. Its executor's lock guards it;
// whoever works on it holds the phase kWorking.
struct ChangeCall {
  enum class Phase {
    // Waits for its turn.
    kQueued,
    // The change thread has it, and answers or passes it on.
    kWorking,
    // It waits until `revision` is in force, mostly that of its own change.
    kAwaitingForce,
    // Its project is closed; whether it is deleted the store will tell.
    kDeleting,
    kAnswered,
  };

  rpc::CallContext context;
  // A copy: the caller's ends with the answer, which the timer may give.
  std::unique_ptr<google::protobuf::Message> request;
  rpc::CallDone done;

  Phase phase = Phase::kQueued;
  Timer::Id timer = 0;
  // Its time ran out while it was worked on.
  bool expired = false;
  RequestIdUse request_id;
  uint64_t revision = 0;
  // It was decided under an older revision, and is refused once `revision` is
  // in force: until then it could only be decided the same way again.
  bool refused = false;
  // The answer once `revision` is in force.
  std::unique_ptr<google::protobuf::Message> response;

  uint64_t intent() const { return *context.intent_id; }
};

using ChangeCallPtr = std::shared_ptr<ChangeCall>;

// The errors of calls whose change did not simply succeed.

// Durable as `revision`, and will come into force at a later moment.
absl::Status NotYetInForce(uint64_t revision);
// An earlier change is not in force yet, so this one could not be made.
absl::Status WaitedForForce(uint64_t revision);
// Nobody took it up before its deadline.
absl::Status TooLate();
// Too many changes wait.
absl::Status TooBusy();
// It may have been made.
absl::Status ChangeUnknown();
// The intent was barred before the change was made.
absl::Status ChangeBarred();
// Decided under a revision that is not the newest durable one. Never reaches a
// client: the gateway decides again.
absl::Status StaleDecision();

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_CHANGE_CALL_H_
