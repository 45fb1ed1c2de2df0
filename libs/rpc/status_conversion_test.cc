// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/status_conversion.h"

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::rpc {
namespace {

TEST(StatusConversionTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(FromGrpcStatus(grpc::Status::OK), absl::OkStatus());
}

TEST(StatusConversionTest, AnErrorComesBackAsItWas) {
  const absl::Status error = FieldError("name", "must not be empty");
  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(error)), error);
}

TEST(StatusConversionTest, DetailsRepeatTheCodeAndMessageOfTheCall) {
  const grpc::Status status =
      ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, kNotFound, "gone"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "gone");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), "gone");
}

TEST(StatusConversionTest, DetailsOfAnotherCodeAreDropped) {
  const grpc::Status honest =
      ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, kNotFound, "gone"));
  const grpc::Status forged(grpc::StatusCode::UNAVAILABLE, "away",
                            honest.error_details());
  EXPECT_EQ(FromGrpcStatus(forged), absl::UnavailableError("away"));
}

TEST(StatusConversionTest, DetailsThatDoNotParseAreDropped) {
  const grpc::Status garbled(grpc::StatusCode::INTERNAL, "m", "\xFF\xFF");
  EXPECT_EQ(FromGrpcStatus(garbled), absl::InternalError("m"));
}

}  // namespace
}  // namespace keyward::rpc
