// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What one secret does if its operations come one after the other: what the
// contracts say (proto/keyward/secrets/v1, proto/keyward/policy/v1), written
// once more and without looking at the code that is tested.

#ifndef KEYWARD_TESTS_FAULT_LOAD_SECRET_MODEL_H_
#define KEYWARD_TESTS_FAULT_LOAD_SECRET_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault/load/history.h"

namespace keyward::fault {

struct SecretModel {
  struct Version {
    uint64_t value;
    char state;
  };

  // Whether the guests have their binding.
  bool granted = false;
  // Of the numbers 1, 2, ...; the last one is current, since nothing else than
  // adding moves that stage here.
  std::vector<Version> versions;
};

// The states of all versions, as a kList returns them.
std::string StatesOf(const SecretModel& model);

// The one outcome that the operation has in this state. Never kRefused and
// never kUnknown: nothing is away in a model.
Outcome OutcomeIn(const SecretModel& model, const Operation& operation);

// Whether the operation would be answered as it was, outcome and results. Only
// of operations whose outcome is known.
bool Fits(const SecretModel& model, const Operation& operation);

// What an operation has changed.
struct Change {
  enum class What : uint8_t { kNothing, kGranted, kAdded, kState };

  What what = What::kNothing;
  size_t index = 0;    // kState
  char before = '\0';  // kState
};

// Makes the operation, whatever it was answered.
Change Make(const Operation& operation, SecretModel* model);

// Takes back the newest change.
void Undo(const Change& change, SecretModel* model);

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_SECRET_MODEL_H_
