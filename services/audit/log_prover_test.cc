// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_prover.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/fake_log_store.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/audit/proof.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

class LogProverTest : public ::testing::Test {
 protected:
  void Append(const std::vector<std::string>& leaves) {
    store_.Append(leaves);
    view_.edge = store_.edge();
    view_.head = reader_.ReadHead().value().head;
  }
  audit::Checkpoint Open(const std::string& note) {
    return audit::OpenCheckpoint(note, {key_.signer->verifier()}).value();
  }
  std::string SignedAt(uint64_t size, const audit::Hash& root) {
    return audit::SignCheckpoint(*key_.signer,
                                 {key_.signer->verifier().name(), size, root})
        .value();
  }

  audit::FakeLogStore store_;
  audit::LogReader reader_{&store_};
  audit::LogKey key_ = TestLogKey();
  LogProver prover_{&reader_, key_.signer.get()};
  LogView view_;
};

TEST_F(LogProverTest, CheckpointIsOfTheViewAndProvenToExtend) {
  Append(audit::NumberedLeaves(5));
  const audit::Checkpoint old =
      Open(prover_.Checkpoint(view_, 0).value().checkpoint);
  Append({"more", "and more"});
  const rpc::CheckpointAnswer answer = prover_.Checkpoint(view_, 5).value();
  const audit::Checkpoint now = Open(answer.checkpoint);
  EXPECT_EQ(now.size, 7u);
  EXPECT_TRUE(audit::VerifyConsistency(
                  5, 7, old.root, now.root,
                  audit::HashesFromBytes(answer.consistency_proof).value())
                  .ok());
  EXPECT_EQ(answer.verifier_key, key_.signer->verifier().ToString());
}

TEST_F(LogProverTest, EntriesAreProven) {
  const std::vector<std::string> leaves = audit::NumberedLeaves(20);
  Append(leaves);
  const EntryProof proof = prover_.Prove(view_, 13, 0).value();
  EXPECT_EQ(proof.leaf, leaves[13]);
  EXPECT_TRUE(audit::VerifyInclusion(
                  13, proof.tree_size, audit::LeafHash(proof.leaf),
                  audit::HashesFromBytes(proof.inclusion_proof).value(),
                  Open(proof.checkpoint).root)
                  .ok());
  EXPECT_EQ(prover_.Prove(view_, 13, 14).value().tree_size, 14u);
}

TEST_F(LogProverTest, WhatTheLogDoesNotHaveIsOutOfRange) {
  Append(audit::NumberedLeaves(3));
  EXPECT_EQ(prover_.Checkpoint(view_, 4).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(prover_.Prove(view_, 3, 0).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(prover_.Prove(view_, 2, 2).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(prover_.Prove(view_, 0, 4).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(LogProverTest, P3_HeldCheckpointOfAnyOlderTreeIsExtended) {
  const std::vector<std::string> leaves = audit::NumberedLeaves(20);
  Append(leaves);
  for (uint64_t size = 0; size <= 20; ++size) {
    EXPECT_TRUE(prover_
                    .CheckExtends(view_, SignedAt(size, audit::NaiveRoot(
                                                            leaves, 0, size)))
                    .ok());
  }
}

TEST_F(LogProverTest, P3_HeldCheckpointThatIsAheadIsARollback) {
  Append(audit::NumberedLeaves(3));
  const absl::Status status =
      prover_.CheckExtends(view_, SignedAt(4, audit::EmptyRoot()));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("rolled back"), std::string::npos);
}

TEST_F(LogProverTest, P3_HeldCheckpointWithAnotherRootIsAChange) {
  Append(audit::NumberedLeaves(3));
  EXPECT_EQ(prover_.CheckExtends(view_, SignedAt(2, audit::EmptyRoot())).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogProverTest, P8_GarbageIsNoCheckpoint) {
  Append(audit::NumberedLeaves(3));
  EXPECT_EQ(prover_.CheckExtends(view_, "garbage").code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::audit_service
