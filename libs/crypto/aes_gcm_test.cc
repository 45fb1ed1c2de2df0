// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/aes_gcm.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

struct Vector {
  const char* name;
  const char* key;
  const char* nonce;
  const char* associated_data;
  const char* plaintext;
  const char* ciphertext;
  const char* tag;
};

// The AES-256 cases with 96-bit nonces of McGrew and Viega, "The
// Galois/Counter Mode of Operation", appendix B, which NIST SP 800-38D refers
// to.
constexpr Vector kVectors[] = {
    {"13", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"14", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"15", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

std::string Bytes(const char* hex) { return HexDecode(hex).value(); }

SecretBuffer Key(const Vector& v) { return SecretBuffer::CopyOf(Bytes(v.key)); }

absl::Span<char> Out(std::string* out) {
  return absl::MakeSpan(&(*out)[0], out->size());
}

TEST(AesGcmTest, EncryptsThePublishedVectors) {
  for (const Vector& v : kVectors) {
    const std::string plaintext = Bytes(v.plaintext);
    std::string out(plaintext.size() + kAesGcmTagSize, '\0');
    ASSERT_EQ(AesGcmEncrypt(Key(v), Bytes(v.nonce), Bytes(v.associated_data),
                            plaintext, Out(&out)),
              absl::OkStatus());
    EXPECT_EQ(HexEncode(out), std::string(v.ciphertext) + v.tag) << v.name;
  }
}

TEST(AesGcmTest, DecryptsThePublishedVectors) {
  for (const Vector& v : kVectors) {
    const std::string sealed = Bytes(v.ciphertext) + Bytes(v.tag);
    std::string out(sealed.size() - kAesGcmTagSize, '\0');
    ASSERT_EQ(AesGcmDecrypt(Key(v), Bytes(v.nonce), Bytes(v.associated_data),
                            sealed, Out(&out)),
              absl::OkStatus())
        << v.name;
    EXPECT_EQ(HexEncode(out), v.plaintext) << v.name;
  }
}

TEST(AesGcmTest, AFailureLeavesNothingBehindForTheNextCall) {
  const Vector& v = kVectors[3];
  std::string out(60, '\0');
  const std::string forged(76, 'x');
  EXPECT_EQ(AesGcmDecrypt(Key(v), Bytes(v.nonce), "other", forged, Out(&out)),
            absl::DataLossError("authentication failed"));
  EXPECT_EQ(AesGcmDecrypt(Key(v), Bytes(v.nonce), Bytes(v.associated_data),
                          Bytes(v.ciphertext) + Bytes(v.tag), Out(&out)),
            absl::OkStatus());
}

TEST(AesGcmTest, ChangedTagOrAssociatedDataIsDataLoss) {
  const Vector& v = kVectors[3];
  const std::string sealed = Bytes(v.ciphertext) + Bytes(v.tag);
  std::string out(60, '\0');
  EXPECT_EQ(AesGcmDecrypt(Key(v), Bytes(v.nonce), "", sealed, Out(&out)).code(),
            absl::StatusCode::kDataLoss);
  std::string changed = sealed;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(AesGcmDecrypt(Key(v), Bytes(v.nonce), Bytes(v.associated_data),
                          changed, Out(&out))
                .code(),
            absl::StatusCode::kDataLoss);
}

TEST(AesGcmTest, RefusesWrongSizes) {
  const SecretBuffer key(32);
  const std::string nonce(12, '\0');
  std::string out(17, '\0');
  const auto encrypt = [&](const SecretBuffer& k, absl::string_view n,
                           absl::string_view plaintext) {
    return AesGcmEncrypt(k, n, "", plaintext, Out(&out)).code();
  };
  EXPECT_EQ(encrypt(key, nonce, "a"), absl::StatusCode::kOk);
  EXPECT_EQ(encrypt(SecretBuffer(31), nonce, "a"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(encrypt(SecretBuffer(33), nonce, "a"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(encrypt(key, nonce.substr(1), "a"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(encrypt(key, nonce + "x", "a"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(encrypt(key, nonce, "ab"), absl::StatusCode::kInvalidArgument);
}

TEST(AesGcmTest, DecryptRefusesWrongSizes) {
  const SecretBuffer key(32);
  const std::string nonce(12, '\0');
  std::string out(1, '\0');
  EXPECT_EQ(
      AesGcmDecrypt(key, nonce, "", std::string(15, 'x'), Out(&out)).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      AesGcmDecrypt(key, nonce, "", std::string(18, 'x'), Out(&out)).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      AesGcmDecrypt(key, "short", "", std::string(17, 'x'), Out(&out)).code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::crypto
