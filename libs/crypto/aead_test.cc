// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/aead.h"

#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {
namespace {

constexpr char kPlace[] = "projects/default/secrets/db, version 1";

// A case whose inputs are made by Made() below: two lengths, and the SHA-256 of
// the sealed box that another implementation (Python's cryptography, 48.0.0)
// makes of them.
struct Vector {
  size_t data_size;
  size_t text_size;
  const char* box_sha256;
};

// Lengths on both sides of the block sizes of AES and of its vectorized loops.
constexpr Vector kVectors[] = {
    {1, 0, "1c83de4966c78b18021a2a41a682adf904d0e4e1aaa77d43f69a1e3b1145a8c2"},
    {1, 1, "f53a8dbf74eeab7b3bf08244d2e52b708edaac29cc3491986611ae3d5a8b0815"},
    {15, 15,
     "e043b768b09b98d052ef5b5d650a59e1b2232a012b3cc6b734972540d67e96e2"},
    {16, 16,
     "b7a14fac33971f03d872f1441cb52646f7ded8aadbaf609b3925247a6c44d027"},
    {17, 17,
     "e209867d8a6ab8308c24000e1438cdae49d79794dd034527140f842c537e4862"},
    {31, 33,
     "03c2300cd84193f385859787d70c979228d6eeab2fd9e9afd98665a9c2f3267c"},
    {64, 127,
     "86b19b899a73a858ee49056ba1eae369b6140cec140d76d85554d0d59b536383"},
    {65, 128,
     "a7f541b05be3646f1704b73bdcd3a5f312fa49604fa265268ef12e107a13006c"},
    {300, 129,
     "70ae8dbe1874270ab75cc120cb9355a073fa85a2ce3669de76e683ea1b7e00c8"},
    {13, 255,
     "55b4573de86360873861b34ae8f64227adbb3443c5bd2408fbb2be4268286cc8"},
    {4096, 4097,
     "e9fadfef184df93c692692235dc6fc42a4bb45bd11e704ccf4d67dbcb88491e5"},
};

// `size` bytes of SHA-256("NAME CASE 0") || SHA-256("NAME CASE 1") || ...
std::string Made(absl::string_view name, size_t number, size_t size) {
  std::string bytes;
  for (int i = 0; bytes.size() < size; ++i) {
    const Sha256Digest block = Sha256(absl::StrCat(name, " ", number, " ", i));
    absl::StrAppend(&bytes, AsBytes(block));
  }
  return bytes.substr(0, size);
}

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

TEST_F(AeadTest, SealsAsAnotherImplementationDoes) {
  for (size_t i = 0; i < std::size(kVectors); ++i) {
    const Vector& v = kVectors[i];
    const SecretBuffer key = SecretBuffer::CopyOf(Made("key", i, 32));
    const std::string data = Made("data", i, v.data_size);
    const std::string text = Made("text", i, v.text_size);
    random_.Queue(Made("nonce", i, kAeadNonceSize));
    const std::string box = AeadSeal(key, data, text, random_).value();
    EXPECT_EQ(HexEncode(AsBytes(Sha256(box))), v.box_sha256) << i;
    EXPECT_TRUE(AeadOpen(key, data, box)->Equals(text)) << i;
  }
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
