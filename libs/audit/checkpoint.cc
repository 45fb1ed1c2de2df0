// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/checkpoint.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace keyward::audit {
namespace {

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the checkpoint's ", what));
}

}  // namespace

std::string CheckpointText(const Checkpoint& checkpoint) {
  return absl::StrCat(checkpoint.origin, "\n", checkpoint.size, "\n",
                      absl::Base64Escape(checkpoint.root.view()), "\n");
}

absl::StatusOr<Checkpoint> ParseCheckpointText(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  // The last newline gives an empty last element.
  if (lines.size() < 4 || !lines.back().empty()) {
    return Malformed("text has fewer than three lines");
  }
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    if (lines[i].empty()) return Malformed("text has an empty line");
  }
  Checkpoint checkpoint;
  checkpoint.origin = std::string(lines[0]);
  // Writing the number again finds leading zeros, signs and spaces.
  if (!absl::SimpleAtoi(lines[1], &checkpoint.size) ||
      absl::StrCat(checkpoint.size) != lines[1]) {
    return Malformed("size is no decimal number");
  }
  absl::StatusOr<std::string> bytes = DecodeBase64(lines[2]);
  if (!bytes.ok()) return Malformed("root is no base64");
  absl::StatusOr<Hash> root = Hash::FromBytes(*bytes);
  if (!root.ok()) return Malformed("root has not 32 bytes");
  checkpoint.root = *root;
  return checkpoint;
}

absl::StatusOr<std::string> SignCheckpoint(const NoteSigner& signer,
                                           const Checkpoint& checkpoint) {
  return signer.Sign(CheckpointText(checkpoint));
}

absl::StatusOr<Checkpoint> OpenCheckpoint(
    absl::string_view note, absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<Checkpoint> checkpoint = ReadCheckpointUnverified(note);
  if (!checkpoint.ok()) return checkpoint;
  // Only the log's own key may speak for the log: a key that is trusted for
  // another log must not be able to sign this one's tree.
  std::vector<NoteVerifier> own;
  for (const NoteVerifier& verifier : verifiers) {
    if (verifier.name() == checkpoint->origin) own.push_back(verifier);
  }
  absl::StatusOr<std::string> text = OpenNote(note, own);
  if (!text.ok()) return text.status();
  return checkpoint;
}

absl::StatusOr<Checkpoint> ReadCheckpointUnverified(absl::string_view note) {
  absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  return ParseCheckpointText(parsed->text);
}

}  // namespace keyward::audit
