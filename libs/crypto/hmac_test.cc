// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/hmac.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {
namespace {

std::string HexMac(const std::string& key, absl::string_view message) {
  return HexEncode(
      AsBytes(HmacSha256(SecretBuffer::CopyOf(key), message).value()));
}

TEST(HmacSha256Test, MatchesRfc4231) {
  EXPECT_EQ(HexMac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b"
            "881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexMac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a7"
            "2959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(
      HexMac(HexDecode("0102030405060708090a0b0c0d0e0f10111213141516171819")
                 .value(),
             std::string(50, '\xcd')),
      "82558a389a443c0ea4cc819899f2083a"
      "85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(HexMac(std::string(131, '\xaa'),
                   "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f"
            "8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256Test, RefusesAShortKey) {
  EXPECT_EQ(HmacSha256(SecretBuffer::CopyOf("Jefe"), "m").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HmacSha256(SecretBuffer(15), "m").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(HmacSha256(SecretBuffer(16), "m").ok());
  EXPECT_EQ(VerifyHmacSha256(SecretBuffer(), "m", "").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HmacSha256Test, OfAnEmptyMessageIsAMac) {
  EXPECT_NE(HexMac(std::string(32, 'k'), ""),
            HexMac(std::string(32, 'k'), "a"));
}

TEST(VerifyHmacSha256Test, AcceptsOnlyTheWholeMac) {
  const SecretBuffer key = SecretBuffer::CopyOf(std::string(32, 'k'));
  const Sha256Digest digest = HmacSha256(key, "message").value();
  const std::string mac(AsBytes(digest));
  EXPECT_EQ(VerifyHmacSha256(key, "message", mac), absl::OkStatus());
  for (size_t size = 0; size < mac.size(); ++size) {
    EXPECT_EQ(VerifyHmacSha256(key, "message", mac.substr(0, size)).code(),
              absl::StatusCode::kUnauthenticated);
  }
  EXPECT_EQ(VerifyHmacSha256(key, "message", mac + "x").code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(VerifyHmacSha256Test, RefusesEveryFlippedBit) {
  const SecretBuffer key = SecretBuffer::CopyOf(std::string(32, 'k'));
  const Sha256Digest digest = HmacSha256(key, "message").value();
  for (size_t bit = 0; bit < 8 * digest.size(); ++bit) {
    std::string mac(AsBytes(digest));
    mac[bit / 8] = static_cast<char>(mac[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(VerifyHmacSha256(key, "message", mac).code(),
              absl::StatusCode::kUnauthenticated);
  }
}

TEST(VerifyHmacSha256Test, RefusesAnotherMessageOrKey) {
  const SecretBuffer key = SecretBuffer::CopyOf(std::string(32, 'k'));
  const std::string mac(AsBytes(HmacSha256(key, "message").value()));
  EXPECT_EQ(VerifyHmacSha256(key, "messagf", mac).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyHmacSha256(SecretBuffer(32), "message", mac).code(),
            absl::StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace keyward::crypto
