// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/secret_buffer.h"

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

using std::string_literals::operator""s;

template <typename T, typename = void>
struct IsPrintable : std::false_type {};
template <typename T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>()
                                           << std::declval<const T&>())>>
    : std::true_type {};

TEST(SecretBufferTest, P5_CannotBePrintedFormattedOrCopied) {
  static_assert(IsPrintable<int>::value);
  static_assert(!IsPrintable<SecretBuffer>::value);
  static_assert(!std::is_constructible_v<absl::AlphaNum, SecretBuffer&>);
  static_assert(!std::is_convertible_v<SecretBuffer, absl::string_view>);
  static_assert(!std::is_convertible_v<SecretBuffer, std::string>);
  static_assert(!std::is_copy_constructible_v<SecretBuffer>);
  static_assert(!std::is_copy_assignable_v<SecretBuffer>);
  static_assert(std::is_nothrow_move_constructible_v<SecretBuffer>);
  static_assert(std::is_nothrow_move_assignable_v<SecretBuffer>);
  // What gtest shows of one in a failed expectation.
  const SecretBuffer buffer = SecretBuffer::CopyOf("hunter2");
  EXPECT_EQ(testing::PrintToString(buffer).find("hunter2"), std::string::npos);
}

TEST(SecretBufferTest, StartsEmpty) {
  const SecretBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.ExposeSecret(), "");
}

TEST(SecretBufferTest, OfASizeIsZero) {
  const SecretBuffer buffer(5);
  EXPECT_EQ(buffer.ExposeSecret(), "\0\0\0\0\0"s);
}

TEST(SecretBufferTest, CopyOfHoldsTheBytesAndLeavesTheSource) {
  const std::string source = "a\0b"s;
  const SecretBuffer buffer = SecretBuffer::CopyOf(source);
  EXPECT_EQ(buffer.ExposeSecret(), source);
  EXPECT_EQ(buffer.size(), 3u);
}

TEST(SecretBufferTest, P5_TakeFromWipesTheSource) {
  std::string source = "hunter2 and some more, beyond the inline capacity";
  const std::string copy = source;
  const char* const data = source.data();
  const SecretBuffer buffer = SecretBuffer::TakeFrom(&source);
  EXPECT_EQ(buffer.ExposeSecret(), copy);
  EXPECT_TRUE(source.empty());
  ASSERT_EQ(source.data(), data);
  EXPECT_EQ(data[1], '\0');
}

TEST(SecretBufferTest, WrittenThroughTheMutableView) {
  SecretBuffer buffer(3);
  buffer.MutableSecret()[1] = 'x';
  EXPECT_EQ(buffer.ExposeSecret(), "\0x\0"s);
}

TEST(SecretBufferTest, MoveLeavesTheSourceEmpty) {
  SecretBuffer a = SecretBuffer::CopyOf("secret");
  SecretBuffer b = std::move(a);
  EXPECT_EQ(b.ExposeSecret(), "secret");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  a = std::move(b);
  EXPECT_EQ(a.ExposeSecret(), "secret");
  EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SecretBufferTest, SelfMoveKeepsTheContent) {
  SecretBuffer a = SecretBuffer::CopyOf("secret");
  SecretBuffer& same = a;
  a = std::move(same);
  EXPECT_EQ(a.ExposeSecret(), "secret");
}

TEST(SecretBufferTest, CloneIsIndependent) {
  SecretBuffer a = SecretBuffer::CopyOf("secret");
  const SecretBuffer b = a.Clone();
  a.MutableSecret()[0] = 'S';
  EXPECT_EQ(b.ExposeSecret(), "secret");
}

TEST(SecretBufferTest, P5_TruncateWipesTheRest) {
  SecretBuffer buffer = SecretBuffer::CopyOf("secret");
  const char* const data = buffer.ExposeSecret().data();
  buffer.Truncate(3);
  EXPECT_EQ(buffer.ExposeSecret(), "sec");
  EXPECT_EQ(absl::string_view(data, 6), "sec\0\0\0"s);
  buffer.Truncate(10);
  EXPECT_EQ(buffer.size(), 3u);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(SecretBufferTest, P5_DestructionAndAssignmentWipe) {
  const char* data = nullptr;
  {
    const SecretBuffer buffer = SecretBuffer::CopyOf("secret");
    data = buffer.ExposeSecret().data();
  }
  // The arena keeps the block mapped; nothing has used it since.
  EXPECT_EQ(absl::string_view(data, 6), "\0\0\0\0\0\0"s);
  SecretBuffer assigned = SecretBuffer::CopyOf("secret");
  data = assigned.ExposeSecret().data();
  assigned = SecretBuffer();
  EXPECT_EQ(absl::string_view(data, 6), "\0\0\0\0\0\0"s);
}
#endif

TEST(SecretBufferTest, EqualsComparesContents) {
  const SecretBuffer a = SecretBuffer::CopyOf("secret");
  EXPECT_TRUE(a.Equals(SecretBuffer::CopyOf("secret")));
  EXPECT_TRUE(a.Equals("secret"));
  EXPECT_FALSE(a.Equals("secreT"));
  EXPECT_FALSE(a.Equals("secre"));
  EXPECT_FALSE(a.Equals(SecretBuffer()));
  EXPECT_TRUE(SecretBuffer().Equals(SecretBuffer()));
}

TEST(SecretBufferDeathTest, ImpossibleSizeEndsTheProcess) {
  EXPECT_DEATH(SecretBuffer(SecretBuffer::kMaxSize + 1), "impossible size");
}

TEST(MemoryLockStatusTest, CountsTheMemoryOfSecrets) {
  const SecretBuffer buffer(200'000);
  EXPECT_GE(MemoryLockStatus().mapped_bytes, 200'000u);
}

}  // namespace
}  // namespace keyward::crypto
