// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/note.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {
namespace {

// The example of the specification.
constexpr char kVkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr char kText[] = "This is an example message.\n";
constexpr char kNote[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRK"
    "uwHjG1Yu72IneyaQM=\n";

std::unique_ptr<NoteSigner> Signer(const std::string& name, char seed) {
  const crypto::SecretBuffer bytes =
      crypto::SecretBuffer::CopyOf(std::string(32, seed));
  return NoteSigner::Create(name,
                            crypto::Ed25519Signer::FromSeed(bytes).value())
      .value();
}

TEST(NoteTest, SpecificationsExampleOpens) {
  const NoteVerifier verifier = NoteVerifier::Parse(kVkey).value();
  EXPECT_EQ(verifier.name(), "example.com/foo");
  EXPECT_EQ(verifier.key_id(), 0x530d903au);
  EXPECT_EQ(verifier.ToString(), kVkey);
  EXPECT_EQ(OpenNote(kNote, {verifier}).value(), kText);
}

TEST(NoteTest, VkeyOfAnotherImplementationParses) {
  EXPECT_TRUE(
      NoteVerifier::Parse("PeterNeumann+c74f20a3+"
                          "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
          .ok());
}

TEST(NoteTest, SignedNoteOpens) {
  const auto signer = Signer("keyward.example/log", 's');
  const std::string note = signer->Sign("a\n\nb\n").value();
  EXPECT_EQ(OpenNote(note, {signer->verifier()}).value(), "a\n\nb\n");
  EXPECT_EQ(
      NoteVerifier::Parse(signer->verifier().ToString()).value().ToString(),
      signer->verifier().ToString());
}

TEST(NoteTest, P3_EveryFlippedBitOfANoteIsNoticed) {
  const NoteVerifier verifier = NoteVerifier::Parse(kVkey).value();
  const std::string note = kNote;
  for (size_t byte = 0; byte < note.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = note;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      EXPECT_FALSE(OpenNote(bad, {verifier}).ok()) << byte << "." << bit;
    }
  }
}

TEST(NoteTest, NoteOfAnUnknownKeyIsRefused) {
  const auto other = Signer("example.com/foo", 'o');
  EXPECT_EQ(OpenNote(kNote, {other->verifier()}).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(OpenNote(kNote, {}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(NoteTest, SignaturesOfOthersAreIgnored) {
  const auto mine = Signer("mine", 'm');
  const auto other = Signer("other", 'o');
  const std::string a = mine->Sign(kText).value();
  const std::string b = other->Sign(kText).value();
  const std::string both = b + a.substr(std::string(kText).size() + 1);
  EXPECT_EQ(OpenNote(both, {mine->verifier()}).value(), kText);
  EXPECT_EQ(OpenNote(both, {other->verifier()}).value(), kText);
}

TEST(NoteTest, OneWrongSignatureByAKnownKeySpoilsTheNote) {
  const auto mine = Signer("mine", 'm');
  const auto other = Signer("other", 'o');
  const std::string good = mine->Sign(kText).value();
  const std::string wrong = other->Sign("another text\n").value();
  const std::string both =
      good + wrong.substr(std::string("another text\n").size() + 1);
  EXPECT_EQ(
      OpenNote(both, {mine->verifier(), other->verifier()}).status().code(),
      absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(OpenNote(both, {mine->verifier()}).ok());
}

TEST(NoteTest, MalformedNotesAreRefused) {
  const std::string line = std::string(kNote).substr(29);
  for (const std::string& bad : std::vector<std::string>{
           "", "\n", "\n\n", "text\n", "text\n\n", std::string("text") + line,
           "text\n\nno signature\n", "text\n\n\xe2\x80\x94 name\n",
           "text\n\n\xe2\x80\x94 name !!!!\n",
           "text\n\n\xe2\x80\x94 na+me AAAAAAA=\n",
           "text\n\n\xe2\x80\x94 name AAAA\n",         // no signature
           "text\n\n\xe2\x80\x94 name AAAAAAA\n",      // no padding
           "text\n\n\xe2\x80\x94  AAAAAAA=\n",         // no name
           "te\txt\n\n\xe2\x80\x94 name AAAAAAA=\n",   // a control character
           "te\xfft\n\n\xe2\x80\x94 name AAAAAAA=\n",  // not UTF-8
           "text\n\n- name AAAAAAA=\n", "text\n\n\xe2\x80\x94 name AAAAAAA="}) {
    EXPECT_EQ(ParseNote(bad).status().code(),
              absl::StatusCode::kInvalidArgument)
        << absl::CHexEscape(bad);
  }
  EXPECT_TRUE(ParseNote("text\n\n\xe2\x80\x94 name AAAAAAA=\n").ok());
}

TEST(NoteTest, BoundsAreKept) {
  std::string note = "text\n\n";
  for (size_t i = 0; i < kMaxNoteSignatures; ++i) {
    note += "\xe2\x80\x94 name AAAAAAA=\n";
  }
  EXPECT_EQ(ParseNote(note).value().signatures.size(), kMaxNoteSignatures);
  note += "\xe2\x80\x94 name AAAAAAA=\n";
  EXPECT_EQ(ParseNote(note).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseNote(std::string(kMaxNoteBytes, 'x') + kNote).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(NoteTest, MalformedVkeysAreRefused) {
  for (const std::string& bad : std::vector<std::string>{
           "", "name", "name+530d903a", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54I",
           absl::StrReplaceAll(kVkey, {{"530d903a", "530d903b"}}),
           absl::StrReplaceAll(kVkey, {{"530d903a", "530D903A"}}),
           absl::StrReplaceAll(kVkey, {{"example.com/foo", "example.com/fo"}}),
           absl::StrReplaceAll(kVkey, {{"Aeky", "Beky"}}),
           absl::StrCat(kVkey, "AAAA"), absl::StrCat(kVkey, " "),
           std::string(1000, 'x')}) {
    EXPECT_EQ(NoteVerifier::Parse(bad).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST(NoteTest, TextThatIsNoNoteTextIsNotSigned) {
  const auto signer = Signer("mine", 'm');
  for (const std::string& bad :
       std::vector<std::string>{"", "no newline", "tab\t\n", "\xff\n"}) {
    EXPECT_EQ(signer->Sign(bad).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(NoteTest, NameThatIsNoKeyNameIsRefused) {
  const crypto::SecretBuffer seed =
      crypto::SecretBuffer::CopyOf(std::string(32, 's'));
  EXPECT_EQ(
      NoteSigner::Create("a b", crypto::Ed25519Signer::FromSeed(seed).value())
          .status()
          .code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
