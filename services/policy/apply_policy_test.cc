// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/apply_policy.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"
#include "services/policy/parent_etag.h"
#include "services/policy/policy_size.h"

namespace keyward::policy_service {
namespace {

using policy::TestBinding;
using policy::TestDenyRule;
using policy::TestProject;
using policy::TestRole;
using policy::v1::ApplyPolicyRequest;
using policy::v1::ApplyPolicyResponse;

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
constexpr char kAdmin[] = "oidc:corp:admin";
constexpr char kAlice[] = "oidc:corp:alice";

template <typename... Entries>
DurablePolicy PolicyOf(Entries... entries) {
  DurablePolicy policy;
  policy.state = policy::TestState(
      7, TestProject("abc"),
      TestProject("closing", policy::v1::PROJECT_STATE_CLOSING),
      TestProject("gone", policy::v1::PROJECT_STATE_DELETED),
      TestBinding("system/bindings/admin", "roles/system.admin", {kAdmin},
                  "system"),
      std::move(entries)...);
  policy.generations = {{"system", 1}, {"projects/abc", 4}};
  return policy;
}

absl::StatusOr<ChangePlan> Plan(const DurablePolicy& policy,
                                const ApplyPolicyRequest& request,
                                absl::string_view caller = kAdmin) {
  const auto compiled = policy::PolicySnapshot::Compile(
                            policy.state, policy::PublicActions().value())
                            .value();
  return PlanApplyPolicy(policy, *compiled, {caller, ""}, request, kNow);
}

absl::StatusCode CodeOf(const DurablePolicy& policy,
                        const ApplyPolicyRequest& request,
                        absl::string_view caller = kAdmin) {
  return Plan(policy, request, caller).status().code();
}

const ApplyPolicyResponse& ResponseOf(const ChangePlan& plan) {
  return dynamic_cast<const ApplyPolicyResponse&>(*plan.response);
}

ApplyPolicyRequest For(const std::string& parent) {
  ApplyPolicyRequest request;
  request.set_parent(parent);
  return request;
}

ApplyPolicyRequest WithBinding(const std::string& parent,
                               const policy::v1::Binding& binding) {
  ApplyPolicyRequest request = For(parent);
  *request.add_bindings() = binding;
  return request;
}

policy::v1::Binding ReadBinding() {
  return TestBinding("projects/abc/bindings/read", "roles/secrets.accessor",
                     {kAlice}, "projects/abc/secrets/pay-*");
}

TEST(ApplyPolicyTest, CountsWhatItAddsChangesAndRemoves) {
  const DurablePolicy policy = PolicyOf(
      TestRole("projects/abc/roles/kept", {"secrets.get"}),
      TestRole("projects/abc/roles/changed", {"secrets.get"}),
      TestDenyRule("projects/abc/denyRules/old", {"*"}, {"*"}, "projects/abc"));
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  *request.add_roles() = TestRole("projects/abc/roles/kept", {"secrets.get"});
  *request.add_roles() = TestRole("projects/abc/roles/changed", {"keys.get"});
  request.add_removed("projects/abc/denyRules/old");
  const auto plan = Plan(policy, request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(ResponseOf(*plan).added(), 1);
  EXPECT_EQ(ResponseOf(*plan).changed(), 1);
  EXPECT_EQ(ResponseOf(*plan).removed(), 1);
  EXPECT_EQ(ResponseOf(*plan).revision(), 8u);
  EXPECT_EQ(plan->delta->revision(), 8u);
  EXPECT_EQ(plan->delta->entries_size(), 2);
}

TEST(ApplyPolicyTest, WhatChangesNothingMakesNoRevision) {
  const auto plan =
      Plan(PolicyOf(ReadBinding()), WithBinding("projects/abc", ReadBinding()));
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->delta.has_value());
  EXPECT_EQ(ResponseOf(*plan).revision(), 7u);
}

TEST(ApplyPolicyTest, ReplaceAllRemovesTheParentsOtherEntriesAlone) {
  const DurablePolicy policy = PolicyOf(
      ReadBinding(), TestRole("projects/abc/roles/other", {"keys.get"}),
      TestProject("abcd"),
      TestBinding("projects/abcd/bindings/b", "roles/auditor", {kAlice},
                  "projects/abcd"));
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  request.set_replace_all(true);
  const auto plan = Plan(policy, request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->delta->removed_size(), 1);
  EXPECT_EQ(plan->delta->removed(0), "projects/abc/roles/other");
}

TEST(ApplyPolicyTest, TheEtagIsThatOfTheParentAfterTheChange) {
  const DurablePolicy policy = PolicyOf();
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  request.set_etag(ParentEtag(policy, "projects/abc"));
  const auto plan = Plan(policy, request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_NE(ResponseOf(*plan).etag(), request.etag());
  DurablePolicy after = policy;
  after.generations["projects/abc"] = 8;
  EXPECT_EQ(ResponseOf(*plan).etag(), ParentEtag(after, "projects/abc"));
}

TEST(ApplyPolicyTest, RefusesAnotherEtagAndWhatIsNone) {
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  request.set_etag(ParentEtag(PolicyOf(), "system"));
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kAborted);
  for (const char* etag : {"*", "x", "AAAAAAAAAAB", "AAAAAAAAAAA=="}) {
    request.set_etag(etag);
    EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kInvalidArgument)
        << etag;
  }
}

TEST(ApplyPolicyTest, RefusesParentsThatHaveNoPolicy) {
  for (const char* parent :
       {"", "systems", "projects", "roles/auditor", "projects/abc/secrets/s"}) {
    EXPECT_EQ(CodeOf(PolicyOf(), For(parent)),
              absl::StatusCode::kInvalidArgument)
        << parent;
  }
  EXPECT_EQ(CodeOf(PolicyOf(), For("projects/none")),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(PolicyOf(), For("projects/gone")),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(PolicyOf(), For("projects/closing")),
            absl::StatusCode::kFailedPrecondition);
}

TEST(ApplyPolicyTest, RefusesWhatIsNamedTwice) {
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  request.add_removed(ReadBinding().name());
  EXPECT_EQ(CodeOf(PolicyOf(ReadBinding()), request),
            absl::StatusCode::kInvalidArgument);
  request = WithBinding("projects/abc", ReadBinding());
  *request.add_bindings() = ReadBinding();
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kInvalidArgument);
}

