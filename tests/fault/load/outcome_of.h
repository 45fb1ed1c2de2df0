// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_LOAD_OUTCOME_OF_H_
#define KEYWARD_TESTS_FAULT_LOAD_OUTCOME_OF_H_

#include <string>

#include "absl/status/status.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {

// What a caller may conclude from the status of one call: exactly what
// keyward.secrets.v1.SecretService promises, and no more.
//
// UNAVAILABLE with a reason of Keyward's means that nothing happened, unless
// the reason is OUTCOME_UNKNOWN, or NOT_YET_IN_FORCE of a policy change. A
// status that gRPC made by itself, of a connection that broke, means nothing:
// kUnknown of a change and kRefused of a read, which has no effect.
//
// `odd` is set to the status in words if the contracts have no such answer to a
// well-formed call of an authenticated caller: a violation by itself.
Outcome OutcomeOf(const absl::Status& status, bool changes, std::string* odd);

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_OUTCOME_OF_H_
