// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/sha256.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"

namespace keyward::crypto {
namespace {

std::string Hex(const Sha256Digest& digest) {
  return HexEncode(AsBytes(digest));
}

// The examples of FIPS 180-4.
constexpr char kOfNothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kTwoBlocks[] =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr char kOfTwoBlocks[] =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr char kOfAMillionAs[] =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, MatchesThePublishedExamples) {
  EXPECT_EQ(Hex(Sha256("")), kOfNothing);
  EXPECT_EQ(Hex(Sha256("abc")), kOfAbc);
  EXPECT_EQ(Hex(Sha256(kTwoBlocks)), kOfTwoBlocks);
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))), kOfAMillionAs);
}

TEST(Sha256Test, OfPartsIsThatOfTheirConcatenation) {
  EXPECT_EQ(Hex(Sha256({"a", "", "bc"})), kOfAbc);
  EXPECT_EQ(Hex(Sha256({absl::string_view()})), kOfNothing);
}

TEST(Sha256Test, CallsOfOneThreadDoNotDependOnEachOther) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Hex(Sha256("abc")), kOfAbc);
    EXPECT_EQ(Hex(Sha256("")), kOfNothing);
  }
}

TEST(Sha256Test, ThreadsDoNotShareAContext) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      const std::string mine(1000, static_cast<char>('a' + t));
      const Sha256Digest expected = Sha256(mine);
      for (int i = 0; i < 1000; ++i) EXPECT_EQ(Sha256(mine), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Sha256HasherTest, HashesPiecesOfAnySize) {
  Sha256Hasher hasher;
  const std::string a(1'000'000, 'a');
  for (size_t i = 0, n = 1; i < a.size(); i += n, n = n * 3 % 1001 + 1) {
    hasher.Update(absl::string_view(a).substr(i, n));
  }
  EXPECT_EQ(Hex(hasher.Finish()), kOfAMillionAs);
}

TEST(Sha256HasherTest, StartsAnewAfterFinish) {
  Sha256Hasher hasher;
  EXPECT_EQ(Hex(hasher.Finish()), kOfNothing);
  hasher.Update("abc");
  EXPECT_EQ(Hex(hasher.Finish()), kOfAbc);
  EXPECT_EQ(Hex(hasher.Finish()), kOfNothing);
}

TEST(Sha256HasherTest, MovesWithItsState) {
  Sha256Hasher a;
  a.Update("ab");
  Sha256Hasher b = std::move(a);
  b.Update("c");
  EXPECT_EQ(Hex(b.Finish()), kOfAbc);
}

}  // namespace
}  // namespace keyward::crypto