TEST(ApplyPolicyTest, RefusesToRemoveWhatIsNotThereOrNotTheParents) {
  ApplyPolicyRequest request = For("projects/abc");
  request.add_removed("projects/abc/bindings/none");
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kNotFound);
  for (const char* name : {"system/bindings/admin", "projects/abc",
                           "roles/auditor", "projects/abc/secrets/s", ""}) {
    request.set_removed(0, name);
    EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(ApplyPolicyTest, BoundsTheRequest) {
  ApplyPolicyRequest request = For("system");
  for (size_t i = 0; i < kMaxApplyEntries; ++i) {
    *request.add_roles() =
        TestRole(absl::StrCat("system/roles/r", i), {"keys.get"});
  }
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kOk);
  request.add_removed("system/roles/one-more");
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kInvalidArgument);
  request.clear_removed();
  request.set_request_id(std::string(kMaxApplyBytes, 'x'));
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kInvalidArgument);
}

TEST(ApplyPolicyTest, RefusesABindingOfARoleThatDoesNotExist) {
  policy::v1::Binding binding = ReadBinding();
  binding.set_role("projects/abc/roles/none");
  ApplyPolicyRequest request = WithBinding("projects/abc", binding);
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kFailedPrecondition);
  *request.add_roles() = TestRole("projects/abc/roles/none", {"keys.get"});
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kOk);
}

TEST(ApplyPolicyTest, RefusesToRemoveARoleThatIsStillBound) {
  const DurablePolicy policy =
      PolicyOf(TestRole("system/roles/r", {"keys.get"}),
               TestBinding("projects/abc/bindings/b", "system/roles/r",
                           {kAlice}, "projects/abc"));
  ApplyPolicyRequest request = For("system");
  request.add_removed("system/roles/r");
  const absl::Status status = Plan(policy, request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), kRoleInUse);
}

TEST(ApplyPolicyTest, ARoleAndItsOnlyBindingGoTogether) {
  const DurablePolicy policy =
      PolicyOf(TestRole("system/roles/r", {"keys.get"}),
               TestBinding("system/bindings/b", "system/roles/r", {kAlice},
                           "projects/abc"));
  ApplyPolicyRequest request = For("system");
  request.add_removed("system/roles/r");
  request.add_removed("system/bindings/b");
  EXPECT_EQ(CodeOf(policy, request), absl::StatusCode::kOk);
}

