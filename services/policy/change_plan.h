// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_CHANGE_PLAN_H_
#define KEYWARD_SERVICES_POLICY_CHANGE_PLAN_H_

#include <memory>

#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {

// What a call would do to the newest policy: planned without side effects, so
// that validate_only is the same code, and made durable by the core.
struct ChangePlan {
  // To the next revision; absent if the call changes nothing.
  absl::optional<policy::PolicyDelta> delta;
  // What the call answers once that revision is in force.
  std::unique_ptr<google::protobuf::Message> response;
  // The caller only wanted to know: nothing may be made durable.
  bool validate_only = false;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_CHANGE_PLAN_H_
