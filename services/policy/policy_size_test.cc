// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_size.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/policy/policy_for_testing.h"

namespace keyward::policy_service {
namespace {

using policy::PolicyState;
using policy::TestBinding;
using policy::TestDenyRule;
using policy::TestEntry;
using policy::TestRole;

template <typename Entry>
void Add(Entry entry, PolicyState* state) {
  ASSERT_TRUE(state->Put(TestEntry(std::move(entry))).ok());
}

// Adds `count` roles of `parent`.
void Fill(const std::string& parent, size_t count, PolicyState* state) {
  for (size_t i = 0; i < count; ++i) {
    Add(TestRole(absl::StrCat(parent, "/roles/r", i), {"keys.get"}), state);
  }
}

// As if `parent` got one role more.
absl::Status OneMore(const PolicyState& before, const std::string& parent) {
  PolicyState after = before;
  Add(TestRole(absl::StrCat(parent, "/roles/more"), {"keys.get"}), &after);
  return CheckPolicySize(before, after, parent);
}

void ExpectExhausted(const absl::Status& status, absl::string_view what) {
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), kQuotaExceeded);
  EXPECT_TRUE(absl::StrContains(status.message(), what)) << status;
}

TEST(PolicySizeTest, OneProjectFillsItsOwnShareAndNoOther) {
  PolicyState state;
  Fill("projects/abc", kMaxProjectEntries - 1, &state);
  EXPECT_TRUE(OneMore(state, "projects/abc").ok());
  Fill("projects/abc", kMaxProjectEntries, &state);
  ExpectExhausted(OneMore(state, "projects/abc"),
                  "the project's policy would exceed 20000 entries");
  EXPECT_TRUE(OneMore(state, "projects/abd").ok());
  EXPECT_TRUE(OneMore(state, "system").ok());
}

TEST(PolicySizeTest, AllProjectsTogetherLeaveRoomForSystem) {
  PolicyState state;
  for (int i = 0; i < 9; ++i) {
    Fill(absl::StrCat("projects/p-", i), kMaxProjectEntries, &state);
  }
  ExpectExhausted(OneMore(state, "projects/another"), "all projects together");
  EXPECT_TRUE(OneMore(state, "system").ok());
  Fill("system", kSystemEntries, &state);
  ASSERT_EQ(state.size(), policy::kMaxPolicyEntries);
  ExpectExhausted(OneMore(state, "system"), "the policy as a whole");
}

TEST(PolicySizeTest, ProjectsThemselvesCountAsEntriesOfTheWhole) {
  PolicyState state;
  Fill("system", policy::kMaxPolicyEntries - 1, &state);
  PolicyState after = state;
  Add(policy::TestProject("abc"), &after);
  EXPECT_TRUE(CheckPolicySize(state, after, "system").ok());
  PolicyState more = after;
  Add(policy::TestProject("abd", policy::v1::PROJECT_STATE_DELETED), &more);
  ExpectExhausted(CheckPolicySize(after, more, "system"),
                  "the policy as a whole");
}

TEST(PolicySizeTest, CountsWhoIsNamed) {
  PolicyState state;
  const std::vector<std::string> many(kMaxProjectMentions / 100 - 1, "p");
  for (int i = 0; i < 100; ++i) {
    policy::v1::DenyRule rule =
        TestDenyRule(absl::StrCat("projects/abc/denyRules/d", i), many,
                     {"keys.get"}, "projects/abc");
    rule.add_credential_ids("c");
    Add(std::move(rule), &state);
  }
  EXPECT_TRUE(OneMore(state, "projects/abc").ok());
  PolicyState after = state;
  Add(TestBinding("projects/abc/bindings/b", "roles/auditor", {"p"},
                  "projects/abc"),
      &after);
  ExpectExhausted(CheckPolicySize(state, after, "projects/abc"),
                  "100000 named principals and credentials");
  after.Remove("projects/abc/denyRules/d0");
  EXPECT_TRUE(CheckPolicySize(state, after, "projects/abc").ok());
}

// Of a release with other bounds: it can always be made smaller.
TEST(PolicySizeTest, WhatDoesNotGrowIsNotRefused) {
  PolicyState state;
  Fill("projects/abc", kMaxProjectEntries + 10, &state);
  PolicyState after = state;
  after.Remove("projects/abc/roles/r0");
  EXPECT_TRUE(CheckPolicySize(state, after, "projects/abc").ok());
  EXPECT_TRUE(CheckPolicySize(state, state, "projects/abc").ok());
}

}  // namespace
}  // namespace keyward::policy_service
