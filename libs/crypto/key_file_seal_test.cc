// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/key_file_seal.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

using testing::HasSubstr;

constexpr SealLabel kLabels[] = {SealLabel::kStore, SealLabel::kAudit,
                                 SealLabel::kCertificateAuthority};

// The root key of FORMAT.md's examples: the bytes 00 to 1f.
RootKey ExampleRoot(
    const std::string& id = "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1") {
  RootKey root;
  root.installation_id = id;
  root.key = SecretBuffer(kRootKeySize);
  for (size_t i = 0; i < kRootKeySize; ++i) {
    root.key.MutableSecret()[i] = static_cast<char>(i);
  }
  return root;
}

// The worked example of FORMAT.md: the key 80 to 9f, wrapped for the store
// with the associated data of the single part "example".
constexpr char kGolden[] =
    "01"
    "35222460c64d915e"
    "cafebabefacedbaddecaf888"
    "ccb4e219ed88c24d019f290ab0efba2468984e1160ac3d28aa1406906bc13923"
    "25e63baa1c1979d319d543ecf7773eba";

SecretBuffer GoldenKey() {
  SecretBuffer key(32);
  for (int i = 0; i < 32; ++i) {
    key.MutableSecret()[i] = static_cast<char>(0x80 + i);
  }
  return key;
}

class KeyFileSealTest : public testing::Test {
 protected:
  std::unique_ptr<KeyFileSeal> SealOf(const RootKey& root) {
    return KeyFileSeal::Create(root, &random_).value();
  }

  absl::StatusCode UnwrapCode(absl::string_view wrapped) {
    return seal_->Unwrap(SealLabel::kStore, place_, wrapped).status().code();
  }

  FakeRandom random_;
  const std::unique_ptr<KeyFileSeal> seal_ = SealOf(ExampleRoot());
  const std::string place_ = LengthPrefixed().Add("example").bytes();
};

TEST(SealLabelTest, TextsAreThoseOfTheFormat) {
  EXPECT_EQ(SealLabelText(SealLabel::kStore), "keyward/store");
  EXPECT_EQ(SealLabelText(SealLabel::kAudit), "keyward/audit");
  EXPECT_EQ(SealLabelText(SealLabel::kCertificateAuthority), "keyward/ca");
}

TEST_F(KeyFileSealTest, WrapsTheGoldenBytes) {
  random_.Queue(HexDecode("cafebabefacedbaddecaf888").value());
  EXPECT_EQ(
      HexEncode(seal_->Wrap(SealLabel::kStore, place_, GoldenKey()).value()),
      kGolden);
}

TEST_F(KeyFileSealTest, UnwrapsTheGoldenBytes) {
  EXPECT_TRUE(
      seal_->Unwrap(SealLabel::kStore, place_, HexDecode(kGolden).value())
          ->Equals(GoldenKey()));
}

TEST_F(KeyFileSealTest, UnwrapsWhatItWrappedOfAnySize) {
  for (const SealLabel label : kLabels) {
    for (const size_t size : {size_t{1}, size_t{32}, kMaxWrappedKey}) {
      const SecretBuffer key = SecretBuffer::CopyOf(std::string(size, 'k'));
      const std::string wrapped = seal_->Wrap(label, place_, key).value();
      EXPECT_TRUE(seal_->Unwrap(label, place_, wrapped)->Equals(key));
    }
  }
}

TEST_F(KeyFileSealTest, TellsTheInstallation) {
  EXPECT_EQ(seal_->installation_id(), "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1");
}

TEST_F(KeyFileSealTest, P6_AnotherPlaceIsDataLoss) {
  EXPECT_EQ(
      seal_->Unwrap(SealLabel::kStore, place_ + "x", HexDecode(kGolden).value())
          .status()
          .code(),
      absl::StatusCode::kDataLoss);
}

TEST_F(KeyFileSealTest, P6_AnotherServicesKeyIsRefused) {
  const std::string wrapped =
      seal_->Wrap(SealLabel::kAudit, place_, GoldenKey()).value();
  const absl::Status status =
      seal_->Unwrap(SealLabel::kStore, place_, wrapped).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  // Even under the right name: the key itself is another.
  std::string renamed = HexDecode(kGolden).value().substr(0, 9);
  renamed += wrapped.substr(9);
  EXPECT_EQ(UnwrapCode(renamed), absl::StatusCode::kDataLoss);
}

