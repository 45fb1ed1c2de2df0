// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_CHECKPOINT_H_
#define KEYWARD_LIBS_AUDIT_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/audit/note.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// A checkpoint (C2SP tlog-checkpoint): what a log commits itself to. Whoever
// keeps one can later prove that nothing below it was changed, cut, reordered
// or rolled back.
struct Checkpoint {
  // Names the log; equal to the name of the key that signs it.
  std::string origin;
  uint64_t size = 0;
  Hash root;
};

// The text that is signed: origin, size, root, one a line.
std::string CheckpointText(const Checkpoint& checkpoint);

// INVALID_ARGUMENT unless `text` has that form; further lines, which the
// format allows, are ignored.
absl::StatusOr<Checkpoint> ParseCheckpointText(absl::string_view text);

// The signed note of `checkpoint`. Only for a tree whose every entry is
// durable: a log that signs two checkpoints of which neither extends the other
// has proven itself false. Errors as NoteSigner::Sign.
absl::StatusOr<std::string> SignCheckpoint(const NoteSigner& signer,
                                           const Checkpoint& checkpoint);

// The checkpoint of `note` if one of `verifiers` signed it and that verifier's
// name is the checkpoint's origin. INVALID_ARGUMENT if it is malformed;
// UNAUTHENTICATED if it is not signed so.
absl::StatusOr<Checkpoint> OpenCheckpoint(
    absl::string_view note, absl::Span<const NoteVerifier> verifiers);

// The checkpoint of `note`, whose signatures are not looked at. Enough to tell
// which of two is the larger, for whoever keeps checkpoints for others without
// their key; never enough to believe one. INVALID_ARGUMENT if it is malformed.
absl::StatusOr<Checkpoint> ReadCheckpointUnverified(absl::string_view note);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_CHECKPOINT_H_
