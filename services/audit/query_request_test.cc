// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/query_request.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::audit_service {
namespace {

using audit::v1::QueryEntriesRequest;

QueryEntriesRequest In(const std::string& parent) {
  QueryEntriesRequest request;
  request.set_parent(parent);
  return request;
}

absl::StatusCode CodeOf(const QueryEntriesRequest& request) {
  return ParseQueryRequest(request).status().code();
}

TEST(QueryRequestTest, SystemMeansEverything) {
  const QuerySpec spec = ParseQueryRequest(In("system")).value();
  EXPECT_FALSE(spec.resource.has_value());
  EXPECT_EQ(spec.page_size, 100u);
  EXPECT_EQ(spec.start, absl::InfinitePast());
  EXPECT_EQ(spec.end, absl::InfiniteFuture());
}

TEST(QueryRequestTest, ProjectMeansWhatLiesInIt) {
  EXPECT_EQ(
      ParseQueryRequest(In("projects/alpha")).value().resource->ToString(),
      "projects/alpha");
}

TEST(QueryRequestTest, ResourceMustLieInTheParent) {
  QueryEntriesRequest request = In("projects/alpha");
  request.set_resource("projects/alpha/secrets/db");
  EXPECT_EQ(ParseQueryRequest(request).value().resource->ToString(),
            "projects/alpha/secrets/db");
  request.set_resource("projects/beta/secrets/db");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.set_resource("system");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.set_resource("not a name");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
}

TEST(QueryRequestTest, OtherParentsAreRefused) {
  for (const char* parent :
       {"", "projects", "projects/alpha/secrets/db", "x"}) {
    EXPECT_EQ(CodeOf(In(parent)), absl::StatusCode::kInvalidArgument);
  }
}

TEST(QueryRequestTest, PageSizeIsBounded) {
  QueryEntriesRequest request = In("system");
  request.set_page_size(1000);
  EXPECT_EQ(ParseQueryRequest(request).value().page_size, 1000u);
  request.set_page_size(1001);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.set_page_size(-1);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
}

TEST(QueryRequestTest, TimesAreChecked) {
  QueryEntriesRequest request = In("system");
  request.mutable_start_time()->set_seconds(100);
  request.mutable_end_time()->set_seconds(100);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kOk);
  request.mutable_end_time()->set_seconds(99);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.clear_end_time();
  request.mutable_start_time()->set_nanos(-1);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.mutable_start_time()->set_nanos(0);
  request.mutable_start_time()->set_seconds(INT64_MAX);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
}

TEST(QueryRequestTest, PageAndTokenDoNotChangeTheQuery) {
  QueryEntriesRequest request = In("system");
  const std::string identity = QueryIdentity(request);
  request.set_page_size(5);
  request.set_page_token("token");
  EXPECT_EQ(QueryIdentity(request), identity);
}

TEST(QueryRequestTest, EverythingElseDoes) {
  const std::string identity = QueryIdentity(In("system"));
  QueryEntriesRequest request = In("projects/alpha");
  EXPECT_NE(QueryIdentity(request), identity);
  request = In("system");
  request.set_principal("p");
  EXPECT_NE(QueryIdentity(request), identity);
  request = In("system");
  request.set_resource("projects/alpha");
  EXPECT_NE(QueryIdentity(request), identity);
  request = In("system");
  request.set_descending(true);
  EXPECT_NE(QueryIdentity(request), identity);
  request = In("system");
  request.mutable_start_time();
  EXPECT_NE(QueryIdentity(request), identity);
  request = In("system");
  request.mutable_end_time();
  EXPECT_NE(QueryIdentity(request), identity);
}

}  // namespace
}  // namespace keyward::audit_service
