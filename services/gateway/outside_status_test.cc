// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/outside_status.h"

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

constexpr char kPath[] = "/var/lib/keyward/data/store/000012.log";
constexpr char kId[] = "5f0c";

// Nothing of the status, details included, has the path in it.
void ExpectNoPath(const absl::Status& status) {
  EXPECT_THAT(status.ToString(absl::StatusToStringMode::kWithEverything),
              Not(HasSubstr("var/lib")));
}

TEST(OutsideStatusTest, WhatALibrarySaysStaysInside) {
  const absl::Status inside = WithRetryAfter(
      MakeErrorWithCause(StatusCode::kUnavailable, kStoreUnavailable,
                         "the store cannot read its state", kPath),
      absl::Seconds(2));
  EXPECT_THAT(std::string(inside.message()), HasSubstr(kPath));
  EXPECT_TRUE(HidesFromCallers(inside));
  const absl::Status outside = OutsideStatus(inside, kId);
  EXPECT_EQ(outside.code(), StatusCode::kUnavailable);
  EXPECT_EQ(outside.message(), "the store cannot read its state");
  EXPECT_EQ(ErrorReason(outside), kStoreUnavailable);
  EXPECT_EQ(RetryAfter(outside), absl::Seconds(2));
  EXPECT_FALSE(MessageWithoutCause(outside).has_value());
  EXPECT_FALSE(HidesFromCallers(outside));
  ExpectNoPath(outside);
}

TEST(OutsideStatusTest, AnErrorWithoutAReasonIsNamedByItsRequestAlone) {
  for (const StatusCode code :
       {StatusCode::kInternal, StatusCode::kDataLoss, StatusCode::kUnavailable,
        StatusCode::kFailedPrecondition, StatusCode::kUnknown}) {
    absl::Status inside(code, kPath);
    inside.SetPayload("type.googleapis.com/x.Y", absl::Cord(kPath));
    EXPECT_TRUE(HidesFromCallers(inside));
    const absl::Status outside = OutsideStatus(inside, kId);
    EXPECT_EQ(outside.code(), code);
    EXPECT_EQ(ErrorReason(outside), kInternalError);
    EXPECT_THAT(std::string(outside.message()), HasSubstr(kId));
    ExpectNoPath(outside);
  }
}

TEST(OutsideStatusTest, ErrorsForCallersPassAsTheyAre) {
  for (const absl::Status& status :
       {absl::OkStatus(), FieldError("secret.labels", "at most 64"),
        WithRetryAfter(MakeError(StatusCode::kResourceExhausted, kQuotaExceeded,
                                 "too many calls", {{"a", "b"}}),
                       absl::Seconds(1))}) {
    EXPECT_EQ(OutsideStatus(status, kId), status);
    EXPECT_FALSE(HidesFromCallers(status));
  }
}

}  // namespace
}  // namespace keyward::gateway
