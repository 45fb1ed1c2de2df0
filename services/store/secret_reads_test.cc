// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_reads.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

class SecretReadsTest : public StoreFixture {
 protected:
  static secrets::ListSecretsRequest ListRequest() {
    secrets::ListSecretsRequest request;
    request.set_parent(kTestProject);
    return request;
  }

  secrets::ListSecretsResponse List(
      const secrets::ListSecretsRequest& request) {
    auto response = Ask<secrets::ListSecretsResponse>(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : secrets::ListSecretsResponse();
  }

  // The ids of all pages.
  std::vector<std::string> ListAll(secrets::ListSecretsRequest request) {
    std::vector<std::string> ids;
    while (true) {
      const secrets::ListSecretsResponse page = List(request);
      for (const secrets::Secret& secret : page.secrets()) {
        ids.push_back(secret.name().substr(Name("").size()));
      }
      if (page.next_page_token().empty()) return ids;
      request.set_page_token(page.next_page_token());
    }
  }

  static secrets::ListSecretVersionsRequest VersionsRequest() {
    secrets::ListSecretVersionsRequest request;
    request.set_parent(Name("db"));
    return request;
  }

  // Disables, or enables, the version.
  template <typename Request>
  void SetState(const std::string& id, int64_t number) {
    Request request;
    request.set_name(absl::StrCat(Name(id), "/versions/", number));
    const absl::Status status = Call(request).status;
    EXPECT_TRUE(status.ok()) << status;
  }

  using Ids = std::vector<std::string>;
};

// Secret and version are read one after the other; what is between them must
// not show.
TEST_F(SecretReadsTest, P7_CurrentWorksWhileItMovesOnAndTheOldOneIsDisabled) {
  Create("db", "one");
  faults_->BeforeRead(1, [&] {
    Add("db", "two");
    SetState<secrets::DisableSecretVersionRequest>("db", 1);
  });
  EXPECT_EQ(Read("db"), "two");
}

TEST_F(SecretReadsTest, AVersionIsNotReadAsCurrentThatWasEnabledTooLate) {
  Create("db", "one");
  SetState<secrets::DisableSecretVersionRequest>("db", 1);
  faults_->BeforeRead(1, [&] {
    Add("db", "two");
    SetState<secrets::EnableSecretVersionRequest>("db", 1);
  });
  EXPECT_EQ(Read("db"), "two");
}

TEST_F(SecretReadsTest, TheMetadataOfAStageIsOfOneMoment) {
  Create("db", "one");
  faults_->BeforeRead(1, [&] {
    Add("db", "two");
    SetState<secrets::DisableSecretVersionRequest>("db", 1);
  });
  secrets::GetSecretVersionRequest request;
  request.set_name(Name("db") + "/versions/current");
  EXPECT_EQ(Call(request).resource, Name("db") + "/versions/2");
}

TEST_F(SecretReadsTest, AVersionThatChangedAfterItsSecretIsRead) {
  Create("db", "one");
  SetState<secrets::DisableSecretVersionRequest>("db", 1);
  EXPECT_EQ(ErrorReason(Access("db").status()), kVersionDisabled);
  SetState<secrets::EnableSecretVersionRequest>("db", 1);
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(SecretReadsTest, AnExpiredSecretIsRefusedFromThatMomentOn) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.mutable_secret()->mutable_ttl()->set_seconds(60);
  ASSERT_TRUE(Call(request).status.ok());
  clock_.Advance(absl::Seconds(60) - absl::Microseconds(1));
  EXPECT_EQ(Read("db"), "x");
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(ErrorReason(Access("db").status()), kSecretExpired);
  EXPECT_EQ(Access("db", "1").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Get("db").name(), Name("db"));
}

TEST_F(SecretReadsTest, WhatDoesNotExistIsNotFound) {
  Create("db", "x");
  for (const auto& [id, version] :
       std::vector<std::pair<std::string, std::string>>{
           {"missing", ""}, {"missing", "1"}, {"db", "2"}, {"db", "alias"}}) {
    const absl::Status status = Access(id, version).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ErrorReason(status), kNotFound);
  }
}

TEST_F(SecretReadsTest, NamesOfOtherKindsAreRefused) {
  for (const char* name : {"", "projects/pay", "projects/pay/keys/default",
                           "projects/pay/secrets/", "hunter2"}) {
    const auto request = AccessRequest(name);
    rpc::CallContext context = ContextFor(request);
    context.resource = kTestProject;
    const absl::Status status = Call(context, request).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(status.message().find("hunter2"), absl::string_view::npos);
  }
}

