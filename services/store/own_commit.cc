// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/own_commit.h"

#include <utility>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::store {

using Outcome = kv::CommitResult::Outcome;

absl::Status CommitOwn(kv::WriterSession* session, kv::Transaction txn,
                       SteadyTime deadline) {
  const kv::CommitOptions options{deadline};
  kv::CommitResult result = session->CommitAndWait(std::move(txn), options);
  if (result.outcome == Outcome::kUnknown) {
    const kv::TransactionId id = result.id;
    result = session->SettleAndWait(id, options);
    if (result.outcome == Outcome::kUnknown) session->Abandon(id);
  }
  if (result.applied()) return absl::OkStatus();
  if (result.outcome == Outcome::kConflict ||
      result.outcome == Outcome::kBarred) {
    return absl::AbortedError("another change came first");
  }
  if (absl::IsInvalidArgument(result.status)) {
    return absl::InternalError(result.status.message());
  }
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kStoreUnavailable,
                            "the store cannot change its state",
                            result.status.message());
}

}  // namespace keyward::store
