// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/life.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace keyward::fault {
namespace {

// Of a hundred operations, by who makes them.
struct Share {
  Kind kind;
  int owners;
  int guests;
};
constexpr Share kShares[] = {
    {Kind::kAdd, 15, 12},   {Kind::kEnable, 7, 6}, {Kind::kDisable, 7, 6},
    {Kind::kDestroy, 3, 2}, {Kind::kList, 4, 2},   {Kind::kGrant, 5, 0},
    {Kind::kRevoke, 2, 0},  {Kind::kRead, 57, 72},
};

// How many of a hundred changes have a request id, and are repeated until an
// answer tells what became of them.
constexpr int kRepeated = 75;
constexpr absl::Duration kRepeatFor = absl::Seconds(20);

// Between attempts while something is away.
constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr absl::Duration kConnectTime = absl::Milliseconds(500);

int Percent(std::mt19937_64* random) {
  return static_cast<int>((*random)() % 100);
}

bool Changes(Kind kind) { return kind != Kind::kRead && kind != Kind::kList; }

bool TellsSomething(const Operation& operation) {
  return operation.outcome != Outcome::kRefused &&
         operation.outcome != Outcome::kUnknown;
}

}  // namespace

Life::Life(std::string secret, uint64_t seed, Callers callers,
           const LifeBounds& bounds, const Clock* clock, Goal* goal)
    : secret_(std::move(secret)),
      seed_(seed),
      callers_(std::move(callers)),
      bounds_(bounds),
      clock_(clock),
      goal_(goal) {
  for (const Caller* guest : callers_.guests) {
    guest_names_.push_back(guest->principal());
  }
}

Retired Life::Run() {
  Random random(seed_);
  Operation grant;
  grant.kind = Kind::kGrant;
  if (Create(&random) && Insist(callers_.owners[0], grant, &random, &grant)) {
    std::vector<std::thread> threads;
    for (Caller* owner : callers_.owners) {
      threads.emplace_back(&Life::Use, this, owner, false, random());
    }
    for (Caller* guest : callers_.guests) {
      threads.emplace_back(&Life::Use, this, guest, true, random());
    }
    for (std::thread& thread : threads) thread.join();
    Retire(&random);
  }
  MutexLock lock(&mu_);
  retired_.history.secret = secret_;
  return std::move(retired_);
}

bool Life::Wanted() const {
  return !given_up_ && !goal_->Ending() && operations_ < bounds_.operations &&
         unknown_ < bounds_.unknown;
}

void Life::Use(Caller* caller, bool guest, uint64_t seed) {
  Random random(seed);
  while (Wanted()) {
    const Operation done = Perform(caller, Choose(guest, &random), &random);
    // Something is away; without a pause its absence would be a storm.
    if (!TellsSomething(done)) absl::SleepFor(kPause);
  }
}

Operation Life::Choose(bool guest, Random* random) const {
  Operation operation;
  operation.guest = guest;
  int left = Percent(random);
  for (const Share& share : kShares) {
    operation.kind = share.kind;
    left -= guest ? share.guests : share.owners;
    if (left < 0) break;
  }
  const int64_t known = known_;
  if (operation.kind == Kind::kAdd && known >= bounds_.versions) {
    operation.kind = Kind::kRead;
  }
  if (operation.kind == Kind::kAdd) {
    operation.value = std::max<uint64_t>((*random)(), 1);
  }
  const bool of_version =
      operation.kind == Kind::kRead || operation.kind == Kind::kEnable ||
      operation.kind == Kind::kDisable || operation.kind == Kind::kDestroy;
  if (!of_version) return operation;
  // The newest half of the time; among the others one that may not be there.
  const int luck = Percent(random);
  if (operation.kind == Kind::kRead && luck < 40) return operation;
  operation.asked = luck < 60
                        ? std::max<int64_t>(known, 1)
                        : 1 + static_cast<int64_t>((*random)() % (known + 1));
  operation.allow_current = operation.kind == Kind::kDestroy && luck % 4 == 0;
  return operation;
}

Operation Life::Perform(Caller* caller, Operation operation, Random* random) {
  operation.caller = caller->number();
  std::string request_id;
  if (Changes(operation.kind) && Percent(random) < kRepeated) {
    request_id = absl::StrCat(secret_, "-", absl::Hex((*random)()));
  }
  while (!caller->AwaitConnected(kConnectTime)) {
    operation.outcome = Outcome::kRefused;
    if (!Wanted()) return operation;
  }
  operation.start = Now();
  const SteadyTime give_up = clock_->SteadyNow() + kRepeatFor;
  bool lost = false;
  for (;;) {
    std::string odd;
    caller->Attempt(secret_, guest_names_, request_id, &operation, &odd);
    if (!odd.empty()) Odd(odd);
    lost |= operation.outcome == Outcome::kUnknown;
    if (TellsSomething(operation) || request_id.empty() || given_up_ ||
        clock_->SteadyNow() > give_up) {
      break;
    }
    absl::SleepFor(kPause * (1 + Percent(random) / 25));
    caller->AwaitConnected(kConnectTime);
  }
  // What is denied or refused now says nothing of an attempt before it.
  if (lost && (operation.outcome == Outcome::kDenied ||
               operation.outcome == Outcome::kRefused)) {
    operation.outcome = Outcome::kUnknown;
  }
  operation.end = operation.outcome == Outcome::kUnknown ? kNever : Now();
  if (lost && operation.outcome != Outcome::kUnknown) {
    MutexLock lock(&mu_);
    ++retired_.lost_answers;
  }
  Note(operation);
  return operation;
}

