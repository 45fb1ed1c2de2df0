// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_FAKE_WORLD_H_
#define KEYWARD_SERVICES_ROTATION_FAKE_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/fake_clock.h"
#include "libs/target/target.h"
#include "services/rotation/run_executor.h"
#include "services/rotation/run_record.h"
#include "services/rotation/secret_port.h"

namespace keyward::rotation {

// What goes wrong at one call of the executor.
enum class Fault {
  kNone,
  kError,        // answered UNAVAILABLE, and nothing was done
  kLostAnswer,   // answered UNAVAILABLE, and it was done
  kCrashBefore,  // the runner dies before the call takes effect
  kCrashAfter,   // it dies when the call has taken effect
};

// A secret, a target that accepts passwords, and the durable record of a run,
// each call of which can fail in an order that the test forces. After every
// effect it compares what is current with what the target accepts.
class FakeWorld {
 public:
  struct Options {
    Strategy strategy = Strategy::kSingleUser;
    Setter setter = Setter::kAdministrator;
    target::OldPassword old_password = target::OldPassword::kEnds;
  };

  explicit FakeWorld(Options options);
  ~FakeWorld();

  // The fault of the n-th call from now on, counted from 0.
  void FailCall(uint64_t n, Fault fault) { faults_[calls_ + n] = fault; }
  // All calls from the n-th on, more than Run makes, answer UNAVAILABLE.
  void FailCallsFrom(uint64_t n) {
    for (uint64_t i = 0; i < 1000; ++i) FailCall(n + i, Fault::kError);
  }
  void ForgetFaults() { faults_.clear(); }
  uint64_t calls() const { return calls_; }

  // Advances the run until it is done, waits or is stopped; a runner that died
  // is followed by another, which knows the durable record alone. At most 200
  // calls of Advance.
  Progress Run();

  // A new run, as the schedule makes one.
  void BeginRun();
  // What a person does meanwhile.
  int64_t AddCurrent(const std::string& user, const std::string& password);
  int64_t AddPendingByHand(const std::string& user,
                           const std::string& password);
  void DestroyPending();
  void SetPasswordByHand(const std::string& user, const std::string& password) {
    passwords_[user] = {password};
  }
  absl::Status RollBack();

  // The saved record.
  const RunRecord& record() const { return saved_; }
  const SecretStanding& standing() const { return standing_; }
  // Whether the target accepts what a version says.
  bool Accepts(int64_t version) const;
  // What was wrong at some moment; empty if nothing ever was.
  const std::vector<std::string>& violations() const { return violations_; }
  // Moments at which the current value was refused while it may be.
  int refused_moments() const { return refused_moments_; }

  FakeClock* clock() { return &clock_; }

  // What the target does beside what it is told.
  std::set<std::string> locked_users;  // refused whatever the password is
  absl::Status set_password_answer;    // if not OK, and nothing is set
  std::map<int64_t, int> holders;
  std::string value_host = "db";

 private:
  class Secret;
  class Target;

  // The begin of a call: whether it takes effect, and what it answers if it
  // does not or its answer is lost.
  struct Call {
    bool effect = true;
    absl::Status answer;
  };
  Call Begin();
  // After each effect.
  void Check(const std::string& what);
  bool MayBeRefused() const;
  RunExecutor NewExecutor();
  static crypto::SecretBuffer Payload(const std::string& host,
                                      const std::string& user,
                                      const std::string& password);

  const Options options_;
  FakeClock clock_;
  std::unique_ptr<Secret> secret_;
  std::unique_ptr<Target> target_;

  std::map<uint64_t, Fault> faults_;
  uint64_t calls_ = 0;
  bool dead_ = false;

  std::map<int64_t, std::string> versions_;  // payloads; destroyed ones are out
  int64_t last_version_ = 0;
  SecretStanding standing_;
  uint64_t etag_ = 1;
  std::map<std::string, std::pair<std::string, int64_t>> request_ids_;
  std::map<std::string, std::set<std::string>> passwords_;  // by user
  uint64_t drawn_ = 0;
  RunRecord saved_;
  std::vector<std::string> violations_;
  int refused_moments_ = 0;
};

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_FAKE_WORLD_H_
