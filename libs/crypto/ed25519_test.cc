// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/ed25519.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

std::string Bytes(const char* hex) { return HexDecode(hex).value(); }

std::unique_ptr<Ed25519Signer> SignerOf(const Vector& v) {
  return Ed25519Signer::FromSeed(SecretBuffer::CopyOf(Bytes(v.seed))).value();
}

TEST(Ed25519Test, SignsAsRfc8032) {
  for (const Vector& v : kVectors) {
    const auto signer = SignerOf(v);
    EXPECT_EQ(HexEncode(signer->public_key()), v.public_key);
    EXPECT_EQ(HexEncode(signer->Sign(Bytes(v.message)).value()), v.signature);
  }
}

TEST(Ed25519Test, VerifiesRfc8032) {
  for (const Vector& v : kVectors) {
    EXPECT_EQ(VerifyEd25519(Bytes(v.public_key), Bytes(v.message),
                            Bytes(v.signature)),
              absl::OkStatus());
  }
}

// The example of the C2SP signed note specification.
TEST(Ed25519Test, VerifiesASignedNote) {
  std::string key;
  ASSERT_TRUE(absl::Base64Unescape(
      "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", &key));
  std::string signature;
  ASSERT_TRUE(absl::Base64Unescape(
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
      "RKuwHjG1Yu72IneyaQM=",
      &signature));
  // Without the type byte and the key id.
  EXPECT_EQ(VerifyEd25519(absl::string_view(key).substr(1),
                          "This is an example message.\n",
                          absl::string_view(signature).substr(4)),
            absl::OkStatus());
}

TEST(Ed25519Test, EveryFlippedBitIsRefused) {
  const Vector& v = kVectors[1];
  const std::string signature = Bytes(v.signature);
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    std::string changed = signature;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(
        VerifyEd25519(Bytes(v.public_key), Bytes(v.message), changed).code(),
        absl::StatusCode::kUnauthenticated)
        << bit;
  }
}

TEST(Ed25519Test, AnotherMessageOrKeyIsRefused) {
  const Vector& v = kVectors[1];
  EXPECT_EQ(VerifyEd25519(Bytes(v.public_key), "s", Bytes(v.signature)).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyEd25519(Bytes(kVectors[0].public_key), Bytes(v.message),
                          Bytes(v.signature))
                .code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(Ed25519Test, ASignatureOfAnotherSizeIsRefused) {
  const Vector& v = kVectors[1];
  const std::string signature = Bytes(v.signature);
  for (const std::string& other :
       {std::string(), signature.substr(1), signature + "x"}) {
    EXPECT_EQ(
        VerifyEd25519(Bytes(v.public_key), Bytes(v.message), other).code(),
        absl::StatusCode::kUnauthenticated);
  }
}

// S above the group order is a second signature of the same message to a
// verifier that does not check it (RFC 8032, section 5.1.7).
TEST(Ed25519Test, ASignatureWithoutReducedSIsRefused) {
  const Vector& v = kVectors[0];
  std::string signature = Bytes(v.signature);
  const std::string order =
      Bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned char>(signature[32 + i]) +
             static_cast<unsigned char>(order[i]);
    signature[32 + i] = static_cast<char>(carry);
    carry >>= 8;
  }
  EXPECT_EQ(
      VerifyEd25519(Bytes(v.public_key), Bytes(v.message), signature).code(),
      absl::StatusCode::kUnauthenticated);
}

TEST(Ed25519Test, KeysOfOtherSizesAreInvalid) {
  for (const size_t size : {0, 31, 33, 64}) {
    EXPECT_EQ(Ed25519Signer::FromSeed(SecretBuffer(size)).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(
        VerifyEd25519(std::string(size, 'k'), "m", std::string(64, 's')).code(),
        absl::StatusCode::kInvalidArgument);
  }
}

TEST(Ed25519Test, NewSeedsAreRandomAndUsable) {
  FakeRandom random;
  const SecretBuffer seed = NewEd25519Seed(random).value();
  EXPECT_EQ(seed.size(), kEd25519SeedSize);
  EXPECT_FALSE(seed.Equals(NewEd25519Seed(random).value()));
  const auto signer = Ed25519Signer::FromSeed(seed).value();
  EXPECT_EQ(VerifyEd25519(signer->public_key(), "m", signer->Sign("m").value()),
            absl::OkStatus());
  random.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(NewEd25519Seed(random).status(), absl::InternalError("broken"));
}

}  // namespace
}  // namespace keyward::crypto