TEST(ApplyPolicyTest, P8_ReplaceAllIsNoWayAroundADenyRule) {
  const DurablePolicy policy =
      PolicyOf(TestBinding("projects/abc/bindings/a", "roles/project.admin",
                           {kAlice}, "projects/abc"),
               TestDenyRule("projects/abc/denyRules/d", {kAlice},
                            {"secrets.access"}, "projects/abc"));
  ApplyPolicyRequest request = For("projects/abc");
  request.set_replace_all(true);
  EXPECT_EQ(CodeOf(policy, request, kAlice),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(policy, request), absl::StatusCode::kOk);
}

TEST(ApplyPolicyTest, AProjectCannotTakeTheRoomOfOthers) {
  policy::PolicyState state = *PolicyOf().state;
  for (size_t i = 0; i < kMaxProjectEntries; ++i) {
    ASSERT_TRUE(state
                    .Put(policy::TestEntry(TestRole(
                        absl::StrCat("projects/abc/roles/r", i), {"keys.get"})))
                    .ok());
  }
  DurablePolicy policy = PolicyOf();
  policy.state = std::make_shared<const policy::PolicyState>(std::move(state));
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  EXPECT_EQ(CodeOf(policy, request), absl::StatusCode::kResourceExhausted);
  request.add_removed("projects/abc/roles/r0");
  EXPECT_EQ(CodeOf(policy, request), absl::StatusCode::kOk);
  EXPECT_EQ(
      CodeOf(policy, WithBinding("system", TestBinding("system/bindings/b",
                                                       "roles/auditor",
                                                       {kAlice}, "system"))),
      absl::StatusCode::kOk);
}

// Every way to be left without an administrator.

void ExpectLastAdministrator(const ApplyPolicyRequest& request) {
  const absl::Status status = Plan(PolicyOf(), request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), kLastAdministrator);
}

TEST(ApplyPolicyTest, P8_TheLastAdministratorCannotBeRemoved) {
  ApplyPolicyRequest request = For("system");
  request.add_removed("system/bindings/admin");
  ExpectLastAdministrator(request);
  request = For("system");
  request.set_replace_all(true);
  ExpectLastAdministrator(request);
}

TEST(ApplyPolicyTest, P8_TheLastAdministratorCannotBeMadeLess) {
  ExpectLastAdministrator(
      WithBinding("system", TestBinding("system/bindings/admin",
                                        "roles/auditor", {kAdmin}, "system")));
  ExpectLastAdministrator(WithBinding(
      "system", TestBinding("system/bindings/admin", "roles/system.admin",
                            {kAdmin}, "projects/abc")));
  ExpectLastAdministrator(WithBinding(
      "system", TestBinding("system/bindings/admin", "roles/system.admin",
                            {kAdmin}, "system", kNow)));
}

TEST(ApplyPolicyTest, P8_TheLastAdministratorCannotBeDenied) {
  for (const char* principal : {"*", kAdmin}) {
    ApplyPolicyRequest request = For("system");
    *request.add_deny_rules() =
        TestDenyRule("system/denyRules/d", {principal}, {"policy.*"}, "system");
    ExpectLastAdministrator(request);
    request.mutable_deny_rules(0)->set_resource("projects/*");
    EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kOk);
  }
}

TEST(ApplyPolicyTest, AnotherAdministratorMayTakeOver) {
  ApplyPolicyRequest request = WithBinding(
      "system", TestBinding("system/bindings/new", "roles/system.admin",
                            {kAlice}, "system"));
  request.add_removed("system/bindings/admin");
  EXPECT_EQ(CodeOf(PolicyOf(), request), absl::StatusCode::kOk);
}

TEST(ApplyPolicyTest, ValidateOnlyAnswersThePresentRevisionAndEtag) {
  const DurablePolicy policy = PolicyOf();
  ApplyPolicyRequest request = WithBinding("projects/abc", ReadBinding());
  request.set_validate_only(true);
  const auto plan = Plan(policy, request);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->validate_only);
  EXPECT_EQ(ResponseOf(*plan).revision(), 7u);
  EXPECT_EQ(ResponseOf(*plan).etag(), ParentEtag(policy, "projects/abc"));
  EXPECT_EQ(ResponseOf(*plan).added(), 1);
}

}  // namespace
}  // namespace keyward::policy_service
