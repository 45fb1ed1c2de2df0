// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_KEPT_CHECKPOINT_H_
#define KEYWARD_LIBS_AUDIT_KEPT_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/audit/checkpoint.h"

namespace keyward::audit {

// Which checkpoint a service keeps for the log (P3): after a start audit serves
// only if its log extends what the others keep, so what they keep decides
// whether it may start. A made-up checkpoint would keep it from starting for
// good, and one of a smaller tree would let a log that was rolled back pass.
//
// The first note comes from audit itself, with its key, which is pinned; from
// then on whoever hands a note over, a gateway too, is believed only under that
// key. Pure functions.

// A checkpoint has three short lines and a few signatures.
inline constexpr size_t kMaxHandedCheckpointBytes = 4096;

// The checkpoint of `note`, if the key of `verifier_key` (a C2SP vkey) signed
// it and has the name of its origin. INVALID_ARGUMENT if one of the two is
// malformed or too long; UNAUTHENTICATED if it is not signed so.
absl::StatusOr<Checkpoint> OpenHandedCheckpoint(absl::string_view note,
                                                absl::string_view verifier_key);

// What a service keeps. Without a note it keeps none yet; without a key the
// note was kept by a release that pinned none.
struct KeptCheckpoint {
  std::string note;
  uint64_t size = 0;  // Of the note's tree.
  std::string verifier_key;
};

// What to keep now that audit has handed `note` and its own `verifier_key`;
// absent if that is `kept`. Only for a call that audit alone can make, since
// the first one pins the key.
//
// INVALID_ARGUMENT, naming the field, if the note is not signed by that key;
// FAILED_PRECONDITION, saying what to do, if another key is pinned or did sign
// what is kept.
absl::StatusOr<absl::optional<KeptCheckpoint>> KeepFromAudit(
    const KeptCheckpoint& kept, absl::string_view note,
    absl::string_view verifier_key);

// What to keep now that a call has brought `note`; absent if that is `kept`:
// the note's tree is not larger, or no key is pinned yet. An error as
// OpenHandedCheckpoint's if the note does not verify under the pinned key:
// whoever sent it is broken or lies, and `kept` stays.
absl::StatusOr<absl::optional<KeptCheckpoint>> KeepFromCall(
    const KeptCheckpoint& kept, absl::string_view note);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_KEPT_CHECKPOINT_H_
