// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of one secret under load: it is created, used by a few callers at
// once, and retired by a look at all that is left of it.

#ifndef KEYWARD_TESTS_FAULT_LOAD_LIFE_H_
#define KEYWARD_TESTS_FAULT_LOAD_LIFE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "tests/fault/load/caller.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {

// What keeps the check of a life's history small (checker.h).
struct LifeBounds {
  size_t operations = 400;
  size_t unknown = 6;
  int64_t versions = 40;
};

// Whether the load goes on; shared by all lives. Thread-safe.
class Goal {
 public:
  virtual ~Goal() = default;
  // An operation was answered, or its outcome is unknown.
  virtual void Count() = 0;
  // Lives are to be retired as soon as they can.
  virtual bool Ending() const = 0;
};

// A secret that is retired.
struct Retired {
  History history;
  // The state of each version, as its last list told.
  std::string states;
  // Each version's value; 0 of one that could not be read at the end.
  std::vector<uint64_t> values;
  // What of its changes is still unknown.
  int unknown_adds = 0;
  int unknown_others = 0;
  size_t lost_answers = 0;  // attempts of unknown outcome that were repeated
  // Answers that no contract has, and secrets that could not be looked at.
  std::vector<std::string> odd;
};

class Life {
 public:
  // The callers who need no binding, and those who do.
  struct Callers {
    std::vector<Caller*> owners;
    std::vector<Caller*> guests;
  };

  // How long a service may be away before a life is given up: an odd answer.
  static constexpr absl::Duration kPatience = absl::Seconds(120);

  // `seed` decides about every choice that is not the clock's. Callers, clock
  // and goal outlive the life.
  Life(std::string secret, uint64_t seed, Callers callers,
       const LifeBounds& bounds, const Clock* clock, Goal* goal);

  // Once. Takes as many threads as there are callers, for as long as it runs.
  Retired Run();

 private:
  using Random = std::mt19937_64;

  // What callers still want a life to do.
  bool Wanted() const;
  void Use(Caller* caller, bool guest, uint64_t seed);
  Operation Choose(bool guest, Random* random) const;
  // Makes the operation, again if an answer was lost and that is safe, and
  // notes it. Returns it with what it was answered.
  Operation Perform(Caller* caller, Operation operation, Random* random);
  // The same until the answer tells something; false if it never does.
  bool Insist(Caller* caller, Operation operation, Random* random,
              Operation* told);
  bool Create(Random* random);
  void Retire(Random* random);
  void LookAtEachVersion(Random* random);
  void LookAtStages(int64_t count);

  int64_t Now() const;
  void Note(const Operation& operation);
  void Odd(const std::string& what);

  const std::string secret_;
  const uint64_t seed_;
  const Callers callers_;
  const LifeBounds bounds_;
  const Clock* const clock_;
  Goal* const goal_;
  std::vector<std::string> guest_names_;

  // The greatest number that any answer has told of.
  std::atomic<int64_t> known_{0};
  std::atomic<size_t> operations_{0};
  std::atomic<size_t> unknown_{0};
  std::atomic<bool> given_up_{false};

  Mutex mu_;
  Retired retired_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_LIFE_H_
