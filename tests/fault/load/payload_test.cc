// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/payload.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::fault {
namespace {

TEST(PayloadTest, AValueIsKnownByItsBytes) {
  for (const uint64_t value : {uint64_t{1}, uint64_t{0x1f}, ~uint64_t{0}}) {
    EXPECT_EQ(ValueOf("a", PayloadOf("a", value)), value);
  }
}

TEST(PayloadTest, BytesThatAreNotExactlyThoseOfAValueAreNone) {
  const std::string payload = PayloadOf("a", 77);
  EXPECT_EQ(ValueOf("b", payload), 0u) << "of another secret";
  for (size_t i = 0; i < payload.size(); ++i) {
    std::string changed = payload;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(ValueOf("a", changed), 0u) << i;
  }
  EXPECT_EQ(ValueOf("a", payload.substr(0, payload.size() - 1)), 0u);
  EXPECT_EQ(ValueOf("a", payload + " "), 0u);
  EXPECT_EQ(ValueOf("a", ""), 0u);
}

}  // namespace
}  // namespace keyward::fault
