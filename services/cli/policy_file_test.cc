// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/policy_file.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace keyward::cli {
namespace {

using google::protobuf::util::MessageDifferencer;
using policy::v1::ApplyPolicyRequest;
using policy::v1::GetPolicyResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFile[] = R"(
parent: projects/payments
etag: e1
roles:
  - name: deployer
    actions: [secrets.access, "versions.*"]
    description: What the pipeline does.
bindings:
  - name: payments-read
    role: secrets.accessor
    principals: ["spiffe://keyward.internal/workload/payments-api"]
    resource: secrets/payments-*
    expireTime: 2027-01-01T00:00:00Z
  - name: pipeline
    role: deployer
    principals: [oidc:ci:main]
    resource: projects/payments
denyRules:
  - name: stolen
    credentialIds: ["sha256:00"]
    actions: ["*"]
    resource: projects/payments
)";

ApplyPolicyRequest Parse(const std::string& text) {
  auto request = ParsePolicyFile(text, "f.yaml", "default");
  EXPECT_TRUE(request.ok()) << request.status();
  return request.value_or(ApplyPolicyRequest());
}

TEST(PolicyFileTest, ReadsEveryKindOfEntry) {
  const ApplyPolicyRequest request = Parse(kFile);
  EXPECT_EQ(request.parent(), "projects/payments");
  EXPECT_EQ(request.etag(), "e1");
  ASSERT_EQ(request.roles_size(), 1);
  EXPECT_EQ(request.roles(0).name(), "projects/payments/roles/deployer");
  EXPECT_THAT(request.roles(0).actions(),
              ElementsAre("secrets.access", "versions.*"));
  ASSERT_EQ(request.bindings_size(), 2);
  EXPECT_EQ(request.bindings(0).name(),
            "projects/payments/bindings/payments-read");
  EXPECT_EQ(request.bindings(0).role(), "roles/secrets.accessor");
  EXPECT_EQ(request.bindings(0).resource(),
            "projects/payments/secrets/payments-*");
  EXPECT_EQ(request.bindings(0).expire_time().seconds(), 1798761600);
  EXPECT_EQ(request.bindings(1).role(), "projects/payments/roles/deployer");
  ASSERT_EQ(request.deny_rules_size(), 1);
  EXPECT_EQ(request.deny_rules(0).name(), "projects/payments/denyRules/stolen");
  EXPECT_THAT(request.deny_rules(0).credential_ids(), ElementsAre("sha256:00"));
}

TEST(PolicyFileTest, WithoutAParentItIsTheProjectInUse) {
  EXPECT_EQ(Parse("roles: []\n").parent(), "projects/default");
  EXPECT_EQ(Parse("parent: system\n").parent(), "system");
}

TEST(PolicyFileTest, UnderSystemNamesAreSystems) {
  const ApplyPolicyRequest request = Parse(
      "parent: system\n"
      "bindings:\n"
      "  - {name: a, role: auditor, principals: [x], resource: system}\n"
      "  - {name: b, role: mine, principals: [x], resource: projects/p12}\n");
  EXPECT_EQ(request.bindings(0).name(), "system/bindings/a");
  EXPECT_EQ(request.bindings(0).role(), "roles/auditor");
  EXPECT_EQ(request.bindings(1).role(), "system/roles/mine");
}

TEST(PolicyFileTest, WhatGetWritesApplyReads) {
  const ApplyPolicyRequest request = Parse(kFile);
  GetPolicyResponse policy;
  *policy.mutable_roles() = request.roles();
  *policy.mutable_bindings() = request.bindings();
  *policy.mutable_deny_rules() = request.deny_rules();
  policy.mutable_roles(0)->set_description("says \"no\" \\ once");
  const ApplyPolicyRequest again =
      Parse(FormatPolicyFile("projects/payments", policy));
  EXPECT_THAT(DescribeChanges(policy, again), IsEmpty());
  EXPECT_TRUE(MessageDifferencer::Equals(again.roles(0), policy.roles(0)));
  EXPECT_TRUE(
      MessageDifferencer::Equals(again.deny_rules(0), policy.deny_rules(0)));
}

