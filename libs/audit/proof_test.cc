// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/proof.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

constexpr uint64_t kLargest = 40;  // Every shape of edge occurs below.

class ProofTest : public ::testing::Test {
 protected:
  Hash Root(uint64_t size) const { return NaiveRoot(leaves_, 0, size); }
  std::vector<Hash> Inclusion(uint64_t index, uint64_t size) {
    return InclusionProof(&reader_, index, size).value();
  }
  std::vector<Hash> Consistency(uint64_t old_size, uint64_t size) {
    return ConsistencyProof(&reader_, old_size, size).value();
  }

  const std::vector<std::string> leaves_ = NumberedLeaves(kLargest);
  LeavesNodeReader reader_{leaves_};
};

TEST_F(ProofTest, RootAtIsTheDefinitionsAtEverySize) {
  for (uint64_t n = 0; n <= kLargest; ++n) {
    EXPECT_EQ(RootAt(&reader_, n).value(), Root(n)) << n;
  }
}

TEST_F(ProofTest, EveryLeafIsProvenInEveryTree) {
  for (uint64_t n = 1; n <= kLargest; ++n) {
    for (uint64_t m = 0; m < n; ++m) {
      EXPECT_TRUE(
          VerifyInclusion(m, n, LeafHash(leaves_[m]), Inclusion(m, n), Root(n))
              .ok())
          << m << " of " << n;
    }
  }
}

TEST_F(ProofTest, P3_InclusionProofFitsNoOtherIndex) {
  for (uint64_t n = 1; n <= kLargest; ++n) {
    for (uint64_t m = 0; m < n; ++m) {
      const std::vector<Hash> proof = Inclusion(m, n);
      for (uint64_t other = 0; other <= n; ++other) {
        if (other == m) continue;
        EXPECT_EQ(
            VerifyInclusion(other, n, LeafHash(leaves_[m]), proof, Root(n))
                .code(),
            absl::StatusCode::kDataLoss)
            << m << " as " << other << " of " << n;
      }
    }
  }
}

TEST_F(ProofTest, P3_InclusionProofFailsWithAnyHashChangedDroppedOrAdded) {
  const uint64_t n = 37;
  for (uint64_t m = 0; m < n; ++m) {
    const std::vector<Hash> proof = Inclusion(m, n);
    const Hash leaf = LeafHash(leaves_[m]);
    for (size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> bad = proof;
      bad[i].bytes[i] ^= 1;
      EXPECT_FALSE(VerifyInclusion(m, n, leaf, bad, Root(n)).ok());
      bad = proof;
      bad.erase(bad.begin() + i);
      EXPECT_FALSE(VerifyInclusion(m, n, leaf, bad, Root(n)).ok());
    }
    std::vector<Hash> longer = proof;
    longer.push_back(leaf);
    EXPECT_FALSE(VerifyInclusion(m, n, leaf, longer, Root(n)).ok());
  }
}

TEST_F(ProofTest, EveryTreeExtendsEverySmallerOne) {
  for (uint64_t n = 0; n <= kLargest; ++n) {
    for (uint64_t m = 0; m <= n; ++m) {
      EXPECT_TRUE(
          VerifyConsistency(m, n, Root(m), Root(n), Consistency(m, n)).ok())
          << m << " -> " << n;
    }
  }
}

TEST_F(ProofTest, P3_ConsistencyProofFitsNoOtherOldSize) {
  for (uint64_t n = 1; n <= kLargest; ++n) {
    for (uint64_t m = 1; m < n; ++m) {
      const std::vector<Hash> proof = Consistency(m, n);
      for (uint64_t other = 1; other <= n + 1; ++other) {
        if (other == m) continue;
        EXPECT_EQ(VerifyConsistency(other, n, Root(m), Root(n), proof).code(),
                  absl::StatusCode::kDataLoss)
            << m << " as " << other << " -> " << n;
      }
    }
  }
}

