// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/append_codec.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call_codec.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::audit::v1;
const SteadyTime kNow = SteadyTime() + absl::Hours(100);

wire::AppendItem ItemOf(int entries, size_t bytes) {
  AppendItem item;
  for (int i = 0; i < entries; ++i) item.entries.emplace_back(bytes, 'e');
  return EncodeAppendItem(1, std::move(item));
}

TEST(AppendCodecTest, AnItemArrivesAsItWasSent) {
  AppendItem item;
  item.entries = {"one", "two"};
  item.fenced_revision = 0;
  wire::AppendItem sent = EncodeAppendItem(42, std::move(item));
  *sent.mutable_remaining() = EncodeRemaining(absl::Seconds(5));
  EXPECT_EQ(sent.id(), 42u);
  const auto received = DecodeAppendItem(kNow, std::move(sent));
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(received->entries, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(received->fenced_revision, 0u) << "revision 0 is not 'unfenced'";
  EXPECT_EQ(received->deadline, kNow + absl::Seconds(5));
}

TEST(AppendCodecTest, UnfencedStaysUnfenced) {
  const auto received = DecodeAppendItem(kNow, ItemOf(1, 10));
  ASSERT_TRUE(received.ok());
  EXPECT_FALSE(received->fenced_revision.has_value());
}

TEST(AppendCodecTest, ItemsThatBreakABoundAreRefused) {
  EXPECT_TRUE(DecodeAppendItem(kNow, ItemOf(128, 2048)).ok());
  EXPECT_EQ(DecodeAppendItem(kNow, ItemOf(129, 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeAppendItem(kNow, ItemOf(1, 2049)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeAppendItem(kNow, ItemOf(1, 0)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AppendCodecTest, AnItemThatAsksNothingIsRefused) {
  EXPECT_EQ(DecodeAppendItem(kNow, wire::AppendItem()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AppendCodecTest, EveryAnswerArrivesAsItWasGiven) {
  for (AppendStatus status : {AppendStatus::kAccepted, AppendStatus::kFence,
                              AppendStatus::kIntentClosed,
                              AppendStatus::kFailed, AppendStatus::kUnknown}) {
    AppendResult result;
    result.status = status;
    result.first_index = 7;
    result.closing_outcome.set_intent_index(3);
    if (status == AppendStatus::kFailed || status == AppendStatus::kUnknown) {
      result.error = MakeError(absl::StatusCode::kUnavailable,
                               kAuditUnavailable, "disk full");
    }
    const AppendResult received =
        DecodeAppendResult(EncodeAppendResult(1, result), 12, "note");
    EXPECT_EQ(received.status, status);
    EXPECT_EQ(received.first_index, 7u);
    EXPECT_EQ(received.fence, 12u);
    EXPECT_EQ(received.checkpoint, "note");
    EXPECT_EQ(received.error, result.error);
    EXPECT_EQ(received.closing_outcome.intent_index(),
              status == AppendStatus::kIntentClosed ? 3u : 0u);
  }
}

TEST(AppendCodecTest, P8_AnAnswerThatSaysNothingIsUnknown) {
  const AppendResult result = DecodeAppendResult(wire::AppendResult(), 1, "");
  EXPECT_EQ(result.status, AppendStatus::kUnknown);
  EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.error), kAuditUnavailable);
}

TEST(AppendCodecTest, P8_AClosedIntentWithoutItsOutcomeIsUnknown) {
  wire::AppendResult answer;
  answer.set_status(wire::APPEND_STATUS_INTENT_CLOSED);
  EXPECT_EQ(DecodeAppendResult(answer, 1, "").status, AppendStatus::kUnknown);
}

TEST(AppendCodecTest, P8_AFailureWithoutACauseIsStillAnError) {
  wire::AppendResult answer;
  answer.set_status(wire::APPEND_STATUS_FAILED);
  EXPECT_EQ(DecodeAppendResult(answer, 1, "").error.code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace keyward::rpc
