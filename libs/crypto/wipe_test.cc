// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/wipe.h"

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

bool IsZero(const char* data, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (data[i] != 0) return false;
  }
  return true;
}

TEST(WipeBytesTest, OverwritesExactlyTheBytesGiven) {
  char bytes[] = "abcdef";
  WipeBytes(bytes + 1, 4);
  EXPECT_EQ(std::memcmp(bytes, "a\0\0\0\0f", 7), 0);
}

TEST(WipeBytesTest, OfNothingDoesNothing) { WipeBytes(nullptr, 0); }

TEST(WipeStringTest, OverwritesTheWholeCapacity) {
  std::string text(1000, 's');
  text.resize(10);  // The other 990 stay in memory.
  const char* data = text.data();
  const size_t capacity = text.capacity();
  WipeString(&text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), data);
  // Looks beyond the size, at memory that the string still owns.
  EXPECT_TRUE(IsZero(data, capacity));
}

TEST(WipeStringTest, OverwritesAShortStringInPlace) {
  std::string text = "hunter2";
  const char* data = text.data();
  WipeString(&text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.data(), data);
  EXPECT_TRUE(IsZero(data, 7));
}

TEST(WipeStringTest, OfAnEmptyStringDoesNothing) {
  std::string text;
  WipeString(&text);
  EXPECT_TRUE(text.empty());
}

TEST(WipingStringTest, WipesAtTheEndOfTheScope) {
  std::string text = "hunter2";
  {
    WipingString wiping(&text);
    EXPECT_EQ(text, "hunter2");
  }
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(IsZero(text.data(), 7));
}

}  // namespace
}  // namespace keyward::crypto
