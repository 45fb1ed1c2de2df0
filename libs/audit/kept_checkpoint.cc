// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/kept_checkpoint.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/note.h"
#include "libs/base/error.h"

namespace keyward::audit {
namespace {

absl::Status AnotherLog() {
  return absl::FailedPreconditionError(
      "the checkpoint that is held here was signed by another key than this "
      "audit log's: it is another log. Put the audit folder with the log's own "
      "log.key back; if there is none, restore all data folders from the same "
      "backup and start once with --restored");
}

}  // namespace

absl::StatusOr<Checkpoint> OpenHandedCheckpoint(
    absl::string_view note, absl::string_view verifier_key) {
  if (note.size() > kMaxHandedCheckpointBytes) {
    return absl::InvalidArgumentError("the checkpoint is longer than 4 KiB");
  }
  const absl::StatusOr<NoteVerifier> verifier =
      NoteVerifier::Parse(verifier_key);
  if (!verifier.ok()) return verifier.status();
  return OpenCheckpoint(note, {*verifier});
}

absl::StatusOr<absl::optional<KeptCheckpoint>> KeepFromAudit(
    const KeptCheckpoint& kept, absl::string_view note,
    absl::string_view verifier_key) {
  const absl::StatusOr<Checkpoint> handed =
      OpenHandedCheckpoint(note, verifier_key);
  if (!handed.ok()) {
    return FieldError("checkpoint",
                      absl::StrCat("must be a signed note by verifier_key: ",
                                   handed.status().message()));
  }
  if (kept.verifier_key.empty()) {
    // Kept by a release that pinned no key: not given up for another log's.
    const bool mine =
        kept.note.empty() || OpenHandedCheckpoint(kept.note, verifier_key).ok();
    if (!mine) return AnotherLog();
  } else if (kept.verifier_key != verifier_key) {
    return AnotherLog();
  } else if (handed->size <= kept.size) {
    return absl::optional<KeptCheckpoint>();
  }
  KeptCheckpoint next = kept;
  next.verifier_key = std::string(verifier_key);
  if (kept.note.empty() || handed->size > kept.size) {
    next.note = std::string(note);
    next.size = handed->size;
  }
  return absl::optional<KeptCheckpoint>(std::move(next));
}

absl::StatusOr<absl::optional<KeptCheckpoint>> KeepFromCall(
    const KeptCheckpoint& kept, absl::string_view note) {
  const absl::optional<KeptCheckpoint> none;
  if (kept.verifier_key.empty()) return none;
  const absl::StatusOr<Checkpoint> handed =
      OpenHandedCheckpoint(note, kept.verifier_key);
  if (!handed.ok()) return handed.status();
  if (handed->size <= kept.size) return none;
  return absl::optional<KeptCheckpoint>(
      KeptCheckpoint{std::string(note), handed->size, kept.verifier_key});
}

}  // namespace keyward::audit
