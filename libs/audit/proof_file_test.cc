// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/proof_file.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/audit/note.h"
#include "libs/audit/proof.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {
namespace {

using ::testing::HasSubstr;

class ProofFileTest : public ::testing::Test {
 protected:
  ProofFileTest()
      : signer_(*NoteSigner::Create(
            "keyward.example/log",
            *crypto::Ed25519Signer::FromSeed(
                crypto::SecretBuffer::CopyOf(std::string(32, 's'))))) {}

  // The proof of leaf `index` among `leaves`.
  EntryInclusion Prove(const std::vector<std::string>& leaves, uint64_t index) {
    LeavesNodeReader reader(leaves);
    EntryInclusion inclusion;
    inclusion.leaf = leaves[index];
    inclusion.index = index;
    inclusion.path = *InclusionProof(&reader, index, leaves.size());
    inclusion.checkpoint =
        *SignCheckpoint(*signer_, {signer_->verifier().name(), leaves.size(),
                                   NaiveRoot(leaves, 0, leaves.size())});
    return inclusion;
  }

  absl::StatusOr<Checkpoint> Verify(const std::string& text) {
    absl::StatusOr<EntryInclusion> parsed = ParseProofFile(text);
    if (!parsed.ok()) return parsed.status();
    return VerifyEntryInclusion(*parsed, {signer_->verifier()});
  }

  std::unique_ptr<NoteSigner> signer_;
};

TEST_F(ProofFileTest, GoldenTextIsThatOfTheFormatPage) {
  EXPECT_EQ(
      FormatProofFile(Prove({"ab", "c"}, 0)),
      "c2sp.org/tlog-proof@v1\n"
      "extra YWI=\n"
      "index 0\n"
      "WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=\n"
      "\n"
      "keyward.example/log\n"
      "2\n"
      "5N7QnGTprFk2bXAYWRnSs+6NvWQXLxFhOxqIEhoEtHA=\n"
      "\n"
      "\xe2\x80\x94 keyward.example/log "
      "LiUOag3+FBXq6JFygDJThTX4BhnlY4UyitHBqvPITJn2MVHY5d6GpVd7y28QeY8VZr+"
      "OQuA02q12xW/E8tmSC7RZvQE=\n");
}

TEST_F(ProofFileTest, P3_EveryLeafOfEveryTreeIsProven) {
  for (size_t size = 1; size <= 20; ++size) {
    const std::vector<std::string> leaves = NumberedLeaves(size);
    for (uint64_t index = 0; index < size; ++index) {
      const EntryInclusion inclusion = Prove(leaves, index);
      const std::string text = FormatProofFile(inclusion);
      absl::StatusOr<EntryInclusion> parsed = ParseProofFile(text);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(parsed->leaf, inclusion.leaf);
      EXPECT_EQ(parsed->index, index);
      EXPECT_EQ(FormatProofFile(*parsed), text);
      absl::StatusOr<Checkpoint> verified = Verify(text);
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_EQ(verified->size, size);
    }
  }
}

TEST_F(ProofFileTest, P3_NoBitOfAProofCanBeChanged) {
  const std::string text = FormatProofFile(Prove(NumberedLeaves(11), 5));
  for (size_t i = 0; i < text.size() * 8; ++i) {
    std::string changed = text;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(Verify(changed).ok()) << "bit " << i;
  }
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(Verify(text.substr(0, size)).ok()) << "cut to " << size;
  }
}

TEST_F(ProofFileTest, P3_AnotherEntryOrPlaceOrTreeIsRefused) {
  const EntryInclusion good = Prove(NumberedLeaves(11), 5);
  const std::vector<NoteVerifier> keys = {signer_->verifier()};
  ASSERT_TRUE(VerifyEntryInclusion(good, keys).ok());
  EntryInclusion wrong = good;
  wrong.leaf = "leaf-6";
  EXPECT_TRUE(absl::IsDataLoss(VerifyEntryInclusion(wrong, keys).status()));
  wrong = good;
  wrong.index = 4;
  EXPECT_TRUE(absl::IsDataLoss(VerifyEntryInclusion(wrong, keys).status()));
  wrong = good;
  wrong.checkpoint = Prove(NumberedLeaves(12), 5).checkpoint;
  EXPECT_TRUE(absl::IsDataLoss(VerifyEntryInclusion(wrong, keys).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyEntryInclusion(good, {}).status()));
}

TEST_F(ProofFileTest, OtherFormsAreRefusedByName) {
  const std::string good = FormatProofFile(Prove(NumberedLeaves(11), 5));
  ASSERT_TRUE(ParseProofFile(good).ok());
  const struct {
    std::string from;
    std::string to;
    const char* says;
  } kCases[] = {
      {"@v1\n", "@v2\n", "does not begin with"},
      {"extra ", "other ", "no entry"},
      {"extra ", "extra =", "malformed entry"},
      {"extra bGVhZi01", "extra ", "malformed entry"},
      {"index 5", "index 05", "no index"},
      {"index 5", "index -5", "no index"},
      {"index 5", "index 18446744073709551616", "no index"},
      {"index 5\n", "index 5\nAAAA\n", "malformed hash"},
      {"index 5\n", "index 5\n?\n", "malformed hash"},
      {"\n11\n", "\n011\n", "size"},
  };
  for (const auto& each : kCases) {
    const std::string text = absl::StrReplaceAll(good, {{each.from, each.to}});
    ASSERT_NE(text, good) << each.from;
    absl::Status status = ParseProofFile(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << each.to;
    EXPECT_THAT(std::string(status.message()), HasSubstr(each.says));
  }
}

TEST_F(ProofFileTest, BoundsHold) {
  EntryInclusion large = Prove({std::string(kMaxEntryBytes, 'x')}, 0);
  EXPECT_TRUE(ParseProofFile(FormatProofFile(large)).ok());
  large.leaf += "x";
  EXPECT_FALSE(ParseProofFile(FormatProofFile(large)).ok());
  EntryInclusion longest = Prove({"a"}, 0);
  longest.path.resize(kMaxProofHashes);
  EXPECT_TRUE(ParseProofFile(FormatProofFile(longest)).ok());
  longest.path.resize(kMaxProofHashes + 1);
  EXPECT_FALSE(ParseProofFile(FormatProofFile(longest)).ok());
  EXPECT_THAT(
      std::string(ParseProofFile(std::string(kMaxProofFileBytes + 1, 'x'))
                      .status()
                      .message()),
      HasSubstr("24 KiB"));
}

}  // namespace
}  // namespace keyward::audit
