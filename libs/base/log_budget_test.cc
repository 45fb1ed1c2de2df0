// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/log_budget.h"

#include "gtest/gtest.h"

namespace keyward {
namespace {

TEST(LogBudgetTest, BoundsTheLinesOfASecondAndCountsTheOthers) {
  LogBudget budget(2);
  EXPECT_EQ(budget.Take(100), 0u);
  EXPECT_EQ(budget.Take(100), 0u);
  EXPECT_EQ(budget.Take(100), absl::nullopt);
  EXPECT_EQ(budget.Take(100), absl::nullopt);
  EXPECT_EQ(budget.Take(101), 2u);
  EXPECT_EQ(budget.Take(101), 0u);
  EXPECT_EQ(budget.Take(101), absl::nullopt);
}

// A clock that was set back must not silence the log until it has caught up.
TEST(LogBudgetTest, AnotherSecondIsANewBudgetWhicheverItIs) {
  LogBudget budget(1);
  EXPECT_EQ(budget.Take(100), 0u);
  EXPECT_EQ(budget.Take(100), absl::nullopt);
  EXPECT_EQ(budget.Take(7), 1u);
}

}  // namespace
}  // namespace keyward
