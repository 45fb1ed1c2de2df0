// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_RUN_EXECUTOR_H_
#define KEYWARD_SERVICES_ROTATION_RUN_EXECUTOR_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/target.h"
#include "services/rotation/credential_value.h"
#include "services/rotation/run_record.h"
#include "services/rotation/secret_port.h"

namespace keyward::rotation {

// What a rotation is set to do.
struct RunSettings {
  Strategy strategy = Strategy::kSingleUser;
  Setter setter = Setter::kAdministrator;
  // Of alternating users: the two names. The run stops if the current value
  // names neither.
  std::string user;
  std::string twin;
  // The connector's place, which the secret's values must name.
  std::string host;
  uint16_t port = 0;
  // How long the old password stays in use though somebody may hold it.
  absl::Duration grace = absl::Hours(24);
};

// What a run works with. All outlive the executor.
struct RunParts {
  SecretPort* secret = nullptr;
  target::Target* target = nullptr;
  const Clock* clock = nullptr;
  // The administrator's login, read anew for each use.
  absl::AnyInvocable<absl::StatusOr<target::Credential>(SteadyTime)>
      administrator;
  // A new password.
  absl::AnyInvocable<absl::StatusOr<crypto::SecretBuffer>()> draw;
  // How many clients hold a version of the secret, as far as is known.
  absl::AnyInvocable<absl::StatusOr<int>(int64_t version, SteadyTime)> holders;
  // Makes the record durable, if this runner is still the one. An error ends
  // the step; nothing that follows from the record was done.
  absl::AnyInvocable<absl::Status(const RunRecord&)> save;
};

// What became of one call of RunExecutor::Advance.
struct Progress {
  enum class Kind {
    kMoved,    // the record moved on: call again
    kWaiting,  // nothing to do before `until`, or until a holder lets go
    kRetry,    // failed, and may work when tried again
    kStopped,  // a person has to look at it
    kDone,     // record.done()
  };
  Kind kind = Kind::kMoved;
  absl::Time until = absl::InfinitePast();  // of kWaiting
  absl::Status why;                         // of kRetry and kStopped
};

// One run of a rotation: create, set, test, promote, retire, and the way back.
//
// Advance does at most one thing that others can see, and the record is durable
// before and after it. It decides by what secret and target say at that moment,
// so that it may be killed anywhere and called again, by the same runner or by
// another. What it keeps to (P7):
//
//   a value is promoted only after the target let it in, in that same call
//   one user in a target that knows one password a user: whatever happens
//     between set and promote, the run ends with a current value that works, by
//     going on or by going back
//   the value that was recorded as pending is the one that is set, always
//   the old password is retired only when nobody holds it or the grace is over,
//     and never while it is that of the current value
//   a value that names another place or user than it should stops the run
//
// Not safe for concurrent use.
class RunExecutor {
 public:
  // A target that refuses the new value this often, after it took its password,
  // has the run go back.
  static constexpr uint32_t kMaxRefusedTests = 3;

  RunExecutor(RunSettings settings, RunParts parts);

  // Does the next thing of the run. `deadline` bounds all calls in it.
  Progress Advance(RunRecord* record, SteadyTime deadline);

  // Has the run go back from whatever step it is at. FAILED_PRECONDITION once
  // it is done, or the old password may be retired.
  absl::Status RollBack(RunRecord* record);

 private:
  Progress Create(RunRecord* record, SteadyTime deadline);
  Progress Set(RunRecord* record, SteadyTime deadline);
  Progress Test(RunRecord* record, SteadyTime deadline);
  Progress Promote(RunRecord* record, SteadyTime deadline);
  Progress Retire(RunRecord* record, SteadyTime deadline);
  Progress GoBack(RunRecord* record, SteadyTime deadline);

  // Moves the record on, durably.
  Progress Move(RunRecord* record, RunRecord next);
  Progress MoveTo(RunRecord* record, Step step);
  Progress End(RunRecord* record, RunResult result);

  // A version's payload, and what it says.
  struct Value {
    crypto::SecretBuffer payload;
    target::Credential credential;
  };
  // FAILED_PRECONDITION if it cannot be read any more, or is of another place
  // or user.
  absl::StatusOr<Value> ReadValue(int64_t version, SteadyTime deadline);
  // `pending` if this run made that version, else 0. ABORTED if it changed
  // meanwhile and another value must be drawn.
  absl::StatusOr<int64_t> FindPending(const RunRecord& record, int64_t pending,
                                      SteadyTime deadline);
  // Whether somebody may log in as `user` by what a version says.
  absl::StatusOr<bool> IsHeld(int64_t version, const std::string& user,
                              SteadyTime deadline);
  // The target took the new password and refuses a login with it.
  Progress Refused(RunRecord* record);
  // The user that the next value is for.
  std::string OtherUser(const std::string& user) const;
  bool HasWindow() const;
  // Whose login changes the password of `changed`.
  absl::StatusOr<target::Credential> SetterOf(const target::Credential& changed,
                                              const RunRecord& record,
                                              SteadyTime deadline);
  // Takes the new password out of use in the target, on the way back.
  absl::Status TakeBack(const RunRecord& record,
                        const target::Credential& fresh, SteadyTime deadline);

  const RunSettings settings_;
  RunParts parts_;
};

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_RUN_EXECUTOR_H_
