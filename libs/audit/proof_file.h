// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_PROOF_FILE_H_
#define KEYWARD_LIBS_AUDIT_PROOF_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/note.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// That one entry is in the log, for whoever has nothing of the log but its
// key: the entry, its path to the root, and the checkpoint that has the root.
// As a file it is a C2SP tlog-proof (FORMAT.md), which other tools read too.
//
// Pure functions and a value type.

struct EntryInclusion {
  std::string leaf;
  uint64_t index = 0;
  // The leaf's sibling first.
  std::vector<Hash> path;
  // A signed note, of exactly the tree that the path is in.
  std::string checkpoint;
};

// An entry of kMaxEntryBytes, a path of kMaxProofHashes and a note of
// kMaxNoteBytes take less.
inline constexpr size_t kMaxProofFileBytes = size_t{24} << 10;

// The file.
std::string FormatProofFile(const EntryInclusion& inclusion);

// What the file `text` says; nothing of it is known to be true.
// INVALID_ARGUMENT, saying where, if it has another form, or another spelling
// of the same: numbers and base64 have one. Also if it is above a bound, or a
// proof of another program's that has no entry of an audit log in it.
absl::StatusOr<EntryInclusion> ParseProofFile(absl::string_view text);

// The checkpoint, if one of `verifiers` signed it and the path leads from the
// entry, at its index, to its root. Errors as OpenCheckpoint and
// VerifyInclusion.
absl::StatusOr<Checkpoint> VerifyEntryInclusion(
    const EntryInclusion& inclusion, absl::Span<const NoteVerifier> verifiers);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_PROOF_FILE_H_
