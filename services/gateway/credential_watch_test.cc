// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/credential_watch.h"

#include <vector>

#include "gtest/gtest.h"

namespace keyward::gateway {
namespace {

class Holder : public CredentialHolder {
 public:
  void RecheckCredential() override { ++checks; }
  int checks = 0;
};

TEST(CredentialWatchTest, ChecksEachHolderOnceAfterAChange) {
  CredentialWatch watch;
  auto before = std::make_shared<Holder>();
  auto after = std::make_shared<Holder>();
  const auto first = watch.Add(before, 1);
  watch.Sweep(1);
  EXPECT_EQ(before->checks, 0);
  const auto second = watch.Add(after, 2);
  for (int i = 0; i < 3; ++i) watch.Sweep(2);
  EXPECT_EQ(before->checks, 1);
  EXPECT_EQ(after->checks, 0);
  watch.Sweep(3);
  EXPECT_EQ(before->checks, 2);
  EXPECT_EQ(after->checks, 1);
}

// It read the generation, and then took its time.
TEST(CredentialWatchTest, OneThatComesLateUnderAnOldGenerationIsChecked) {
  CredentialWatch watch;
  auto first = std::make_shared<Holder>();
  auto late = std::make_shared<Holder>();
  const auto one = watch.Add(first, 2);
  watch.Sweep(2);
  const auto two = watch.Add(late, 1);
  watch.Sweep(2);
  EXPECT_EQ(first->checks, 0);
  EXPECT_EQ(late->checks, 1);
}

TEST(CredentialWatchTest, ManyAreCheckedAFewAtATime) {
  CredentialWatch watch;
  const auto holder = std::make_shared<Holder>();
  std::vector<CredentialWatch::Registration> registrations;
  const int count = 3 * CredentialWatch::kMaxPerSweep;
  for (int i = 0; i < count; ++i) registrations.push_back(watch.Add(holder, 1));
  watch.Sweep(2);
  EXPECT_EQ(holder->checks, static_cast<int>(CredentialWatch::kMaxPerSweep));
  // A change in between begins again, and none is left out.
  for (int i = 0; i < 10; ++i) watch.Sweep(3);
  EXPECT_EQ(holder->checks,
            count + static_cast<int>(CredentialWatch::kMaxPerSweep));
}

TEST(CredentialWatchTest, OneThatIsGoneIsLeftAlone) {
  CredentialWatch watch;
  auto holder = std::make_shared<Holder>();
  auto registration = watch.Add(holder, 1);
  holder.reset();
  watch.Sweep(2);
  holder = std::make_shared<Holder>();
  registration = watch.Add(holder, 2);
  registration = {};
  watch.Sweep(3);
  EXPECT_EQ(holder->checks, 0);
}

}  // namespace
}  // namespace keyward::gateway