TEST(PolicyFileTest, TextAndTimesAreReadBackExactly) {
  for (const char* const time :
       {"2027-01-01T00:00:00Z", "2027-01-01T00:00:00.000000001Z",
        "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"}) {
    const ApplyPolicyRequest request = Parse(absl::StrCat(
        "bindings: [{name: b, role: auditor, principals: [\"a\\nb\\tc\\r\"], "
        "resource: system, expireTime: ",
        time, "}]\nparent: system\n"));
    GetPolicyResponse policy;
    *policy.mutable_bindings() = request.bindings();
    const ApplyPolicyRequest again = Parse(FormatPolicyFile("system", policy));
    ASSERT_EQ(again.bindings_size(), 1) << time;
    EXPECT_TRUE(
        MessageDifferencer::Equals(again.bindings(0), policy.bindings(0)))
        << time;
    EXPECT_EQ(again.bindings(0).principals(0), "a\nb\tc\r");
    // Nothing expires never because it expired long ago.
    EXPECT_TRUE(again.bindings(0).has_expire_time()) << time;
  }
}

// A misspelt key in a deny rule would refuse nothing.
TEST(PolicyFileTest, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {
           "bindngs: []\n",
           "denyRules:\n  - {name: a, principal: ['*'], actions: ['*'], "
           "resource: projects/default}\n",
           "bindings:\n  - {role: auditor, principals: [x], resource: "
           "projects/default}\n",
           "bindings:\n  - {name: a, role: auditor, principals: [x]}\n",
           "bindings:\n  - {name: a, role: auditor, resource: "
           "projects/default}\n",
           "bindings:\n  - {name: a, principals: [x], resource: "
           "projects/default}\n",
           "bindings:\n  - {name: a, role: auditor, principals: x, resource: "
           "projects/default}\n",
           "bindings:\n  - {name: a, role: auditor, principals: [[x]], "
           "resource: projects/default}\n",
           "bindings:\n  - {name: a, role: auditor, principals: [x], resource: "
           "db}\n",
           "bindings:\n  - {name: a, role: auditor, principals: [x], resource: "
           "projects/default, expireTime: tomorrow}\n",
           "bindings:\n  - {name: a, role: auditor, principals: [x], resource: "
           "projects/default, expireTime: infinite-future}\n",
           "denyRules:\n  - {name: a, actions: ['*'], resource: "
           "projects/default}\n",
           "roles:\n  - {name: a}\n",
           "roles:\n  - a\n",
           "roles: {}\n",
           "parent: [x]\n",
           "parent: A B\n",
           "- a\n",
           "roles: [{name: a, actions: [x]}, {name: a, actions: [y]}]\n",
           "parent: system\nbindings: [{name: a, role: auditor, principals: "
           "[x], resource: secrets/x}]\n",
       }) {
    auto request = ParsePolicyFile(text, "f.yaml", "default");
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_THAT(std::string(request.status().message()), HasSubstr("f.yaml"))
        << text;
  }
}

TEST(PolicyFileTest, DescribesWhatIsAddedChangedAndRemoved) {
  GetPolicyResponse before;
  const ApplyPolicyRequest request = Parse(kFile);
  *before.mutable_bindings() = request.bindings();
  before.mutable_bindings(1)->set_resource("projects/payments/secrets/x");
  auto* old = before.add_roles();
  old->set_name("projects/payments/roles/old");
  old->add_actions("secrets.get");

  std::vector<std::string> lines = DescribeChanges(before, request);
  EXPECT_THAT(
      lines,
      ElementsAre(
          "+ role projects/payments/roles/deployer: secrets.access, versions.*",
          "~ binding projects/payments/bindings/pipeline: oidc:ci:main have "
          "projects/payments/roles/deployer on projects/payments",
          "+ deny rule projects/payments/denyRules/stolen: sha256:00 never * "
          "on projects/payments"));

  ApplyPolicyRequest replacing = request;
  replacing.set_replace_all(true);
  EXPECT_THAT(
      DescribeChanges(before, replacing),
      ::testing::Contains("- role projects/payments/roles/old: secrets.get"));

  ApplyPolicyRequest removing;
  removing.add_removed("projects/payments/roles/old");
  EXPECT_THAT(DescribeChanges(before, removing),
              ElementsAre("- role projects/payments/roles/old: secrets.get"));
}

TEST(PolicyFileTest, ShortRolesAreBuiltInOrTheParents) {
  EXPECT_EQ(RoleName("projects/p12", "secrets.accessor"),
            "roles/secrets.accessor");
  EXPECT_EQ(RoleName("projects/p12", "mine"), "projects/p12/roles/mine");
  EXPECT_EQ(RoleName("projects/p12", "system/roles/x"), "system/roles/x");
}

}  // namespace
}  // namespace keyward::cli
