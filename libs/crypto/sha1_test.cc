// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/sha1.h"

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// The examples of FIPS 180-4.
TEST(Sha1Test, MatchesThePublishedExamples) {
  EXPECT_EQ(HexEncode(Sha1OfSecret("").ExposeSecret()),
            "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(HexEncode(Sha1OfSecret("abc").ExposeSecret()),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(
      HexEncode(Sha1OfSecret(
                    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                    .ExposeSecret()),
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

}  // namespace
}  // namespace keyward::crypto
