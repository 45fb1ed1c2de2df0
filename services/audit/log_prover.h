// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_LOG_PROVER_H_
#define KEYWARD_SERVICES_AUDIT_LOG_PROVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/audit/log_reader.h"
#include "libs/audit/note.h"
#include "libs/base/mutex.h"
#include "libs/rpc/audit_log.h"
#include "services/audit/log_view.h"

namespace keyward::audit_service {

// The proof that an entry is in the log.
struct EntryProof {
  std::string leaf;
  std::vector<std::string> inclusion_proof;  // The leaf's sibling first.
  uint64_t tree_size = 0;
  // Of the whole log, which may be larger than tree_size.
  std::string checkpoint;
};

// Signs checkpoints and proves what they say. It is given a durable state for
// each answer, so that nothing is ever signed that a crash could take back.
//
// Each answer takes some point reads of the store: never on a thread that
// serves other calls. Thread-safe. The arguments of the constructor outlive it.
class LogProver {
 public:
  LogProver(const audit::LogReader* reader, const audit::NoteSigner* signer)
      : reader_(reader), signer_(signer) {}

  // The checkpoint of `view` and the proof that it extends the tree of the
  // first `old_size` leaves. OUT_OF_RANGE, reason INVALID_FIELD, if the log has
  // fewer: whoever holds a checkpoint of that size should be alarmed.
  absl::StatusOr<rpc::CheckpointAnswer> Checkpoint(const LogView& view,
                                                   uint64_t old_size);

  // The proof that leaf `index` is in the tree of the first `tree_size` leaves,
  // or in that of `view` if `tree_size` is 0. OUT_OF_RANGE if there is no such
  // leaf or tree.
  absl::StatusOr<EntryProof> Prove(const LogView& view, uint64_t index,
                                   uint64_t tree_size);

  // OK if the log extends the tree that `note`, a checkpoint, is about.
  // FAILED_PRECONDITION, with a message that says how, if it does not, or if
  // `note` is no checkpoint of this log; errors of the store.
  absl::Status CheckExtends(const LogView& view, absl::string_view note);

 private:
  absl::StatusOr<std::string> Sign(const LogView& view);

  const audit::LogReader* const reader_;
  const audit::NoteSigner* const signer_;

  // The last signed checkpoint: while the log rests, many ask for the same.
  Mutex mu_;
  uint64_t signed_size_ ABSL_GUARDED_BY(mu_) = 0;
  std::string signed_note_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_LOG_PROVER_H_
