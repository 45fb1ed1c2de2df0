// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/kept_checkpoint.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"

namespace keyward::audit {
namespace {

class KeptCheckpointTest : public ::testing::Test {
 protected:
  KeptCheckpoint Kept(uint64_t size) const {
    return {log_.Note(size), size, log_.key()};
  }

  const CheckpointsForTesting log_;
  const CheckpointsForTesting other_{'o'};
};

TEST_F(KeptCheckpointTest, P3_OnlyTheKeysOwnSignatureOpens) {
  EXPECT_EQ(OpenHandedCheckpoint(log_.Note(7), log_.key())->size, 7u);
  EXPECT_EQ(OpenHandedCheckpoint(other_.Note(7), log_.key()).status().code(),
            absl::StatusCode::kUnauthenticated);
  std::string note = log_.Note(7);
  note.replace(note.find("\n7\n"), 3, "\n9\n");
  EXPECT_EQ(OpenHandedCheckpoint(note, log_.key()).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(KeptCheckpointTest, P3_AKeyOfAnotherNameDoesNotSpeakForTheLog) {
  const CheckpointsForTesting renamed('s', "keyward/log/other");
  EXPECT_EQ(OpenHandedCheckpoint(renamed.Note(7), log_.key()).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(KeptCheckpointTest, WhatIsNoNoteOrTooLongIsRefused) {
  for (const std::string& bad :
       {std::string(), std::string("log\n7\n"), log_.Note(7).substr(0, 40),
        std::string(4096, 'x')}) {
    EXPECT_EQ(OpenHandedCheckpoint(bad, log_.key()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  for (const std::string& bad : {std::string(), std::string("key"),
                                 log_.key().substr(1), std::string(513, 'x')}) {
    EXPECT_EQ(OpenHandedCheckpoint(log_.Note(7), bad).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(KeptCheckpointTest, ANoteAboveTheBoundIsRefusedHoweverWellSigned) {
  std::string note = log_.Note(7);
  while (note.size() <= kMaxHandedCheckpointBytes) {
    absl::StrAppend(&note, "\xe2\x80\x94 ", std::string(240, 'n'),
                    " AAAAAAAA\n");
  }
  ASSERT_TRUE(
      OpenCheckpoint(note, {NoteVerifier::Parse(log_.key()).value()}).ok());
  EXPECT_EQ(OpenHandedCheckpoint(note, log_.key()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(KeptCheckpointTest, AuditsFirstNotePinsItsKey) {
  const auto kept = KeepFromAudit({}, log_.Note(0), log_.key());
  ASSERT_TRUE(kept.ok() && kept->has_value());
  EXPECT_EQ((*kept)->note, log_.Note(0));
  EXPECT_EQ((*kept)->size, 0u);
  EXPECT_EQ((*kept)->verifier_key, log_.key());
}

TEST_F(KeptCheckpointTest, AuditsLargerNoteReplacesTheKeptOne) {
  const auto larger = KeepFromAudit(Kept(7), log_.Note(8), log_.key());
  ASSERT_TRUE(larger.ok() && larger->has_value());
  EXPECT_EQ((*larger)->note, log_.Note(8));
  EXPECT_EQ((*larger)->size, 8u);
  for (const uint64_t size : {6, 7}) {
    const auto same = KeepFromAudit(Kept(7), log_.Note(size), log_.key());
    EXPECT_TRUE(same.ok() && !same->has_value()) << size;
  }
}

TEST_F(KeptCheckpointTest, P3_APinnedKeyIsNeverReplaced) {
  const auto kept = KeepFromAudit(Kept(7), other_.Note(9), other_.key());
  EXPECT_EQ(kept.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(kept.status().message().find("--restored"), std::string::npos);
}

TEST_F(KeptCheckpointTest, AuditsNoteMustBeSignedByTheKeyBesideIt) {
  for (const KeptCheckpoint& kept : {KeptCheckpoint(), Kept(7)}) {
    EXPECT_EQ(KeepFromAudit(kept, log_.Note(9), other_.key()).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(KeepFromAudit(kept, other_.Note(9), log_.key()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

// As a release that pinned no key left it.
TEST_F(KeptCheckpointTest, P3_AnUnpinnedNoteIsGivenUpForItsOwnLogAlone) {
  KeptCheckpoint kept = Kept(7);
  kept.verifier_key.clear();
  const auto larger = KeepFromAudit(kept, log_.Note(8), log_.key());
  ASSERT_TRUE(larger.ok() && larger->has_value());
  EXPECT_EQ((*larger)->size, 8u);
  // A smaller one brings the key, and does not take the larger note.
  const auto smaller = KeepFromAudit(kept, log_.Note(6), log_.key());
  ASSERT_TRUE(smaller.ok() && smaller->has_value());
  EXPECT_EQ((*smaller)->note, log_.Note(7));
  EXPECT_EQ((*smaller)->size, 7u);
  EXPECT_EQ((*smaller)->verifier_key, log_.key());
  EXPECT_EQ(KeepFromAudit(kept, other_.Note(9), other_.key()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeptCheckpointTest, P3_ACallsNoteIsKeptIfItVerifiesAndIsLarger) {
  const auto larger = KeepFromCall(Kept(7), log_.Note(8));
  ASSERT_TRUE(larger.ok() && larger->has_value());
  EXPECT_EQ((*larger)->note, log_.Note(8));
  EXPECT_EQ((*larger)->verifier_key, log_.key());
  for (const uint64_t size : {6, 7}) {
    const auto old = KeepFromCall(Kept(7), log_.Note(size));
    EXPECT_TRUE(old.ok() && !old->has_value()) << size;
  }
  EXPECT_FALSE(KeepFromCall(Kept(7), other_.Note(8)).ok());
  EXPECT_FALSE(KeepFromCall(Kept(7), "garbage").ok());
}

TEST_F(KeptCheckpointTest, P3_ACallPinsNoKey) {
  const auto kept = KeepFromCall({}, other_.Note(8));
  EXPECT_TRUE(kept.ok() && !kept->has_value());
}

}  // namespace
}  // namespace keyward::audit
