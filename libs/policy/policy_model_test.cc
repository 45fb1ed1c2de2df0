// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/policy_model.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"

namespace keyward::policy {
namespace {

TEST(PolicyStateTest, AppliesAdditionsReplacementsAndRemovals) {
  PolicyState state =
      *TestState(4, TestRole("system/roles/a", {"secrets.get"}),
                 TestBinding("system/bindings/b", "system/roles/a",
                             {"oidc:i:x"}, "system"));
  PolicyDelta delta;
  delta.set_revision(5);
  *delta.add_entries() = TestEntry(TestRole("system/roles/a", {"keys.get"}));
  *delta.add_entries() =
      TestEntry(TestDenyRule("system/denyRules/d", {"*"}, {"*"}, "system"));
  delta.add_removed("system/bindings/b");
  ASSERT_TRUE(state.Apply(delta).ok());
  EXPECT_EQ(state.revision(), 5u);
  EXPECT_EQ(state.FindRole("system/roles/a")->actions(0), "keys.get");
  EXPECT_NE(state.FindDenyRule("system/denyRules/d"), nullptr);
  EXPECT_EQ(state.FindBinding("system/bindings/b"), nullptr);
  EXPECT_EQ(state.size(), 2u);
}

TEST(PolicyStateTest, ACopyKeepsItsOwnEntries) {
  PolicyState state =
      *TestState(1, TestRole("system/roles/a", {"secrets.get"}));
  const PolicyState before = state;
  ASSERT_TRUE(
      state.Put(TestEntry(TestRole("system/roles/a", {"keys.get"}))).ok());
  EXPECT_EQ(before.FindRole("system/roles/a")->actions(0), "secrets.get");
}

TEST(PolicyStateTest, P8_RefusesARevisionThatDoesNotFollow) {
  PolicyState state = *TestState(5);
  for (uint64_t revision : {0u, 4u, 5u}) {
    PolicyDelta delta;
    delta.set_revision(revision);
    EXPECT_EQ(state.Apply(delta).code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST(PolicyStateTest, P8_RefusesAnEntryOfAnUnknownKind) {
  PolicyState state;
  EXPECT_EQ(state.Put(PolicyEntry()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PolicyStateTest, P8_RefusesAnUnknownFieldAtAnyDepth) {
  // A later release's condition on a binding, which this one cannot judge.
  PolicyEntry inner = TestEntry(TestBinding(
      "system/bindings/b", "roles/auditor", {"oidc:i:x"}, "system"));
  inner.mutable_binding()
      ->GetReflection()
      ->MutableUnknownFields(inner.mutable_binding())
      ->AddLengthDelimited(99, "only on Mondays");
  PolicyEntry outer = TestEntry(TestRole("system/roles/a", {"keys.get"}));
  outer.GetReflection()->MutableUnknownFields(&outer)->AddVarint(99, 1);
  PolicyState state;
  EXPECT_EQ(state.Put(inner).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(state.Put(outer).code(), absl::StatusCode::kFailedPrecondition);
  PolicyDelta delta;
  delta.set_revision(1);
  *delta.add_entries() = inner;
  EXPECT_EQ(state.Apply(delta).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(PolicyStateTest, RemovesRulesButNeverProjects) {
  PolicyState state = *TestState(
      1, TestProject("abc"), TestRole("projects/abc/roles/r", {"keys.get"}),
      TestDenyRule("projects/abc/denyRules/d", {"*"}, {"*"}, "projects/abc"));
  EXPECT_TRUE(state.Remove("projects/abc/roles/r"));
  EXPECT_TRUE(state.Remove("projects/abc/denyRules/d"));
  EXPECT_FALSE(state.Remove("projects/abc/denyRules/d"));
  EXPECT_FALSE(state.Remove("projects/abc"));
  EXPECT_NE(state.FindProject("projects/abc"), nullptr);
}

TEST(PolicyStateTest, ListsEveryEntry) {
  const auto state = TestState(
      1, TestProject("abc"), TestRole("system/roles/r", {"keys.get"}),
      TestBinding("system/bindings/b", "roles/auditor", {"oidc:i:x"}, "system"),
      TestDenyRule("system/denyRules/d", {"*"}, {"*"}, "projects/abc"));
  PolicyState copy;
  for (PolicyEntry& entry : state->Entries()) {
    ASSERT_TRUE(copy.Put(std::move(entry)).ok());
  }
  EXPECT_EQ(copy.size(), 4u);
  EXPECT_EQ(copy.FindProject("projects/abc")->uid(), "uid-of-abc");
  EXPECT_EQ(copy.FindDenyRule("system/denyRules/d")->resource(),
            "projects/abc");
}

TEST(ParentOfTest, NamesTheParentOfAnEntry) {
  EXPECT_EQ(ParentOf("system/bindings/b"), "system");
  EXPECT_EQ(ParentOf("projects/abc/roles/r"), "projects/abc");
  EXPECT_EQ(ParentOf("roles/auditor"), "");
  EXPECT_EQ(ParentOf("projects/abc"), "");
  EXPECT_EQ(ParentOf("systems/x"), "");
  EXPECT_EQ(ParentOf(""), "");
}

}  // namespace
}  // namespace keyward::policy
