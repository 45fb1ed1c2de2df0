// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/address_lookup.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"

namespace keyward::target {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;

class AddressLookupTest : public ::testing::Test {
 protected:
  SteadyTime In(absl::Duration time) { return clock_.SteadyNow() + time; }

  const SystemClock clock_;
};

TEST_F(AddressLookupTest, AnAddressIsItsOwn) {
  for (const std::string host : {"192.0.2.7", "2001:db8::1"}) {
    const auto addresses = LookUpAddresses(host, clock_, In(absl::Seconds(9)));
    ASSERT_TRUE(addresses.ok()) << addresses.status();
    EXPECT_THAT(*addresses, ElementsAre(host));
  }
}

TEST_F(AddressLookupTest, ANameHasThoseThatTheSystemKnows) {
  const auto addresses =
      LookUpAddresses("localhost", clock_, In(absl::Seconds(60)));
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  ASSERT_FALSE(addresses->empty());
  EXPECT_THAT(*addresses, Each(AnyOf("127.0.0.1", "::1")));
}

TEST_F(AddressLookupTest, NobodyIsWaitedForPastTheDeadline) {
  const auto addresses =
      LookUpAddresses("localhost", clock_, In(-absl::Seconds(1)));
  EXPECT_EQ(addresses.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(AddressLookupTest, ANameWithoutAddressIsUnavailable) {
  // RFC 6761: a resolver answers for it without asking anyone, or is not
  // reached at all.
  const auto addresses =
      LookUpAddresses("keyward.invalid", clock_, In(absl::Seconds(60)));
  EXPECT_EQ(addresses.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(AddressLookupTest, NothingElseIsAHost) {
  for (const std::string& host :
       {std::string(), std::string("a,b"), std::string("/run/postgresql"),
        std::string("@abstract"), std::string("a b"), std::string("a=b"),
        std::string("-option"), std::string(".a"), std::string("fe80::1%eth0"),
        std::string("a\0b", 3), std::string("a\n"), std::string(254, 'a')}) {
    EXPECT_FALSE(IsHost(host)) << host;
    EXPECT_EQ(
        LookUpAddresses(host, clock_, In(absl::Seconds(9))).status().code(),
        absl::StatusCode::kInvalidArgument)
        << host;
  }
  EXPECT_TRUE(IsHost("db-1.example_x.com"));
  EXPECT_TRUE(IsHost(std::string(253, 'a')));
}

}  // namespace
}  // namespace keyward::target