TEST_F(KeyFileSealTest, AnotherRootKeyIsNamedAsTheReason) {
  RootKey other = ExampleRoot();
  other.key.MutableSecret()[31] ^= 1;
  const std::string wrapped =
      SealOf(other)->Wrap(SealLabel::kStore, place_, GoldenKey()).value();
  const absl::Status status =
      seal_->Unwrap(SealLabel::kStore, place_, wrapped).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not of this root key"));
}

TEST_F(KeyFileSealTest, P6_AnotherInstallationWithTheSameKeyIsRefused) {
  const std::string wrapped =
      SealOf(ExampleRoot("6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f2"))
          ->Wrap(SealLabel::kStore, place_, GoldenKey())
          .value();
  EXPECT_EQ(UnwrapCode(wrapped), absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeyFileSealTest, P6_EveryFlippedBitIsRefused) {
  const std::string golden = HexDecode(kGolden).value();
  for (size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    std::string changed = golden;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    // The format and the key's id are compared; the rest is authenticated.
    EXPECT_EQ(UnwrapCode(changed), bit / 8 < 9
                                       ? absl::StatusCode::kFailedPrecondition
                                       : absl::StatusCode::kDataLoss)
        << bit;
  }
}

TEST_F(KeyFileSealTest, EveryTruncationIsDataLoss) {
  const std::string golden = HexDecode(kGolden).value();
  for (size_t size = 0; size < golden.size(); ++size) {
    EXPECT_EQ(UnwrapCode(golden.substr(0, size)), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(UnwrapCode(golden + std::string(5000, 'x')),
            absl::StatusCode::kDataLoss);
}

TEST_F(KeyFileSealTest, NewerFormatIsNamed) {
  const absl::Status status =
      seal_->Unwrap(SealLabel::kStore, place_, "\x02 and more").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the format 2"));
}

TEST_F(KeyFileSealTest, RefusesEmptyAssociatedDataAndSizesOutOfBounds) {
  const auto code = [this](absl::string_view place, size_t size) {
    return seal_->Wrap(SealLabel::kStore, place, SecretBuffer(size))
        .status()
        .code();
  };
  EXPECT_EQ(code("", 32), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(place_, 0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(place_, kMaxWrappedKey + 1),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(seal_->Unwrap(SealLabel::kStore, "", HexDecode(kGolden).value())
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(KeyFileSealTest, NothingIsWrappedWithABrokenGenerator) {
  random_.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(seal_->Wrap(SealLabel::kStore, place_, GoldenKey()).status(),
            absl::InternalError("broken"));
}

TEST_F(KeyFileSealTest, RefusesARootKeyThatIsNone) {
  EXPECT_EQ(KeyFileSeal::Create(RootKey(), &random_).status().code(),
            absl::StatusCode::kInvalidArgument);
  RootKey root = ExampleRoot();
  root.key.Truncate(31);
  EXPECT_EQ(KeyFileSeal::Create(root, &random_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(KeyFileSealTest, LoadsTheKeyFile) {
  std::string home = testing::TempDir() + "/key_file_seal_XXXXXX";
  ASSERT_NE(mkdtemp(&home[0]), nullptr);
  RootKeyLocation location;
  location.path = home + "/keys/root.key";
  EXPECT_EQ(KeyFileSeal::Load(location, &random_).status().code(),
            absl::StatusCode::kNotFound);
  const RootKey root = CreateRootKey(location, random_).value();
  const std::string wrapped =
      SealOf(root)->Wrap(SealLabel::kStore, place_, GoldenKey()).value();
  const auto loaded = KeyFileSeal::Load(location, &random_).value();
  EXPECT_EQ(loaded->installation_id(), root.installation_id);
  EXPECT_TRUE(
      loaded->Unwrap(SealLabel::kStore, place_, wrapped)->Equals(GoldenKey()));
  [[maybe_unused]] const int ignored =
      system(absl::StrCat("rm -rf ", home).c_str());
}

}  // namespace
}  // namespace keyward::crypto
