// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Random histories: those of a secret that works are always explained, and of
// those that were changed afterwards the checker thinks what a search without
// any cleverness thinks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fault/load/checker.h"
#include "tests/fault/load/history.h"
#include "tests/fault/load/secret_model.h"

namespace keyward::fault {
namespace {

using Answer = Verdict::Answer;
using Random = std::mt19937_64;

uint64_t Below(uint64_t bound, Random* random) { return (*random)() % bound; }

Operation RandomOperation(Random* random) {
  static constexpr Kind kKinds[] = {Kind::kAdd,     Kind::kAdd,   Kind::kRead,
                                    Kind::kRead,    Kind::kRead,  Kind::kEnable,
                                    Kind::kDisable, Kind::kGrant, Kind::kRevoke,
                                    Kind::kDestroy, Kind::kList};
  Operation operation;
  operation.kind = kKinds[Below(std::size(kKinds), random)];
  const bool policy =
      operation.kind == Kind::kGrant || operation.kind == Kind::kRevoke;
  operation.guest = !policy && Below(2, random) == 0;
  if (operation.kind == Kind::kRead) operation.asked = Below(3, random);
  if (operation.kind == Kind::kEnable || operation.kind == Kind::kDisable ||
      operation.kind == Kind::kDestroy) {
    operation.asked = 1 + Below(2, random);
    operation.allow_current = Below(2, random) == 0;
  }
  return operation;
}

// Makes the operation on the model, and tells it what it is answered.
void Tell(Operation* operation, uint64_t value, SecretModel* model) {
  if (operation->kind == Kind::kAdd) operation->value = value;
  operation->outcome = OutcomeIn(*model, *operation);
  if (operation->outcome != Outcome::kDone) {
    return;
  }
  Make(*operation, model);
  const int64_t count = static_cast<int64_t>(model->versions.size());
  if (operation->kind == Kind::kAdd) operation->number = count;
  if (operation->kind == Kind::kRead) {
    operation->number = operation->asked == 0 ? count : operation->asked;
    operation->value = model->versions[operation->number - 1].value;
  }
  if (operation->kind == Kind::kList) operation->states = StatesOf(*model);
}

// A history of `size` operations of `callers` callers, each of whom waits for
// its answer; operations take effect in between. Some answers are lost.
History RandomHistory(size_t size, int callers, Random* random) {
  History history;
  SecretModel model;
  std::vector<int64_t> free_at(callers, 0);
  std::vector<std::pair<int64_t, Operation>> effects;
  for (size_t i = 0; i < size; ++i) {
    Operation operation = RandomOperation(random);
    operation.caller = static_cast<int>(Below(callers, random));
    operation.start = free_at[operation.caller] + 1 + Below(4, random);
    const int64_t effect = operation.start + 1 + Below(8, random);
    operation.end = effect + 1 + Below(8, random);
    free_at[operation.caller] = operation.end;
    effects.emplace_back(effect, operation);
  }
  std::stable_sort(
      effects.begin(), effects.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  uint64_t value = 100;
  for (auto& [at, operation] : effects) {
    // Refused at random, or never made: both have no effect.
    const uint64_t luck = Below(12, random);
    if (luck == 0) {
      operation.value = ++value;
      operation.outcome = Outcome::kRefused;
    } else if (luck == 1) {
      operation.value = ++value;
      operation.outcome = Outcome::kUnknown;
    } else {
      Tell(&operation, ++value, &model);
    }
    // Made, but nobody was told.
    if (luck == 2) {
      operation.outcome = Outcome::kUnknown;
      operation.number = 0;
      operation.states.clear();
    }
    if (operation.outcome == Outcome::kUnknown) operation.end = kNever;
    history.operations.push_back(operation);
  }
  return history;
}

TEST(CheckerRandomTest, WhatASecretThatWorksAnswersIsAlwaysExplained) {
  Random random(1);
  size_t most = 0;
  for (int i = 0; i < 300; ++i) {
    const History history = RandomHistory(60, 4, &random);
    const Verdict verdict = CheckHistory(history);
    ASSERT_EQ(verdict.answer, Answer::kLinearizable)
        << verdict.explanation << "\n"
        << FormatHistory(history);
    most = std::max(most, verdict.configurations);
  }
  // The bound that the search has in use is a thousand times that.
  EXPECT_LT(most, 100'000u);
}

// Tries every order of every choice of the operations, one after the other.
class Naive {
 public:
  explicit Naive(const History& history) {
    for (const Operation& operation : history.operations) {
      if (operation.outcome == Outcome::kRefused) continue;
      operations_.push_back(operation);
    }
  }

  bool IsPossible() { return Extends(SecretModel(), 0); }

 private:
  bool Extends(const SecretModel& model, uint32_t placed) {
    if (AllKnownIn(placed)) return true;
    for (size_t i = 0; i < operations_.size(); ++i) {
      const Operation& operation = operations_[i];
      if ((placed >> i & 1) != 0 || EndedBefore(operation.start, placed)) {
        continue;
      }
      const bool unknown = operation.outcome == Outcome::kUnknown;
      if (!unknown && !Fits(model, operation)) continue;
      SecretModel next = model;
      Make(operation, &next);
      if (Extends(next, placed | 1u << i)) return true;
    }
    return false;
  }

  bool AllKnownIn(uint32_t placed) const {
    for (size_t i = 0; i < operations_.size(); ++i) {
      if (operations_[i].outcome != Outcome::kUnknown &&
          (placed >> i & 1) == 0) {
        return false;
      }
    }
    return true;
  }

  // Whether something that is not placed ended before `start`.
  bool EndedBefore(int64_t start, uint32_t placed) const {
    for (size_t i = 0; i < operations_.size(); ++i) {
      if ((placed >> i & 1) == 0 && operations_[i].end < start) return true;
    }
    return false;
  }

  std::vector<Operation> operations_;
};

// Gives one operation another answer, or another time.
void Falsify(History* history, Random* random) {
  Operation& operation =
      history->operations[Below(history->operations.size(), random)];
  switch (Below(5, random)) {
    case 0:
      operation.outcome = static_cast<Outcome>(Below(7, random));
      if (operation.end == kNever) operation.end = operation.start + 10;
      break;
    case 1:
      operation.number = 1 + Below(3, random);
      break;
    case 2:
      operation.value = 100 + Below(9, random);
      break;
    case 3:
      operation.start += 20;
      if (operation.end != kNever) operation.end += 20;
      break;
    default:
      operation.states = std::string(1 + Below(2, random), kEnabledState);
      break;
  }
}

TEST(CheckerRandomTest, TheCheckerThinksWhatATrialOfAllOrdersThinks) {
  Random random(2);
  int possible = 0;
  int impossible = 0;
  for (int i = 0; i < 6000; ++i) {
    History history = RandomHistory(7, 3, &random);
    Falsify(&history, &random);
    const bool expected = Naive(history).IsPossible();
    const Verdict verdict = CheckHistory(history);
    ASSERT_EQ(verdict.answer,
              expected ? Answer::kLinearizable : Answer::kViolation)
        << FormatHistory(history);
    (expected ? possible : impossible) += 1;
  }
  // Or it would say nothing.
  EXPECT_GT(possible, 1000);
  EXPECT_GT(impossible, 1000);
}

}  // namespace
}  // namespace keyward::fault
