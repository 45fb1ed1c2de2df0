// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/error.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "libs/base/error_reason.h"

namespace keyward {
namespace {

template <typename Message>
Message Detail(const absl::Status& status, const char* type_url) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(
      std::string(status.GetPayload(type_url).value())));
  return message;
}

TEST(MakeErrorTest, CarriesCodeMessageReasonDomainAndMetadata) {
  const absl::Status status =
      MakeError(absl::StatusCode::kAborted, kEtagMismatch, "etag moved on",
                {{"resource", "projects/p"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "etag moved on");
  const auto info = Detail<google::rpc::ErrorInfo>(status, kErrorInfoTypeUrl);
  EXPECT_EQ(info.reason(), "ETAG_MISMATCH");
  EXPECT_EQ(info.domain(), "keyward");
  ASSERT_EQ(info.metadata_size(), 1);
  EXPECT_EQ(info.metadata().at("resource"), "projects/p");
}

TEST(MakeErrorTest, NeverMakesASuccess) {
  const absl::Status status =
      MakeError(absl::StatusCode::kOk, kPermissionDenied, "denied");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ErrorReason(status), "PERMISSION_DENIED");
}

TEST(MakeErrorTest, PayloadKeyIsTheTypeUrlOfTheMessageItHolds) {
  EXPECT_EQ(google::rpc::ErrorInfo::descriptor()->full_name(),
            std::string(kErrorInfoTypeUrl).substr(20));
  EXPECT_EQ(google::rpc::BadRequest::descriptor()->full_name(),
            std::string(kBadRequestTypeUrl).substr(20));
  EXPECT_EQ(google::rpc::RetryInfo::descriptor()->full_name(),
            std::string(kRetryInfoTypeUrl).substr(20));
}

TEST(FieldErrorTest, NamesTheFieldAndTheRuleForPeopleAndPrograms) {
  const absl::Status status =
      FieldError("secret.labels", "must have at most 64 entries");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "secret.labels: must have at most 64 entries");
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  const auto detail =
      Detail<google::rpc::BadRequest>(status, kBadRequestTypeUrl);
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "secret.labels");
  EXPECT_EQ(detail.field_violations(0).description(),
            "must have at most 64 entries");
}

TEST(FieldErrorTest, NamesTheFieldUnderAnotherReasonToo) {
  const absl::Status status =
      FieldError("page_token", "must be ours", kPageTokenInvalid);
  EXPECT_EQ(status.message(), "page_token: must be ours");
  EXPECT_EQ(ErrorReason(status), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(Detail<google::rpc::BadRequest>(status, kBadRequestTypeUrl)
                .field_violations(0)
                .field(),
            "page_token");
}

TEST(WithRetryAfterTest, KeepsTheErrorAndAddsTheDelay) {
  const absl::Status status = WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded, "slow"),
      absl::Milliseconds(1500));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "QUOTA_EXCEEDED");
  EXPECT_EQ(RetryAfter(status), absl::Milliseconds(1500));
}

TEST(WithRetryAfterTest, BoundsTheDelay) {
  const absl::Status error = absl::UnavailableError("x");
  EXPECT_EQ(RetryAfter(WithRetryAfter(error, -absl::Seconds(1))),
            absl::ZeroDuration());
  EXPECT_EQ(RetryAfter(WithRetryAfter(error, absl::InfiniteDuration())),
            absl::Hours(24));
}

TEST(WithRetryAfterTest, LeavesSuccessAlone) {
  EXPECT_EQ(WithRetryAfter(absl::OkStatus(), absl::Seconds(1)),
            absl::OkStatus());
}

TEST(ErrorReasonTest, IsEmptyWithoutADetail) {
  EXPECT_EQ(ErrorReason(absl::OkStatus()), "");
  EXPECT_EQ(ErrorReason(absl::InternalError("x")), "");
}

TEST(ErrorReasonTest, IsEmptyForAnotherDomainAndForGarbage) {
  google::rpc::ErrorInfo info;
  info.set_reason("SEALED");
  info.set_domain("example.com");
  absl::Status foreign = absl::UnavailableError("x");
  foreign.SetPayload(kErrorInfoTypeUrl, absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ErrorReason(foreign), "");
  absl::Status garbage = absl::UnavailableError("x");
  garbage.SetPayload(kErrorInfoTypeUrl, absl::Cord("\xff\xff"));
  EXPECT_EQ(ErrorReason(garbage), "");
}

TEST(MakeErrorWithCauseTest, KeepsTheCauseApart) {
  const absl::Status status =
      MakeErrorWithCause(absl::StatusCode::kUnavailable, kStoreUnavailable,
                         "the store cannot read", "IO error: /data/1.sst");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "STORE_UNAVAILABLE");
  EXPECT_EQ(status.message(), "the store cannot read: IO error: /data/1.sst");
  EXPECT_EQ(MessageWithoutCause(status), "the store cannot read");
}

TEST(MessageWithoutCauseTest, IsAbsentWithoutADetailAndForGarbage) {
  EXPECT_EQ(MessageWithoutCause(absl::OkStatus()), absl::nullopt);
  absl::Status garbage = MakeError(absl::StatusCode::kInternal, "X", "x");
  EXPECT_EQ(MessageWithoutCause(garbage), absl::nullopt);
  garbage.SetPayload(kLocalizedMessageTypeUrl, absl::Cord("\xff\xff"));
  EXPECT_EQ(MessageWithoutCause(garbage), absl::nullopt);
}

TEST(RetryAfterTest, IsAbsentWithoutADetailAndForGarbage) {
  absl::Status status = absl::UnavailableError("x");
  EXPECT_EQ(RetryAfter(status), absl::nullopt);
  status.SetPayload(kRetryInfoTypeUrl, absl::Cord("\xff\xff"));
  EXPECT_EQ(RetryAfter(status), absl::nullopt);
}

}  // namespace
}  // namespace keyward
