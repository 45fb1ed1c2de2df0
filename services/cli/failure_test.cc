// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/failure.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::cli {
namespace {

TEST(FailureTest, ExitCodesTellDoneFailedAndUsageApart) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::NotFoundError("x")), 1);
  // A gateway's INVALID_ARGUMENT is a refusal; the command line made sense.
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("x")), 1);
  EXPECT_EQ(ExitCode(UsageError("x")), 2);
  EXPECT_EQ(ExitCode(NegativeResult()), 1);
}

TEST(FailureTest, FirstLineHasCodeReasonAndMessage) {
  EXPECT_EQ(FailureText(MakeError(absl::StatusCode::kAborted, kEtagMismatch,
                                  "the etag is another")),
            "keyward: ABORTED (ETAG_MISMATCH): the etag is another\n"
            "hint: it was changed meanwhile; look at it again, then repeat\n");
  EXPECT_EQ(FailureText(absl::InternalError("x")), "keyward: INTERNAL: x\n");
}

TEST(FailureTest, NothingIsSaidOfSuccessAndOfPrintedAnswers) {
  EXPECT_EQ(FailureText(absl::OkStatus()), "");
  EXPECT_EQ(FailureText(NegativeResult()), "");
}

TEST(FailureTest, UsageErrorsPointToHelp) {
  EXPECT_EQ(FailureText(UsageError("give a name")),
            "keyward: usage: give a name\n"
            "hint: --help shows how the command is used\n");
}

TEST(FailureTest, ACommandsOwnHintWins) {
  const absl::Status error =
      MakeError(absl::StatusCode::kPermissionDenied, kPermissionDenied, "no");
  EXPECT_TRUE(absl::StrContains(FailureText(error), "whoami"));
  EXPECT_EQ(FailureText(WithHint(error, "do that")),
            "keyward: PERMISSION_DENIED (PERMISSION_DENIED): no\n"
            "hint: do that\n");
  EXPECT_TRUE(WithHint(absl::OkStatus(), "x").ok());
}

TEST(FailureTest, AnUnknownOutcomeIsCalledSo) {
  const std::string text = FailureText(
      MakeError(absl::StatusCode::kUnavailable, kOutcomeUnknown, "no answer"));
  EXPECT_TRUE(absl::StrContains(text, "(OUTCOME_UNKNOWN)")) << text;
  EXPECT_TRUE(absl::StrContains(text, "may or may not have been made"));
}

TEST(FailureTest, SaysWhenToComeBack) {
  const absl::Status error = WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded, "slow"),
      absl::Seconds(5));
  EXPECT_TRUE(absl::StrContains(FailureText(error), "try again in 5s"));
}

// A name in an error message is text that somebody chose.
TEST(FailureTest, TextFromTheServerCannotForgeLines) {
  const std::string text =
      FailureText(absl::NotFoundError("a\nkeyward: OK\x1b[2J"));
  EXPECT_EQ(text, "keyward: NOT_FOUND: a\\x0akeyward: OK\\x1b[2J\n");
}

}  // namespace
}  // namespace keyward::cli
