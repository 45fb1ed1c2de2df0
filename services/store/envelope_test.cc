// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/envelope.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/fake_random.h"

namespace keyward::store {
namespace {

using crypto::FakeRandom;
using crypto::SecretBuffer;

const SecretBuffer& Kek(char fill) {
  static const auto* const first =
      new SecretBuffer(SecretBuffer::CopyOf(std::string(32, 'k')));
  static const auto* const second =
      new SecretBuffer(SecretBuffer::CopyOf(std::string(32, 'm')));
  return fill == 'k' ? *first : *second;
}

VersionBinding Version() {
  return {"installation-16b", "projects/p/secrets/s", "uid1", 7};
}
KeyBinding Key() { return {"projects/p/keys/default", "kuid", 3}; }

SealedVersion Seal(absl::string_view payload) {
  FakeRandom random;
  auto sealed = SealVersion(Version(), Key(), Kek('k'), payload, random);
  EXPECT_TRUE(sealed.ok()) << sealed.status();
  return *sealed;
}

absl::StatusCode Opens(const VersionBinding& version, const KeyBinding& key,
                       const SealedVersion& sealed) {
  return OpenVersion(version, key, Kek('k'), sealed.wrapped_data_key,
                     sealed.sealed_payload)
      .status()
      .code();
}

TEST(EnvelopeTest, WhatIsSealedOpens) {
  const SealedVersion sealed = Seal("hunter2");
  auto opened = OpenVersion(Version(), Key(), Kek('k'), sealed.wrapped_data_key,
                            sealed.sealed_payload);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->data(), "hunter2");
  EXPECT_EQ(opened->crc32c, crypto::Crc32c("hunter2"));
}

TEST(EnvelopeTest, TheLargestPayloadOpensAndALargerOneIsNotSealed) {
  const std::string largest(kMaxPayloadBytes, 'x');
  EXPECT_EQ(Opens(Version(), Key(), Seal(largest)), absl::StatusCode::kOk);
  FakeRandom random;
  for (const std::string& bad : {largest + "x", std::string()}) {
    EXPECT_EQ(
        SealVersion(Version(), Key(), Kek('k'), bad, random).status().code(),
        absl::StatusCode::kInternal);
  }
}

// FORMAT.md shows these bytes.
TEST(EnvelopeTest, AssociatedDataHasItsDocumentedBytes) {
  const std::string version = "00000010" + HexEncode("installation-16b") +
                              "00000014" + HexEncode("projects/p/secrets/s") +
                              "00000004" + HexEncode("uid1") + "00000008" +
                              "0000000000000007";
  EXPECT_EQ(HexEncode(PayloadAssociatedData(Version())),
            "00000011" + HexEncode("keyward/payload/1") + version);
  EXPECT_EQ(HexEncode(DataKeyAssociatedData(Version(), Key())),
            "00000012" + HexEncode("keyward/data-key/1") + version +
                "00000017" + HexEncode("projects/p/keys/default") + "00000004" +
                HexEncode("kuid") + "00000008" + "0000000000000003");
}

// FORMAT.md shows them; computed apart from this code.
TEST(EnvelopeTest, BoxesHaveTheirDocumentedBytes) {
  FakeRandom random;
  random.Queue(std::string(32, 'd') + "payloadnonce" + "wrap-a-nonce");
  auto sealed = SealVersion(Version(), Key(), Kek('k'), "hunter2", random);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(HexEncode(sealed->sealed_payload),
            "7061796c6f61646e6f6e6365e04fb81f317b0e206a3480937b2b6e868c916f0ed8"
            "598d8cfb938b");
  EXPECT_EQ(HexEncode(sealed->wrapped_data_key),
            "777261702d612d6e6f6e6365693e741597a067f8f7b323589a78bf2d51a4c736ad"
            "90155cfcd518a690e846cde7547188b111d8e2ef9344d450462f33");
}

TEST(EnvelopeTest, P6_NothingOpensAsAnotherVersion) {
  const SealedVersion sealed = Seal("hunter2");
  VersionBinding other = Version();
  other.installation_id = "installation-16c";
  EXPECT_EQ(Opens(other, Key(), sealed), absl::StatusCode::kDataLoss);
  other = Version();
  other.secret_name = "projects/p/secrets/t";
  EXPECT_EQ(Opens(other, Key(), sealed), absl::StatusCode::kDataLoss);
  other = Version();
  other.secret_uid = "uid2";
  EXPECT_EQ(Opens(other, Key(), sealed), absl::StatusCode::kDataLoss);
  other = Version();
  other.number = 8;
  EXPECT_EQ(Opens(other, Key(), sealed), absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, P6_NothingOpensUnderAnotherKeysName) {
  const SealedVersion sealed = Seal("hunter2");
  KeyBinding other = Key();
  other.name = "projects/p/keys/other";
  EXPECT_EQ(Opens(Version(), other, sealed), absl::StatusCode::kDataLoss);
  other = Key();
  other.uid = "kuie";
  EXPECT_EQ(Opens(Version(), other, sealed), absl::StatusCode::kDataLoss);
  other = Key();
  other.version = 4;
  EXPECT_EQ(Opens(Version(), other, sealed), absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, P6_AMovedPayloadDoesNotOpenWithAnothersDataKey) {
  FakeRandom random;
  VersionBinding other = Version();
  other.number = 8;
  auto second = SealVersion(other, Key(), Kek('k'), "other", random);
  ASSERT_TRUE(second.ok());
  const SealedVersion first = Seal("hunter2");
  EXPECT_EQ(
      Opens(Version(), Key(), {first.wrapped_data_key, second->sealed_payload}),
      absl::StatusCode::kDataLoss);
  EXPECT_EQ(
      Opens(Version(), Key(), {second->wrapped_data_key, first.sealed_payload}),
      absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, P6_ADataKeyIsGoodOnlyWhereItBelongs) {
  const SealedVersion sealed = Seal("hunter2");
  EXPECT_TRUE(
      CheckDataKey(Version(), Key(), Kek('k'), sealed.wrapped_data_key).ok());
  VersionBinding other = Version();
  other.number = 8;
  EXPECT_EQ(
      CheckDataKey(other, Key(), Kek('k'), sealed.wrapped_data_key).code(),
      absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, P6_EveryFlippedByteIsRefused) {
  const SealedVersion good = Seal("pin");
  for (size_t i = 0; i < good.sealed_payload.size(); ++i) {
    SealedVersion bad = good;
    bad.sealed_payload[i] ^= 1;
    EXPECT_EQ(Opens(Version(), Key(), bad), absl::StatusCode::kDataLoss) << i;
  }
  for (size_t i = 0; i < good.wrapped_data_key.size(); ++i) {
    SealedVersion bad = good;
    bad.wrapped_data_key[i] ^= 1;
    EXPECT_EQ(Opens(Version(), Key(), bad), absl::StatusCode::kDataLoss) << i;
  }
}

TEST(EnvelopeTest, EveryTruncationIsRefused) {
  const SealedVersion good = Seal("pin");
  for (size_t size = 0; size < good.sealed_payload.size(); ++size) {
    EXPECT_EQ(
        Opens(Version(), Key(),
              {good.wrapped_data_key, good.sealed_payload.substr(0, size)}),
        absl::StatusCode::kDataLoss)
        << size;
  }
}

TEST(EnvelopeTest, AWrappedKeyIsNoPayload) {
  const SealedVersion sealed = Seal("pin");
  EXPECT_EQ(Opens(Version(), Key(),
                  {sealed.wrapped_data_key, sealed.wrapped_data_key}),
            absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, ARewrappedKeyOpensTheSamePayloadUnderTheNewKeyOnly) {
  const SealedVersion sealed = Seal("hunter2");
  FakeRandom random(9);
  KeyBinding next = Key();
  next.version = 4;
  auto rewrapped = RewrapDataKey(Version(), Key(), Kek('k'), next, Kek('m'),
                                 sealed.wrapped_data_key, random);
  ASSERT_TRUE(rewrapped.ok()) << rewrapped.status();
  auto opened =
      OpenVersion(Version(), next, Kek('m'), *rewrapped, sealed.sealed_payload);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->data(), "hunter2");
  EXPECT_EQ(Opens(Version(), Key(), {*rewrapped, sealed.sealed_payload}),
            absl::StatusCode::kDataLoss);
}

TEST(EnvelopeTest, ABrokenGeneratorSealsNothing) {
  FakeRandom random;
  random.FailWith(absl::InternalError("no entropy"));
  EXPECT_EQ(
      SealVersion(Version(), Key(), Kek('k'), "pin", random).status().code(),
      absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace keyward::store