TEST_F(SecretReadsTest, AVersionsMetadataIsReadByStage) {
  Create("db", "one");
  AddPending("db", "two");
  secrets::GetSecretVersionRequest request;
  request.set_name(Name("db") + "/versions/pending");
  const rpc::CallResult result = Call(request);
  ASSERT_TRUE(result.status.ok());
  EXPECT_EQ(result.resource, Name("db") + "/versions/2");
}

TEST_F(SecretReadsTest, AnEmptyProjectListsNothingAndCanBeWatched) {
  const secrets::ListSecretsResponse page = List(ListRequest());
  EXPECT_EQ(page.secrets_size(), 0);
  EXPECT_TRUE(page.next_page_token().empty());
  EXPECT_FALSE(page.watch_position().empty());
}

TEST_F(SecretReadsTest, PagesHoldEverythingOnceInOrder) {
  Ids expected;
  for (int i = 0; i < 7; ++i) {
    expected.push_back(absl::StrFormat("s%02d", i));
    Create(expected.back());
  }
  for (const int size : {1, 2, 3, 7, 100}) {
    secrets::ListSecretsRequest request = ListRequest();
    request.set_page_size(size);
    EXPECT_EQ(ListAll(request), expected) << size;
  }
}

TEST_F(SecretReadsTest, AFullLastPageHasNoToken) {
  Create("a");
  Create("b");
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(2);
  EXPECT_TRUE(List(request).next_page_token().empty());
}

TEST_F(SecretReadsTest, OnlyTheFirstPageHasAWatchPosition) {
  Create("a");
  Create("b");
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(1);
  const secrets::ListSecretsResponse first = List(request);
  EXPECT_FALSE(first.watch_position().empty());
  request.set_page_token(first.next_page_token());
  EXPECT_TRUE(List(request).watch_position().empty());
}

TEST_F(SecretReadsTest, FiltersChooseByLabelTypeAndPrefix) {
  for (const char* id : {"pay-a", "pay-b", "web-a"}) {
    secrets::CreateSecretRequest request = CreateRequest(id, "x");
    if (std::string(id) == "pay-b") {
      (*request.mutable_secret()->mutable_labels())["env"] = "prod";
      request.mutable_secret()->set_type(secrets::SECRET_TYPE_API_KEY);
    }
    ASSERT_TRUE(Call(request).status.ok());
  }
  const auto filtered = [this](const std::string& filter) {
    secrets::ListSecretsRequest request = ListRequest();
    request.set_filter(filter);
    return ListAll(request);
  };
  EXPECT_EQ(filtered("name = \"pay-*\""), (Ids{"pay-a", "pay-b"}));
  EXPECT_EQ(filtered("name = \"web-a\""), Ids{"web-a"});
  EXPECT_EQ(filtered("labels.env = \"prod\""), Ids{"pay-b"});
  EXPECT_EQ(filtered("type = OPAQUE AND name = \"pay*\""), Ids{"pay-a"});
  EXPECT_EQ(filtered("name = \"none*\""), Ids{});
}

TEST_F(SecretReadsTest, DeletedSecretsAreListedOnDemand) {
  Create("a");
  Create("b");
  ASSERT_TRUE(Delete("a").ok());
  EXPECT_EQ(ListAll(ListRequest()), Ids{"b"});
  secrets::ListSecretsRequest request = ListRequest();
  request.set_show_deleted(true);
  EXPECT_EQ(ListAll(request), (Ids{"a", "b"}));
}

TEST_F(SecretReadsTest, APageIsFullWhateverLiesBetweenWhatItShows) {
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h"}) Create(id);
  for (const char* id : {"a", "b", "c", "d", "f"}) {
    ASSERT_TRUE(Delete(id).ok());
  }
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(2);
  const secrets::ListSecretsResponse page = List(request);
  ASSERT_EQ(page.secrets_size(), 2);
  EXPECT_EQ(page.secrets(0).name(), Name("e"));
  EXPECT_EQ(page.secrets(1).name(), Name("g"));
  EXPECT_EQ(ListAll(request), (Ids{"e", "g", "h"}));
}

