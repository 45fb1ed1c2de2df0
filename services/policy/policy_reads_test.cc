// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_reads.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/fake_random.h"
#include "libs/policy/policy_for_testing.h"
#include "services/policy/parent_etag.h"

namespace keyward::policy_service {
namespace {

using policy::TestEntry;
using policy::v1::GetPolicyRequest;
using policy::v1::GetPolicyResponse;
using policy::v1::ListProjectsRequest;
using policy::v1::ListProjectsResponse;

class PolicyReadsTest : public testing::Test {
 protected:
  PolicyReadsTest() {
    context_.principal = "oidc:corp:alice";
    context_.method = "keyward.policy.v1.PolicyService.GetPolicy";
    policy::PolicyState state;
    const auto put = [&state](auto entry) {
      EXPECT_TRUE(state.Put(TestEntry(std::move(entry))).ok());
    };
    for (int i = 0; i < 5; ++i) {
      put(policy::TestProject(absl::StrCat("p-", i, "x")));
      put(policy::TestRole(absl::StrCat("projects/p-0x/roles/r", i),
                           {"keys.get"}));
      put(policy::TestBinding(absl::StrCat("projects/p-0x/bindings/b", i),
                              "roles/auditor", {"oidc:corp:alice"},
                              "projects/p-0x"));
      put(policy::TestDenyRule(absl::StrCat("projects/p-0x/denyRules/d", i),
                               {"*"}, {"*"}, "projects/p-0x"));
    }
    put(policy::TestProject("gone", policy::v1::PROJECT_STATE_DELETED));
    // Sorts between the parent's own entries if compared carelessly.
    put(policy::TestProject("p-0x-y"));
    put(policy::TestRole("projects/p-0x-y/roles/r", {"keys.get"}));
    state.set_revision(9);
    policy_.state = std::make_shared<const policy::PolicyState>(state);
    policy_.generations["projects/p-0x"] = 8;
  }

  absl::StatusOr<GetPolicyResponse> Page(
      int size, const std::string& token,
      const std::string& parent = "projects/p-0x") {
    GetPolicyRequest request;
    request.set_parent(parent);
    request.set_page_size(size);
    request.set_page_token(token);
    const auto response = GetPolicy(policy_, *tokens_, context_, request);
    if (!response.ok()) return response.status();
    return dynamic_cast<const GetPolicyResponse&>(**response);
  }

  DurablePolicy policy_;
  rpc::CallContext context_;
  crypto::FakeRandom random_;
  std::unique_ptr<PageTokens> tokens_ = PageTokens::Create(random_).value();
};

TEST_F(PolicyReadsTest, PagesOfEverySizeGiveEachEntryOnce) {
  for (int size = 1; size <= 16; ++size) {
    std::vector<std::string> names;
    std::string token;
    int pages = 0;
    do {
      const auto page = Page(size, token);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& role : page->roles()) names.push_back(role.name());
      for (const auto& b : page->bindings()) names.push_back(b.name());
      for (const auto& d : page->deny_rules()) names.push_back(d.name());
      token = page->next_page_token();
      ASSERT_LE(++pages, 16);
    } while (!token.empty());
    ASSERT_EQ(names.size(), 15u) << size;
    EXPECT_EQ(names.front(), "projects/p-0x/roles/r0");
    EXPECT_EQ(names.back(), "projects/p-0x/denyRules/d4");
  }
}

TEST_F(PolicyReadsTest, AnswersEtagAndRevision) {
  const auto page = Page(0, "");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->revision(), 9u);
  EXPECT_EQ(page->etag(), ParentEtag(policy_, "projects/p-0x"));
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(PolicyReadsTest, ATokenOfAnOlderStateIsAborted) {
  const std::string token = Page(3, "")->next_page_token();
  policy_.generations["projects/p-0x"] = 9;
  EXPECT_EQ(Page(3, token).status().code(), absl::StatusCode::kAborted);
  // A change of another parent does not disturb it.
  policy_.generations["projects/p-0x"] = 8;
  policy_.generations["system"] = 10;
  EXPECT_TRUE(Page(3, token).ok());
}

TEST_F(PolicyReadsTest, ATokenIsGoodForItsCallerAndParentAlone) {
  const std::string token = Page(3, "")->next_page_token();
  EXPECT_EQ(ErrorReason(Page(3, token, "projects/p-1x").status()),
            kPageTokenInvalid);
  context_.principal = "oidc:corp:eve";
  const absl::Status status = Page(3, token).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), kPageTokenInvalid);
}

TEST_F(PolicyReadsTest, MadeUpTokensAreRefusedAtEveryFlippedBit) {
  const std::string token = Page(3, "")->next_page_token();
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_EQ(ErrorReason(Page(3, absl::WebSafeBase64Escape(bad)).status()),
              kPageTokenInvalid)
        << i;
  }
  for (const std::string& bad :
       {std::string("x"), token + "=", token + "A", std::string(4096, 'A')}) {
    EXPECT_EQ(ErrorReason(Page(3, bad).status()), kPageTokenInvalid);
  }
}

TEST_F(PolicyReadsTest, ATokenDoesNotSurviveARestart) {
  const std::string token = Page(3, "")->next_page_token();
  tokens_ = PageTokens::Create(random_).value();
  EXPECT_EQ(ErrorReason(Page(3, token).status()), kPageTokenInvalid);
}

TEST_F(PolicyReadsTest, APageEndsWhenItIsLong) {
  policy::PolicyState state = *policy_.state;
  for (int i = 0; i < 400; ++i) {
    policy::v1::Binding binding =
        policy::TestBinding(absl::StrCat("projects/p-0x/bindings/big", i),
                            "roles/auditor", {}, "projects/p-0x");
    for (int j = 0; j < 64; ++j) {
      binding.add_principals(
          absl::StrCat("oidc:corp:", std::string(200, 'x'), j));
    }
    ASSERT_TRUE(state.Put(TestEntry(std::move(binding))).ok());
  }
  policy_.state = std::make_shared<const policy::PolicyState>(state);
  const auto page = Page(1000, "");
  ASSERT_TRUE(page.ok());
  EXPECT_LT(page->ByteSizeLong(), size_t{2} << 20);
  EXPECT_NE(page->next_page_token(), "");
}

TEST_F(PolicyReadsTest, ListsProjectsWithoutDeletedOnes) {
  std::vector<std::string> names;
  ListProjectsRequest request;
  request.set_page_size(4);
  do {
    const auto page =
        ListProjects(policy_, *tokens_, context_, request).value();
    const auto& response = dynamic_cast<const ListProjectsResponse&>(*page);
    for (const auto& project : response.projects()) {
      names.push_back(project.name());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{
                       "projects/p-0x", "projects/p-0x-y", "projects/p-1x",
                       "projects/p-2x", "projects/p-3x", "projects/p-4x"}));
}

TEST_F(PolicyReadsTest, RefusesNegativeSizesAndWrongNames) {
  EXPECT_EQ(Page(-1, "").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Page(1, "", "projects/p-0x/roles/r0").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Page(1, "", "projects/gone").status().code(),
            absl::StatusCode::kNotFound);
  policy::v1::GetProjectRequest get;
  for (const char* name : {"", "system", "projects/p-0x/secrets/s"}) {
    get.set_name(name);
    EXPECT_EQ(GetProject(policy_, get).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  get.set_name("projects/gone");
  EXPECT_EQ(GetProject(policy_, get).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward::policy_service
