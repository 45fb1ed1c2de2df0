// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_VERIFY_H_
#define KEYWARD_LIBS_AUDIT_VERIFY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/leaf_source.h"
#include "libs/audit/note.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// `keyward audit verify`: recomputes a log's tree and rules from its leaves,
// offline, and compares them with checkpoints that someone else has kept. It
// trusts the verifier keys that it is given, and nothing in the log.

// A checkpoint of the log, and who kept it: "--checkpoint", "the store".
struct HeldCheckpoint {
  std::string name;
  std::string note;
};

struct VerifyOptions {
  // The log's key, from a place that whoever could change the log could not
  // change as well.
  std::vector<NoteVerifier> verifiers;
  // The log must extend all of these.
  std::vector<HeldCheckpoint> held;
  // An intent without an outcome is a failure.
  bool settled = false;
};

// Open intents that a report lists.
inline constexpr size_t kMaxReportedIntents = 100;

struct VerifyReport {
  uint64_t size = 0;
  Hash root;
  // The policy revision in force at the end; 0 if none ever was.
  uint64_t fence = 0;
  uint64_t intents = 0;
  uint64_t open_intents = 0;
  std::vector<uint64_t> open_list;  // The first kMaxReportedIntents of them.
  // The newest checkpoint that the log was compared with: its name, its size.
  // Empty if there was none, and then nothing is proven but that the log is
  // whole and keeps its rules.
  std::string checkpoint_name;
  uint64_t checkpoint_size = 0;
};

// Reads all of `source`, in bounded memory. An export's own checkpoint counts
// as held by "the export".
//
// DATA_LOSS if anything was changed, with a message that begins with where:
// the first leaf that differs if that can be known ("leaf 17 (batch 12): ..."),
// else the leaves between the last checkpoint or tile that fits and the first
// that does not. FAILED_PRECONDITION if `settled` is asked for and an intent is
// open. INVALID_ARGUMENT, naming whose, if a held checkpoint is malformed, and
// UNAUTHENTICATED if none of the keys signed it. Errors of the source.
absl::StatusOr<VerifyReport> VerifyLog(LeafSource* source,
                                       const VerifyOptions& options);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_VERIFY_H_
