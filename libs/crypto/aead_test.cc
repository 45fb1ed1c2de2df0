// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/aead.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

constexpr char kPlace[] = "projects/default/secrets/db, version 1";

class AeadTest : public testing::Test {
 protected:
  std::string Seal(absl::string_view plaintext) {
    return AeadSeal(key_, kPlace, plaintext, random_).value();
  }

  FakeRandom random_;
  const SecretBuffer key_ = RandomKey(kAeadKeySize, random_).value();
};

TEST_F(AeadTest, OpensWhatItSealed) {
  for (const size_t size : {0, 1, 15, 16, 17, 64, 4096, 65536, 1 << 20}) {
    const std::string plaintext(size, 'p');
    const std::string box = Seal(plaintext);
    EXPECT_EQ(box.size(), size + kAeadOverhead);
    EXPECT_TRUE(AeadOpen(key_, kPlace, box)->Equals(plaintext)) << size;
  }
}

// Case 16 of the GCM specification, as a sealed box (see FORMAT.md).
TEST_F(AeadTest, FormatIsNonceCiphertextTag) {
  const SecretBuffer key =
      SecretBuffer::CopyOf(HexDecode("feffe9928665731c6d6a8f9467308308"
                                     "feffe9928665731c6d6a8f9467308308")
                               .value());
  random_.Queue(HexDecode("cafebabefacedbaddecaf888").value());
  const std::string box =
      AeadSeal(key,
               HexDecode("feedfacedeadbeeffeedfacedeadbeefabaddad2").value(),
               HexDecode("d9313225f88406e5a55909c5aff5269a"
                         "86a7a9531534f7da2e4c303d8a318a72"
                         "1c3c0c95956809532fcf0e2449a6b525"
                         "b16aedf5aa0de657ba637b39")
                   .value(),
               random_)
          .value();
  EXPECT_EQ(HexEncode(box),
            "cafebabefacedbaddecaf888"
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST_F(AeadTest, P6_EveryFlippedBitIsDataLoss) {
  const std::string box = Seal("hunter2");
  for (size_t bit = 0; bit < 8 * box.size(); ++bit) {
    std::string changed = box;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(AeadOpen(key_, kPlace, changed).status().code(),
              absl::StatusCode::kDataLoss)
        << bit;
  }
}

TEST_F(AeadTest, P6_EveryTruncationAndExtensionIsDataLoss) {
  const std::string box = Seal("hunter2");
  for (size_t size = 0; size < box.size(); ++size) {
    EXPECT_EQ(AeadOpen(key_, kPlace, box.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(
        AeadOpen(key_, kPlace, box.substr(box.size() - size)).status().code(),
        absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(AeadOpen(key_, kPlace, box + "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(AeadTest, P6_EveryOtherPlaceIsDataLoss) {
  const std::string box = Seal("hunter2");
  const std::string place = kPlace;
  for (size_t i = 0; i < place.size(); ++i) {
    std::string other = place;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_EQ(AeadOpen(key_, other, box).status().code(),
              absl::StatusCode::kDataLoss);
    if (i == 0) continue;
    EXPECT_EQ(AeadOpen(key_, place.substr(0, i), box).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(AeadTest, EveryOtherKeyIsDataLoss) {
  const std::string box = Seal("hunter2");
  for (size_t i = 0; i < kAeadKeySize; ++i) {
    SecretBuffer other = key_.Clone();
    other.MutableSecret()[i] = static_cast<char>(other.MutableSecret()[i] ^ 1);
    EXPECT_EQ(AeadOpen(other, kPlace, box).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(AeadTest, EmptyAssociatedDataIsRefusedBothWays) {
  EXPECT_EQ(AeadSeal(key_, "", "hunter2", random_).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AeadOpen(key_, "", Seal("hunter2")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AeadTest, SizesOutOfBoundsAreRefused) {
  const std::string long_place(kMaxAeadAssociatedData + 1, 'a');
  EXPECT_EQ(AeadSeal(key_, long_place, "x", random_).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AeadOpen(key_, long_place, Seal("x")).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string long_text(kMaxAeadPlaintext + 1, 'p');
  EXPECT_EQ(AeadSeal(key_, kPlace, long_text, random_).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AeadOpen(key_, kPlace, std::string(kAeadOverhead, 'b') + long_text)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(AeadSeal(key_, long_place.substr(1), "x", random_).ok());
}

TEST_F(AeadTest, KeysOfOtherSizesAreRefused) {
  for (const size_t size : {0, 16, 31, 33}) {
    const SecretBuffer key(size);
    EXPECT_EQ(AeadSeal(key, kPlace, "x", random_).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(AeadOpen(key, kPlace, std::string(40, 'b')).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(AeadTest, NothingIsSealedWithoutANonce) {
  random_.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(AeadSeal(key_, kPlace, "x", random_).status(),
            absl::InternalError("broken"));
}

TEST_F(AeadTest, NoncesDoNotRepeat) {
  SystemRandom random;
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) {
    nonces.insert(
        AeadSeal(key_, kPlace, "x", random)->substr(0, kAeadNonceSize));
  }
  EXPECT_EQ(nonces.size(), 1000u);
}

TEST_F(AeadTest, P5_ErrorsCarryNothingOfTheSecretOrTheKey) {
  const absl::Status status =
      AeadOpen(key_, kPlace, Seal("hunter2") + "x").status();
  EXPECT_EQ(status, absl::DataLossError("authentication failed"));
}

TEST_F(AeadTest, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      FakeRandom random(t);
      const SecretBuffer key = RandomKey(kAeadKeySize, random).value();
      const std::string text(100 + t, static_cast<char>('a' + t));
      for (int i = 0; i < 1000; ++i) {
        const std::string box = AeadSeal(key, kPlace, text, random).value();
        EXPECT_TRUE(AeadOpen(key, kPlace, box)->Equals(text));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace keyward::crypto