void Life::Note(const Operation& operation) {
  if (operation.outcome == Outcome::kRefused) return;
  int64_t known = known_;
  while (known < operation.number &&
         !known_.compare_exchange_weak(known, operation.number)) {
  }
  ++operations_;
  MutexLock lock(&mu_);
  if (operation.outcome == Outcome::kUnknown) {
    ++unknown_;
    ++(operation.kind == Kind::kAdd ? retired_.unknown_adds
                                    : retired_.unknown_others);
  }
  retired_.history.operations.push_back(operation);
  goal_->Count();
}

bool Life::Insist(Caller* caller, Operation operation, Random* random,
                  Operation* told) {
  const SteadyTime give_up = clock_->SteadyNow() + kPatience;
  while (clock_->SteadyNow() < give_up) {
    if (caller->AwaitConnected(kConnectTime)) {
      *told = Perform(caller, operation, random);
      if (TellsSomething(*told)) return true;
    }
    absl::SleepFor(kPause);
  }
  Odd(absl::StrCat("no answer for ", absl::FormatDuration(kPatience),
                   " to: ", FormatOperation(operation)));
  return false;
}

bool Life::Create(Random* random) {
  const std::string request_id = absl::StrCat(secret_, "-", (*random)());
  const SteadyTime give_up = clock_->SteadyNow() + kPatience;
  Caller* const owner = callers_.owners[0];
  absl::Status status;
  while (clock_->SteadyNow() < give_up) {
    if (owner->AwaitConnected(kConnectTime)) {
      status = owner->CreateSecret(secret_, request_id);
      if (status.ok()) return true;
    }
    absl::SleepFor(kPause);
  }
  Odd(absl::StrCat("a secret is not created: ", status.ToString()));
  return false;
}

void Life::Retire(Random* random) {
  Caller* const owner = callers_.owners[0];
  Operation list;
  list.kind = Kind::kList;
  if (!Insist(owner, list, random, &list)) return;
  {
    MutexLock lock(&mu_);
    retired_.states = list.states;
  }
  LookAtEachVersion(random);
  // Without a binding, as the next lives' policy is not to grow by it.
  for (const bool revoked : {false, true}) {
    Operation told;
    if (revoked) {
      Operation revoke;
      revoke.kind = Kind::kRevoke;
      if (!Insist(owner, revoke, random, &told)) return;
    }
    for (Caller* guest : callers_.guests) {
      Operation read;
      read.guest = true;
      if (!Insist(guest, read, random, &told)) return;
    }
  }
}

void Life::LookAtEachVersion(Random* random) {
  Caller* const owner = callers_.owners[0];
  std::string states;
  bool settled = false;
  {
    MutexLock lock(&mu_);
    states = retired_.states;
    settled = retired_.unknown_adds == 0;
  }
  std::vector<uint64_t> values;
  for (size_t i = 0; i <= states.size(); ++i) {
    Operation read;
    read.asked = static_cast<int64_t>(i);  // 0 is the current one
    if (!Insist(owner, read, random, &read)) return;
    if (i != 0) {
      values.push_back(read.outcome == Outcome::kDone ? read.value : 0);
    }
  }
  // A version that may be added in between would make the stages look wrong.
  if (settled) LookAtStages(static_cast<int64_t>(states.size()));
  MutexLock lock(&mu_);
  retired_.values = std::move(values);
}

void Life::LookAtStages(int64_t count) {
  const SteadyTime give_up = clock_->SteadyNow() + kPatience;
  absl::Status status;
  do {
    std::string wrong;
    status = callers_.owners[0]->CheckStages(secret_, count, &wrong);
    if (!wrong.empty()) return Odd(wrong);
    if (status.ok()) return;
    absl::SleepFor(kPause);
  } while (clock_->SteadyNow() < give_up);
  Odd(absl::StrCat("it cannot be looked at: ", status.ToString()));
}

int64_t Life::Now() const {
  return absl::ToInt64Nanoseconds(clock_->SteadyNow() - SteadyTime());
}

void Life::Odd(const std::string& what) {
  // A service that is gone would otherwise be told of by every operation.
  given_up_ = true;
  MutexLock lock(&mu_);
  retired_.odd.push_back(absl::StrCat(secret_, ": ", what));
}

}  // namespace keyward::fault
