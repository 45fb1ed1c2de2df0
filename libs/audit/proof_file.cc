// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/proof_file.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/audit/entry.h"
#include "libs/audit/proof.h"

namespace keyward::audit {
namespace {

constexpr absl::string_view kFormatLine = "c2sp.org/tlog-proof@v1";
constexpr absl::string_view kExtra = "extra ";
constexpr absl::string_view kIndex = "index ";

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the proof ", what));
}

// Takes one line off `text`; an empty one, too, where none is left.
absl::string_view TakeLine(absl::string_view* text) {
  const size_t end = text->find('\n');
  const absl::string_view line = text->substr(0, end);
  text->remove_prefix(end == absl::string_view::npos ? text->size() : end + 1);
  return line;
}

absl::StatusOr<std::string> ParseLeaf(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, kExtra)) {
    return Malformed("has no entry in its second line");
  }
  absl::StatusOr<std::string> leaf = DecodeBase64(line);
  if (!leaf.ok() || leaf->empty() || leaf->size() > kMaxEntryBytes) {
    return Malformed("has a malformed entry in its second line");
  }
  return leaf;
}

absl::StatusOr<uint64_t> ParseIndex(absl::string_view line) {
  uint64_t index = 0;
  // Writing the number again finds leading zeros, signs and spaces.
  if (!absl::ConsumePrefix(&line, kIndex) || !absl::SimpleAtoi(line, &index) ||
      absl::StrCat(index) != line) {
    return Malformed("has no index in its third line");
  }
  return index;
}

// The hashes up to the empty line, which is taken as well.
absl::StatusOr<std::vector<Hash>> ParsePath(absl::string_view* text) {
  std::vector<Hash> path;
  for (absl::string_view line = TakeLine(text); !line.empty();
       line = TakeLine(text)) {
    if (path.size() == kMaxProofHashes) return Malformed("has a longer path");
    absl::StatusOr<std::string> bytes = DecodeBase64(line);
    if (!bytes.ok()) return Malformed("has a malformed hash in its path");
    absl::StatusOr<Hash> hash = Hash::FromBytes(*bytes);
    if (!hash.ok()) return Malformed("has a malformed hash in its path");
    path.push_back(*hash);
  }
  return path;
}

}  // namespace

std::string FormatProofFile(const EntryInclusion& inclusion) {
  std::string text = absl::StrCat(kFormatLine, "\n", kExtra,
                                  absl::Base64Escape(inclusion.leaf), "\n",
                                  kIndex, inclusion.index, "\n");
  for (const Hash& hash : inclusion.path) {
    absl::StrAppend(&text, absl::Base64Escape(hash.view()), "\n");
  }
  absl::StrAppend(&text, "\n", inclusion.checkpoint);
  return text;
}

absl::StatusOr<EntryInclusion> ParseProofFile(absl::string_view text) {
  if (text.size() > kMaxProofFileBytes) return Malformed("is above 24 KiB");
  if (TakeLine(&text) != kFormatLine) {
    return Malformed(absl::StrCat("does not begin with ", kFormatLine));
  }
  EntryInclusion inclusion;
  absl::StatusOr<std::string> leaf = ParseLeaf(TakeLine(&text));
  if (!leaf.ok()) return leaf.status();
  inclusion.leaf = *std::move(leaf);
  absl::StatusOr<uint64_t> index = ParseIndex(TakeLine(&text));
  if (!index.ok()) return index.status();
  inclusion.index = *index;
  absl::StatusOr<std::vector<Hash>> path = ParsePath(&text);
  if (!path.ok()) return path.status();
  inclusion.path = *std::move(path);
  inclusion.checkpoint = std::string(text);
  absl::Status note = ReadCheckpointUnverified(inclusion.checkpoint).status();
  if (!note.ok()) return note;
  return inclusion;
}

absl::StatusOr<Checkpoint> VerifyEntryInclusion(
    const EntryInclusion& inclusion, absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<Checkpoint> checkpoint =
      OpenCheckpoint(inclusion.checkpoint, verifiers);
  if (!checkpoint.ok()) return checkpoint;
  absl::Status included = VerifyInclusion(inclusion.index, checkpoint->size,
                                          LeafHash(inclusion.leaf),
                                          inclusion.path, checkpoint->root);
  if (!included.ok()) return included;
  return checkpoint;
}

}  // namespace keyward::audit
