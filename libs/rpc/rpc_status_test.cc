// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/rpc_status.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::rpc {
namespace {

TEST(RpcStatusTest, OkBecomesCodeZeroWithoutAnythingElse) {
  const google::rpc::Status status = ToRpcStatus(absl::OkStatus());
  EXPECT_EQ(status.ByteSizeLong(), 0u);
  EXPECT_EQ(FromRpcStatus(status), absl::OkStatus());
}

TEST(RpcStatusTest, AnErrorComesBackAsItWas) {
  const absl::Status error = WithRetryAfter(
      FieldError("secret.labels", "must have at most 64 entries"),
      absl::Seconds(3));
  EXPECT_EQ(FromRpcStatus(ToRpcStatus(error)), error);
}

TEST(RpcStatusTest, DetailsAreReadableByAnyClientOfGoogleRpc) {
  const google::rpc::Status status =
      ToRpcStatus(MakeError(absl::StatusCode::kPermissionDenied,
                            kPermissionDenied, "no", {{"action", "a.b"}}));
  ASSERT_EQ(status.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(status.code(), 7);
  EXPECT_EQ(info.reason(), "PERMISSION_DENIED");
  EXPECT_EQ(info.domain(), "keyward");
  EXPECT_EQ(info.metadata().at("action"), "a.b");
}

TEST(RpcStatusTest, EveryCanonicalCodeSurvives) {
  for (int code = 1; code <= 16; ++code) {
    google::rpc::Status status;
    status.set_code(code);
    EXPECT_EQ(static_cast<int>(FromRpcStatus(status).code()), code);
  }
}

TEST(RpcStatusTest, ACodeThatIsNotCanonicalBecomesUnknown) {
  for (int code : {-1, 17, 1000}) {
    google::rpc::Status status;
    status.set_code(code);
    status.set_message("m");
    EXPECT_EQ(FromRpcStatus(status), absl::UnknownError("m"));
  }
}

TEST(RpcStatusTest, ALongMessageIsCutBetweenCharacters) {
  // Two bytes each: an odd bound would split one.
  std::string message = "x";
  for (int i = 0; i < 1024; ++i) message += "\xC3\xA9";
  const google::rpc::Status status = ToRpcStatus(absl::InternalError(message));
  EXPECT_EQ(status.message().size(), kMaxStatusMessageBytes - 1);
  EXPECT_TRUE(absl::StartsWith(message, status.message()));
}

TEST(RpcStatusTest, BytesThatAreNotUtf8BecomeQuestionMarks) {
  const absl::Status bad =
      absl::InternalError("a\x80z\xED\xA0\x80\xE2\x82\xAC\xF0\x9F\x94\x91\xC3");
  EXPECT_EQ(ToRpcStatus(bad).message(), "a?z???\xE2\x82\xAC\xF0\x9F\x94\x91?");
}

TEST(RpcStatusTest, TheErrorInfoIsKeptWhenOtherDetailsAreTooLarge) {
  absl::Status error =
      MakeError(absl::StatusCode::kUnavailable, kSealed, "sealed");
  error.SetPayload("type.googleapis.com/a.Large",
                   absl::Cord(std::string(kMaxStatusDetailBytes, 'x')));
  const google::rpc::Status status = ToRpcStatus(error);
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(ErrorReason(FromRpcStatus(status)), kSealed);
}

TEST(RpcStatusTest, DetailsOfAForeignSenderAreBoundedOnReceipt) {
  google::rpc::Status status;
  status.set_code(14);
  status.add_details()->set_value("no type");
  google::protobuf::Any* large = status.add_details();
  large->set_type_url("type.googleapis.com/a.Large");
  large->set_value(std::string(kMaxStatusDetailBytes, 'x'));
  EXPECT_EQ(FromRpcStatus(status), absl::UnavailableError(""));
}

TEST(RpcStatusTest, HundredsOfSmallDetailsAreBoundedAsWell) {
  google::rpc::Status status;
  status.set_code(14);
  for (int i = 100; i < 900; ++i) {
    status.add_details()->set_type_url(absl::StrCat(i));
  }
  const google::rpc::Status again = ToRpcStatus(FromRpcStatus(status));
  EXPECT_GT(again.details_size(), 1);
  EXPECT_LE(again.ByteSizeLong(), 16 + kMaxStatusDetailBytes);
}

}  // namespace
}  // namespace keyward::rpc