TEST_F(ProofTest, P3_TreeWithOneOldLeafChangedExtendsNoOldTree) {
  for (uint64_t m = 1; m < kLargest; ++m) {
    std::vector<std::string> forged = leaves_;
    forged[m - 1] += "!";
    LeavesNodeReader reader(forged);
    const std::vector<Hash> proof =
        ConsistencyProof(&reader, m, kLargest).value();
    EXPECT_EQ(VerifyConsistency(m, kLargest, Root(m),
                                NaiveRoot(forged, 0, kLargest), proof)
                  .code(),
              absl::StatusCode::kDataLoss)
        << m;
  }
}

TEST_F(ProofTest, P3_ConsistencyProofFailsWithAnyHashChangedDroppedOrAdded) {
  const uint64_t n = 37;
  for (uint64_t m = 1; m < n; ++m) {
    const std::vector<Hash> proof = Consistency(m, n);
    for (size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> bad = proof;
      bad[i].bytes[31] ^= 0x80;
      EXPECT_FALSE(VerifyConsistency(m, n, Root(m), Root(n), bad).ok());
      bad = proof;
      bad.erase(bad.begin() + i);
      EXPECT_FALSE(VerifyConsistency(m, n, Root(m), Root(n), bad).ok());
    }
    std::vector<Hash> longer = proof;
    longer.push_back(Root(m));
    EXPECT_FALSE(VerifyConsistency(m, n, Root(m), Root(n), longer).ok());
  }
}

TEST_F(ProofTest, P3_SameSizeWithAnotherRootIsNoExtension) {
  EXPECT_EQ(VerifyConsistency(7, 7, Root(7), Root(8), {}).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifyConsistency(0, 7, Root(1), Root(7), {}).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifyConsistency(8, 7, Root(8), Root(7), {}).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifyConsistency(0, 0, EmptyRoot(), Root(7), {}).code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(ProofTest, ProofsOutsideTheTreeAreRefused) {
  EXPECT_EQ(InclusionProof(&reader_, 5, 5).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ConsistencyProof(&reader_, 6, 5).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ProofTest, ErrorOfTheReaderIsPassedOn) {
  EXPECT_EQ(RootAt(&reader_, kLargest + 1).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(InclusionProof(&reader_, 0, kLargest + 1).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ConsistencyProof(&reader_, 3, kLargest + 1).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(ProofTest, OverlongProofsAreRefused) {
  const std::vector<Hash> many(kMaxProofHashes + 1, EmptyRoot());
  EXPECT_FALSE(VerifyInclusion(0, 2, EmptyRoot(), many, EmptyRoot()).ok());
  EXPECT_FALSE(VerifyConsistency(1, 2, EmptyRoot(), EmptyRoot(), many).ok());
  EXPECT_EQ(HashesFromBytes(HashesToBytes(many)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

std::vector<std::string> Hex(const std::vector<Hash>& hashes) {
  std::vector<std::string> hex;
  for (const Hash& hash : hashes) hex.push_back(HexEncode(hash.view()));
  return hex;
}

TEST(ProofVectorTest, ProofsAreThoseOfTheKnownLeaves) {
  std::vector<std::string> leaves;
  for (const char* hex :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(HexDecode(hex).value());
  }
  LeavesNodeReader reader(leaves);
  std::vector<std::string> hex = Hex(InclusionProof(&reader, 5, 8).value());
  EXPECT_EQ(
      hex,
      (std::vector<std::string>{
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
          "7"}));
  hex = Hex(ConsistencyProof(&reader, 3, 7).value());
  EXPECT_EQ(
      hex,
      (std::vector<std::string>{
          "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
          "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
          "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0"
          "e"}));
}

TEST(ProofBytesTest, HashOfAnotherLengthIsRefused) {
  EXPECT_EQ(HashesFromBytes({std::string(31, 'x')}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HashesFromBytes({std::string(32, 'x')}).value().size(), 1u);
}

}  // namespace
}  // namespace keyward::audit
