// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// An unknown outcome that is taken for a refusal would make violations of what
// is right, and the reverse would hide them.

#include "tests/fault/load/outcome_of.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::fault {
namespace {

using Code = absl::StatusCode;

// The outcome of a change; "odd" counts as one.
std::string OfChange(const absl::Status& status) {
  std::string odd;
  const Outcome outcome = OutcomeOf(status, /*changes=*/true, &odd);
  if (!odd.empty()) return "odd";
  Operation operation;
  operation.outcome = outcome;
  const std::string line = FormatOperation(operation);
  return line.substr(line.rfind(' ') + 1);
}

std::string OfChange(Code code, const char* reason) {
  return OfChange(MakeError(code, reason, "as a test says"));
}

TEST(OutcomeOfTest, WhatIsDoneIsDone) {
  EXPECT_EQ(OfChange(absl::OkStatus()), "done");
}

TEST(OutcomeOfTest, RefusalsTellTheStateThatTheyAreFor) {
  EXPECT_EQ(OfChange(Code::kPermissionDenied, kPermissionDenied), "denied");
  EXPECT_EQ(OfChange(Code::kNotFound, kNotFound), "notfound");
  EXPECT_EQ(OfChange(Code::kFailedPrecondition, kVersionDisabled), "disabled");
  EXPECT_EQ(OfChange(Code::kFailedPrecondition, kVersionDestroyed),
            "destroyed");
  EXPECT_EQ(OfChange(Code::kFailedPrecondition, kVersionCurrent), "current");
}

TEST(OutcomeOfTest, UnavailableForAReasonMeansThatNothingHappened) {
  for (const char* reason :
       {kAuditUnavailable, kStoreUnavailable, kPolicyUnavailable, kIntentBarred,
        kShuttingDown, kDeadlineTooShort}) {
    EXPECT_EQ(OfChange(Code::kUnavailable, reason), "refused") << reason;
  }
  EXPECT_EQ(OfChange(Code::kResourceExhausted, kQuotaExceeded), "refused");
  EXPECT_EQ(OfChange(Code::kDeadlineExceeded, kDeadlineTooShort), "refused");
}

TEST(OutcomeOfTest, WhatIsCalledUnknownIsUnknown) {
  EXPECT_EQ(OfChange(Code::kUnavailable, kOutcomeUnknown), "unknown");
  EXPECT_EQ(OfChange(Code::kUnavailable, kNotYetInForce), "unknown");
}

TEST(OutcomeOfTest, ABrokenConnectionTellsNothing) {
  for (const Code code :
       {Code::kUnavailable, Code::kCancelled, Code::kDeadlineExceeded}) {
    const absl::Status broken(code, "Socket closed");
    EXPECT_EQ(OfChange(broken), "unknown") << broken;
    std::string odd;
    EXPECT_EQ(OutcomeOf(broken, /*changes=*/false, &odd), Outcome::kRefused);
    EXPECT_EQ(odd, "");
  }
}

TEST(OutcomeOfTest, WhatTheContractsDoNotHaveIsOdd) {
  EXPECT_EQ(OfChange(absl::DataLossError("a value")), "odd");
  EXPECT_EQ(OfChange(Code::kInternal, kInternalError), "odd");
  EXPECT_EQ(OfChange(Code::kDataLoss, kInternalError), "odd");
  EXPECT_EQ(OfChange(Code::kUnauthenticated, kUnauthenticated), "odd");
  EXPECT_EQ(OfChange(Code::kFailedPrecondition, kSecretDeleted), "odd");
  EXPECT_EQ(OfChange(Code::kAborted, kEtagMismatch), "odd");
}

TEST(OutcomeOfTest, AReadHasNoUnknownOutcome) {
  std::string odd;
  OutcomeOf(MakeError(Code::kUnavailable, kOutcomeUnknown, ""),
            /*changes=*/false, &odd);
  EXPECT_NE(odd, "");
}

}  // namespace
}  // namespace keyward::fault
