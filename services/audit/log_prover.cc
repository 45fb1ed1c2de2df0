// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_prover.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/proof.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::audit_service {
namespace {

absl::Status OutOfRange(absl::string_view message) {
  return MakeError(absl::StatusCode::kOutOfRange, kInvalidField, message);
}

}  // namespace

absl::StatusOr<std::string> LogProver::Sign(const LogView& view) {
  {
    MutexLock l(&mu_);
    if (!signed_note_.empty() && signed_size_ == view.size()) {
      return signed_note_;
    }
  }
  absl::StatusOr<std::string> note = audit::SignCheckpoint(
      *signer_, {signer_->verifier().name(), view.size(), view.head.root});
  if (!note.ok()) return note;
  MutexLock l(&mu_);
  signed_size_ = view.size();
  signed_note_ = *note;
  return note;
}

absl::StatusOr<rpc::CheckpointAnswer> LogProver::Checkpoint(const LogView& view,
                                                            uint64_t old_size) {
  if (old_size > view.size()) {
    return OutOfRange(
        absl::StrCat("old_size: the log has only ", view.size(), " entries"));
  }
  audit::TileNodeReader nodes(reader_, view.edge);
  absl::StatusOr<std::vector<audit::Hash>> proof =
      audit::ConsistencyProof(&nodes, old_size, view.size());
  if (!proof.ok()) return proof.status();
  absl::StatusOr<std::string> note = Sign(view);
  if (!note.ok()) return note.status();
  rpc::CheckpointAnswer answer;
  answer.checkpoint = *std::move(note);
  answer.consistency_proof = audit::HashesToBytes(*proof);
  answer.verifier_key = signer_->verifier().ToString();
  return answer;
}

absl::StatusOr<EntryProof> LogProver::Prove(const LogView& view, uint64_t index,
                                            uint64_t tree_size) {
  if (tree_size > view.size()) {
    return OutOfRange(
        absl::StrCat("tree_size: the log has only ", view.size(), " entries"));
  }
  EntryProof answer;
  answer.tree_size = tree_size == 0 ? view.size() : tree_size;
  if (index >= answer.tree_size) {
    return OutOfRange("index: must be below the tree's size");
  }
  absl::StatusOr<std::string> leaf = reader_->ReadLeaf(index);
  if (!leaf.ok()) return leaf.status();
  audit::TileNodeReader nodes(reader_, view.edge);
  absl::StatusOr<std::vector<audit::Hash>> proof =
      audit::InclusionProof(&nodes, index, answer.tree_size);
  if (!proof.ok()) return proof.status();
  absl::StatusOr<std::string> note = Sign(view);
  if (!note.ok()) return note.status();
  answer.leaf = *std::move(leaf);
  answer.inclusion_proof = audit::HashesToBytes(*proof);
  answer.checkpoint = *std::move(note);
  return answer;
}

absl::Status LogProver::CheckExtends(const LogView& view,
                                     absl::string_view note) {
  absl::StatusOr<audit::Checkpoint> held =
      audit::OpenCheckpoint(note, {signer_->verifier()});
  if (!held.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it is no checkpoint of this log: ", held.status().message()));
  }
  if (held->size > view.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is about ", held->size, " entries, of which only ",
                     view.size(), " are here: the log was cut or rolled back"));
  }
  audit::TileNodeReader nodes(reader_, view.edge);
  absl::StatusOr<audit::Hash> root = audit::RootAt(&nodes, held->size);
  if (!root.ok()) return root.status();
  if (*root != held->root) {
    return absl::FailedPreconditionError(
        absl::StrCat("its first ", held->size,
                     " entries are not those that are here: the log was "
                     "changed"));
  }
  return absl::OkStatus();
}

}  // namespace keyward::audit_service
