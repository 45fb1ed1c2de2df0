// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/history.h"

#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace keyward::fault {
namespace {

Operation Everything() {
  Operation operation;
  operation.caller = 12;
  operation.guest = true;
  operation.kind = Kind::kDestroy;
  operation.asked = 3;
  operation.allow_current = true;
  operation.start = 100;
  operation.end = 250;
  operation.outcome = Outcome::kCurrent;
  operation.number = 7;
  operation.value = 0xfedcba9876543210;
  operation.states = "EDX";
  return operation;
}

TEST(HistoryTest, AnOperationIsReadAsItWasWritten) {
  const Operation written = Everything();
  EXPECT_EQ(FormatOperation(written),
            "12 guest destroy asked=3 allow_current 100..250 current number=7 "
            "value=fedcba9876543210 states=EDX");
  const auto read = ParseOperation(FormatOperation(written));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == written);
}

TEST(HistoryTest, EveryKindAndOutcomeIsReadAsItWasWritten) {
  for (int kind = 0; kind <= static_cast<int>(Kind::kList); ++kind) {
    for (int end = 0; end <= static_cast<int>(Outcome::kUnknown); ++end) {
      Operation written;
      written.kind = static_cast<Kind>(kind);
      written.outcome = static_cast<Outcome>(end);
      written.end = kNever;
      const auto read = ParseOperation(FormatOperation(written));
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_TRUE(*read == written) << FormatOperation(written);
    }
  }
}

TEST(HistoryTest, WhatIsNoOperationIsRefused) {
  for (const char* line :
       {"", "1 owner read", "1 owner read 1..2", "1 nobody read 1..2 done",
        "1 owner sing 1..2 done", "1 owner read 1 2 done",
        "1 owner read 1..2 perhaps", "1 owner read 1..2 done color=red",
        "x owner read 1..2 done", "1 owner read 1.. done"}) {
    EXPECT_FALSE(ParseOperation(line).ok()) << line;
  }
}

TEST(HistoryTest, HistoriesAreReadAsTheyWereWritten) {
  const History first = {"a", {Everything(), Operation()}};
  const History second = {"b", {}};
  std::istringstream in(FormatHistory(first) + FormatHistory(second));
  const auto read = ParseHistories(in);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].secret, "a");
  EXPECT_TRUE((*read)[0].operations == first.operations);
  EXPECT_EQ((*read)[1].secret, "b");
  EXPECT_TRUE((*read)[1].operations.empty());
}

TEST(HistoryTest, AnOperationOfNoSecretIsRefusedWithItsLine) {
  std::istringstream in("secret a\n\n1 owner read 1..2 done\n");
  const auto read = ParseHistories(in);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().message(), "line 3: no secret is named");
}

}  // namespace
}  // namespace keyward::fault
