// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/checkpoint.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {
namespace {

constexpr char kRoot[] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

std::unique_ptr<NoteSigner> Signer(const std::string& name, char seed) {
  const crypto::SecretBuffer bytes =
      crypto::SecretBuffer::CopyOf(std::string(32, seed));
  return NoteSigner::Create(name,
                            crypto::Ed25519Signer::FromSeed(bytes).value())
      .value();
}

TEST(CheckpointTest, GoldenNoteIsThatOfTheFormatPage) {
  const auto signer = Signer("keyward.example/log", 's');
  EXPECT_EQ(signer->verifier().ToString(),
            "keyward.example/log+2e250e6a+Af7BQoZz9q/"
            "okmSzgHNErosmnRJaUDhVICaH21pxKFef");
  EXPECT_EQ(
      SignCheckpoint(*signer, {"keyward.example/log", 0, EmptyRoot()}).value(),
      "keyward.example/log\n0\n47DEQpj8HBSa+/"
      "TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 keyward.example/log "
      "LiUOamts0HI8k6EPuzsWEoEHNSM5Ls+WTvbaEKh5AcSwcsOWemFA+s29WNy8KBs9UzoQ0+"
      "qgmdjO09h1WDYbj6QunAE=\n");
}

TEST(CheckpointTest, TextRoundTrips) {
  const Checkpoint checkpoint{"log", 12345, LeafHash("x")};
  const Checkpoint again =
      ParseCheckpointText(CheckpointText(checkpoint)).value();
  EXPECT_EQ(again.origin, "log");
  EXPECT_EQ(again.size, 12345u);
  EXPECT_EQ(again.root, LeafHash("x"));
}

TEST(CheckpointTest, ExtensionLinesAreIgnored) {
  EXPECT_EQ(ParseCheckpointText(absl::StrCat("log\n3\n", kRoot, "\nmore\n"))
                .value()
                .size,
            3u);
}

TEST(CheckpointTest, MalformedTextsAreRefused) {
  for (const std::string& bad : std::vector<std::string>{
           "", "log\n", "log\n3\n", absl::StrCat("log\n3\n", kRoot),
           absl::StrCat("\n3\n", kRoot, "\n"),
           absl::StrCat("log\n03\n", kRoot, "\n"),
           absl::StrCat("log\n+3\n", kRoot, "\n"),
           absl::StrCat("log\n-3\n", kRoot, "\n"),
           absl::StrCat("log\n 3\n", kRoot, "\n"),
           absl::StrCat("log\n18446744073709551616\n", kRoot, "\n"),
           absl::StrCat("log\n\n", kRoot, "\n"), "log\n3\nAAAA\n",
           "log\n3\n!!!!\n", absl::StrCat("log\n3\n", kRoot, "\n\nmore\n")}) {
    EXPECT_EQ(ParseCheckpointText(bad).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST(CheckpointTest, SignedCheckpointOpens) {
  const auto signer = Signer("log", 's');
  const std::string note =
      SignCheckpoint(*signer, {"log", 7, LeafHash("x")}).value();
  const Checkpoint checkpoint =
      OpenCheckpoint(note, {signer->verifier()}).value();
  EXPECT_EQ(checkpoint.size, 7u);
  EXPECT_EQ(checkpoint.root, LeafHash("x"));
}

TEST(CheckpointTest, P3_KeyOfAnotherLogDoesNotSpeakForThisOne) {
  const auto other = Signer("other-log", 'o');
  const std::string note =
      SignCheckpoint(*other, {"log", 7, LeafHash("x")}).value();
  EXPECT_EQ(OpenCheckpoint(note, {other->verifier()}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(CheckpointTest, P3_CheckpointByAnotherKeyOfTheSameNameIsRefused) {
  const auto mine = Signer("log", 'm');
  const auto forger = Signer("log", 'f');
  const std::string note =
      SignCheckpoint(*forger, {"log", 7, LeafHash("x")}).value();
  EXPECT_EQ(OpenCheckpoint(note, {mine->verifier()}).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReadCheckpointUnverified(note).value().size, 7u);
}

TEST(CheckpointTest, NoteThatIsNoCheckpointIsRefused) {
  const auto signer = Signer("log", 's');
  const std::string note = signer->Sign("just a note\n").value();
  EXPECT_EQ(OpenCheckpoint(note, {signer->verifier()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCheckpointUnverified("garbage").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
