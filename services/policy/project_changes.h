// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_PROJECT_CHANGES_H_
#define KEYWARD_SERVICES_POLICY_PROJECT_CHANGES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/policy/policy_model.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/change_plan.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

// Plans of the changes of projects on the newest policy. Pure.

// The project of a fresh installation, which cannot be deleted.
inline constexpr char kDefaultProject[] = "projects/default";

// Plans CreateProject. `uid` is random. INVALID_ARGUMENT naming the field;
// ALREADY_EXISTS, also for the id of a deleted project: bindings that outlive
// it must not come to mean another one. RESOURCE_EXHAUSTED as CheckPolicySize.
absl::StatusOr<ChangePlan> PlanCreateProject(
    const DurablePolicy& policy, const std::string& uid,
    const policy::v1::CreateProjectRequest& request, absl::Time now);

// Plans the first step of DeleteProject: nothing can be created in the project
// any more. The response is not set. INVALID_ARGUMENT; NOT_FOUND;
// FAILED_PRECONDITION for `default`; UNAVAILABLE with the reason
// PROJECT_CLOSING while another call deletes it.
absl::StatusOr<ChangePlan> PlanCloseProject(
    const DurablePolicy& policy,
    const policy::v1::DeleteProjectRequest& request);

// The last step of a deletion: the project is gone for good, with its roles,
// bindings and deny rules.
ChangePlan PlanDeleted(const DurablePolicy& policy, const std::string& project);

// The way back of a deletion, when secrets remain. The response is not set.
ChangePlan PlanReopen(const DurablePolicy& policy, const std::string& project);

// FAILED_PRECONDITION with the number of secrets that remain.
absl::Status ProjectNotEmpty(int64_t secrets);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_PROJECT_CHANGES_H_
