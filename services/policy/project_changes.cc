// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/project_changes.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/entry_validation.h"
#include "services/policy/apply_policy.h"
#include "services/policy/policy_size.h"

namespace keyward::policy_service {
namespace {

using policy::PolicyDelta;
using policy::v1::Project;

absl::Status ValidateNewProject(const Project& project) {
  if (policy::HasUnknownFields(project)) {
    return FieldError("project",
                      "must have no field that the server does not know");
  }
  if (!project.name().empty())
    return FieldError("project.name", "must be empty");
  if (!project.uid().empty()) return FieldError("project.uid", "must be empty");
  if (project.state() != policy::v1::PROJECT_STATE_UNSPECIFIED) {
    return FieldError("project.state", "must be empty");
  }
  if (project.has_create_time()) {
    return FieldError("project.create_time", "must be empty");
  }
  return policy::ValidateText(project.display_name(),
                              policy::kMaxDisplayNameChars,
                              "project.display_name");
}

PolicyDelta NextDelta(const DurablePolicy& policy) {
  PolicyDelta delta;
  delta.set_revision(policy.revision() + 1);
  return delta;
}

// The project's entry with another state, as a change.
ChangePlan PlanState(const DurablePolicy& policy, const std::string& name,
                     policy::v1::ProjectState state) {
  ChangePlan plan;
  plan.delta = NextDelta(policy);
  Project& project = *plan.delta->add_entries()->mutable_project();
  project = *policy.state->FindProject(name);
  project.set_state(state);
  return plan;
}

template <typename T>
void RemoveAll(const policy::EntryMap<T>& map, const std::string& parent,
               PolicyDelta* delta) {
  for (auto it = map.lower_bound(absl::StrCat(parent, "/"));
       it != map.end() && policy::ParentOf(it->first) == parent; ++it) {
    delta->add_removed(it->first);
  }
}

}  // namespace

absl::StatusOr<ChangePlan> PlanCreateProject(
    const DurablePolicy& policy, const std::string& uid,
    const policy::v1::CreateProjectRequest& request, absl::Time now) {
  const absl::StatusOr<ResourceName> name = ResourceName::System().Child(
      "projects", request.project_id(), "project_id");
  if (!name.ok()) return name.status();
  absl::Status valid = ValidateNewProject(request.project());
  if (!valid.ok()) return valid;
  if (const Project* old = policy.state->FindProject(name->ToString())) {
    const bool gone = old->state() == policy::v1::PROJECT_STATE_DELETED;
    return MakeError(absl::StatusCode::kAlreadyExists, kAlreadyExists,
                     gone ? "a project with this id was deleted, and an id is "
                            "never given again"
                          : "there is a project with this id already");
  }
  auto response = std::make_unique<policy::v1::CreateProjectResponse>();
  Project& project = *response->mutable_project();
  project = request.project();
  project.set_name(name->ToString());
  project.set_uid(uid);
  project.set_state(policy::v1::PROJECT_STATE_ACTIVE);
  *project.mutable_create_time() = ToTimestamp(now);
  ChangePlan plan;
  plan.delta = NextDelta(policy);
  *plan.delta->add_entries()->mutable_project() = project;
  policy::PolicyState after = *policy.state;
  absl::Status fits = after.Apply(*plan.delta);
  if (fits.ok()) fits = CheckPolicySize(*policy.state, after, "system");
  if (!fits.ok()) return fits;
  response->set_revision(plan.delta->revision());
  plan.response = std::move(response);
  return plan;
}

absl::StatusOr<ChangePlan> PlanCloseProject(
    const DurablePolicy& policy,
    const policy::v1::DeleteProjectRequest& request) {
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(request.name(), "name");
  if (!name.ok()) return name.status();
  if (name->kind() != ResourceKind::kProject) {
    return FieldError("name", "must be a project");
  }
  absl::Status exists = CheckParent(*policy.state, request.name());
  if (!exists.ok()) return exists;
  if (request.name() == kDefaultProject) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kProjectPermanent,
                     "the project default cannot be deleted");
  }
  if (policy.state->FindProject(request.name())->state() ==
      policy::v1::PROJECT_STATE_CLOSING) {
    return MakeError(absl::StatusCode::kUnavailable, kProjectClosing,
                     "the deletion of this project is under way; ask again");
  }
  return PlanState(policy, request.name(), policy::v1::PROJECT_STATE_CLOSING);
}

ChangePlan PlanDeleted(const DurablePolicy& policy,
                       const std::string& project) {
  ChangePlan plan =
      PlanState(policy, project, policy::v1::PROJECT_STATE_DELETED);
  RemoveAll(policy.state->roles(), project, &*plan.delta);
  RemoveAll(policy.state->bindings(), project, &*plan.delta);
  RemoveAll(policy.state->deny_rules(), project, &*plan.delta);
  auto response = std::make_unique<policy::v1::DeleteProjectResponse>();
  *response->mutable_project() = plan.delta->entries(0).project();
  response->set_revision(plan.delta->revision());
  plan.response = std::move(response);
  return plan;
}

ChangePlan PlanReopen(const DurablePolicy& policy, const std::string& project) {
  return PlanState(policy, project, policy::v1::PROJECT_STATE_ACTIVE);
}

absl::Status ProjectNotEmpty(int64_t secrets) {
  return MakeError(absl::StatusCode::kFailedPrecondition, kProjectNotEmpty,
                   absl::StrCat("the project still has ", secrets,
                                " secrets, recoverable ones included"),
                   {{"secrets", absl::StrCat(secrets)}});
}

}  // namespace keyward::policy_service