TEST_F(SecretReadsTest, APageTokenIsGoodForItsCallerAndListOnly) {
  Create("a");
  Create("b");
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(1);
  const std::string token = List(request).next_page_token();
  request.set_page_token(token);
  ASSERT_TRUE(Call(request).status.ok());

  const auto expect_refused = [&](const rpc::CallContext& context,
                                  const secrets::ListSecretsRequest& list) {
    const absl::Status status = Call(context, list).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(status), kPageTokenInvalid);
  };
  rpc::CallContext other = ContextFor(request);
  other.principal = "spiffe://keyward.internal/user/other";
  expect_refused(other, request);
  other = ContextFor(request);
  other.project_uid = "puid2";
  expect_refused(other, request);
  secrets::ListSecretsRequest changed = request;
  changed.set_filter("labels:env");
  expect_refused(ContextFor(changed), changed);
  changed = request;
  changed.set_show_deleted(true);
  expect_refused(ContextFor(changed), changed);
  for (const std::string& made_up :
       {std::string("x"), std::string("AAAA"), token + "A", token.substr(1),
        std::string(2000, 'A')}) {
    changed = request;
    changed.set_page_token(made_up);
    expect_refused(ContextFor(changed), changed);
  }
}

TEST_F(SecretReadsTest, EveryFlippedCharacterOfATokenIsRefused) {
  Create("a");
  Create("b");
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(1);
  const std::string token = List(request).next_page_token();
  for (size_t i = 0; i < token.size(); ++i) {
    std::string bad = token;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    request.set_page_token(bad);
    EXPECT_EQ(Call(request).status.code(), absl::StatusCode::kInvalidArgument)
        << i;
  }
}

TEST_F(SecretReadsTest, PageSizesAreBounded) {
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(-1);
  EXPECT_EQ(Call(request).status.code(), absl::StatusCode::kInvalidArgument);
  request.set_page_size(1000000);
  EXPECT_TRUE(Call(request).status.ok());
}

// A filter that leaves nothing must not make one call read a whole project.
TEST_F(SecretReadsTest, APageOfLargeSecretsEndsEarlyWithAToken) {
  Ids expected;
  for (int i = 0; i < 80; ++i) {
    secrets::CreateSecretRequest request =
        CreateRequest(absl::StrFormat("s%02d", i), "");
    (*request.mutable_secret()->mutable_annotations())["a"] =
        std::string(16000, 'x');
    ASSERT_TRUE(Call(request).status.ok());
    expected.push_back(request.secret_id());
  }
  secrets::ListSecretsRequest request = ListRequest();
  request.set_page_size(1000);
  const secrets::ListSecretsResponse page = List(request);
  EXPECT_LT(page.secrets_size(), 80);
  EXPECT_LT(page.ByteSizeLong(), size_t{2} << 20);
  EXPECT_FALSE(page.next_page_token().empty());
  EXPECT_EQ(ListAll(request), expected);
  request.set_filter("labels:nothing");
  EXPECT_EQ(List(request).secrets_size(), 0);
  EXPECT_FALSE(List(request).next_page_token().empty());
  EXPECT_EQ(ListAll(request), Ids{});
}

TEST_F(SecretReadsTest, VersionsAreListedNewestFirst) {
  Create("db", "1");
  for (int i = 2; i <= 5; ++i) Add("db", std::to_string(i));
  for (const int size : {1, 2, 5, 100}) {
    secrets::ListSecretVersionsRequest request = VersionsRequest();
    request.set_page_size(size);
    std::string numbers;
    while (true) {
      auto page = Ask<secrets::ListSecretVersionsResponse>(request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const secrets::SecretVersion& version : page->versions()) {
        numbers.push_back(version.name().back());
      }
      if (page->next_page_token().empty()) break;
      request.set_page_token(page->next_page_token());
    }
    EXPECT_EQ(numbers, "54321") << size;
  }
}

TEST_F(SecretReadsTest, AVersionsTokenIsNothingToTheSecretsSuccessor) {
  Create("db", "1");
  Add("db", "2");
  secrets::ListSecretVersionsRequest request = VersionsRequest();
  request.set_page_size(1);
  auto page = Ask<secrets::ListSecretVersionsResponse>(request);
  ASSERT_TRUE(page.ok());
  request.set_page_token(page->next_page_token());
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  Create("db", "new");
  EXPECT_EQ(ErrorReason(Call(request).status), kPageTokenInvalid);
}

TEST_F(SecretReadsTest, ManyLargeVersionsAreListedInSeveralPages) {
  Create("db");
  for (int i = 0; i < 70; ++i) Add("db", std::string(64 * 1024, 'x'));
  secrets::ListSecretVersionsRequest request = VersionsRequest();
  request.set_page_size(1000);
  auto page = Ask<secrets::ListSecretVersionsResponse>(request);
  ASSERT_TRUE(page.ok());
  EXPECT_GT(page->versions_size(), 50);
  EXPECT_LT(page->versions_size(), 70);
  EXPECT_FALSE(page->next_page_token().empty());
}

}  // namespace
}  // namespace keyward::store
