// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/snapshot_codec.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"

namespace keyward::policy {
namespace {

PolicyUpdate Update(SnapshotChunk chunk) {
  PolicyUpdate update;
  *update.mutable_chunk() = std::move(chunk);
  return update;
}

PolicyUpdate DeltaTo(uint64_t revision) {
  PolicyUpdate update;
  update.mutable_delta()->set_revision(revision);
  *update.mutable_delta()->add_entries() = TestEntry(
      TestRole(absl::StrCat("system/roles/r", revision), {"keys.get"}));
  return update;
}

// About 3 MiB of policy.
std::shared_ptr<const PolicyState> LargeState(uint64_t revision) {
  auto state = std::make_shared<PolicyState>();
  for (int i = 0; i < 10000; ++i) {
    v1::Role role = TestRole(absl::StrCat("system/roles/r", i), {"keys.get"});
    role.set_description(std::string(256, 'd'));
    EXPECT_TRUE(state->Put(TestEntry(std::move(role))).ok());
  }
  state->set_revision(revision);
  return state;
}

TEST(SnapshotCodecTest, CutsAPolicyIntoBoundedChunks) {
  const std::vector<SnapshotChunk> chunks = EncodeSnapshot(*LargeState(9));
  EXPECT_EQ(chunks.size(), 3u);
  for (size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_LE(chunks[i].ByteSizeLong(), kMaxChunkBytes);
    EXPECT_EQ(chunks[i].number(), i);
    EXPECT_EQ(chunks[i].revision(), 9u);
    EXPECT_EQ(chunks[i].last(), i + 1 == chunks.size());
  }
}

TEST(SnapshotCodecTest, AssemblesWhatWasCut) {
  const auto state = LargeState(9);
  SnapshotAssembler assembler;
  std::shared_ptr<const PolicyState> whole;
  for (SnapshotChunk& chunk : EncodeSnapshot(*state)) {
    EXPECT_EQ(whole, nullptr);
    whole = assembler.Take(Update(std::move(chunk))).value();
  }
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->revision(), 9u);
  EXPECT_EQ(whole->size(), state->size());
  EXPECT_EQ(assembler.revision(), 9u);
}

TEST(SnapshotCodecTest, AnEmptyPolicyIsOneChunk) {
  const auto chunks = EncodeSnapshot(*TestState(1));
  ASSERT_EQ(chunks.size(), 1u);
  SnapshotAssembler assembler;
  EXPECT_EQ(assembler.Take(Update(chunks[0])).value()->revision(), 1u);
}

TEST(SnapshotCodecTest, AppliesTheNextChange) {
  SnapshotAssembler assembler;
  ASSERT_TRUE(assembler.Take(Update(EncodeSnapshot(*TestState(4))[0])).ok());
  const auto next = assembler.Take(DeltaTo(5)).value();
  EXPECT_EQ(next->revision(), 5u);
  EXPECT_NE(next->FindRole("system/roles/r5"), nullptr);
}

TEST(SnapshotCodecTest, P2_RefusesAChangeAfterAGapAndAllThatFollows) {
  SnapshotAssembler assembler;
  ASSERT_TRUE(assembler.Take(Update(EncodeSnapshot(*TestState(4))[0])).ok());
  EXPECT_EQ(assembler.Take(DeltaTo(6)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(assembler.Take(DeltaTo(5)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      assembler.Take(Update(EncodeSnapshot(*TestState(7))[0])).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(SnapshotCodecTest, P8_RefusesAChangeWithoutAPolicy) {
  SnapshotAssembler assembler;
  EXPECT_EQ(assembler.Take(DeltaTo(1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(SnapshotCodecTest, P8_RefusesMissingForeignAndRepeatedChunks) {
  const auto chunks = EncodeSnapshot(*LargeState(9));
  SnapshotChunk foreign = chunks[1];
  foreign.set_revision(8);
  for (const std::vector<SnapshotChunk>& bad :
       {std::vector<SnapshotChunk>{chunks[1]},
        std::vector<SnapshotChunk>{chunks[0], chunks[2]},
        std::vector<SnapshotChunk>{chunks[0], foreign},
        std::vector<SnapshotChunk>{chunks[0], chunks[1], chunks[1]}}) {
    SnapshotAssembler assembler;
    for (size_t i = 0; i < bad.size(); ++i) {
      EXPECT_EQ(assembler.Take(Update(bad[i])).ok(), i + 1 < bad.size());
    }
    EXPECT_EQ(assembler.revision(), 0u);
  }
}

TEST(SnapshotCodecTest, ANewSnapshotDiscardsWhatWasHeldAndWhatWasArriving) {
  const auto large = EncodeSnapshot(*LargeState(9));
  SnapshotAssembler assembler;
  ASSERT_TRUE(assembler.Take(Update(large[0])).ok());
  const auto whole =
      assembler.Take(Update(EncodeSnapshot(*TestState(12))[0])).value();
  EXPECT_EQ(whole->revision(), 12u);
  EXPECT_EQ(whole->size(), 0u);
}

TEST(SnapshotCodecTest, P8_RefusesAnUpdateOfAnUnknownKind) {
  SnapshotAssembler assembler;
  EXPECT_EQ(assembler.Take(PolicyUpdate()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(SnapshotCodecTest, P8_RefusesASnapshotWithAnEntryItDoesNotUnderstand) {
  SnapshotChunk chunk = EncodeSnapshot(*TestState(4))[0];
  chunk.add_entries();
  SnapshotAssembler assembler;
  EXPECT_EQ(assembler.Take(Update(chunk)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::policy
