// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/control_state.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "services/store/own_commit.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using Outcome = kv::CommitResult::Outcome;

// Collects what becomes of many intents. Callbacks may come after the waiter
// has given up, so it is shared with them.
class Resolutions {
 public:
  explicit Resolutions(size_t expected) : missing_(expected) {}

  void Add(uint64_t id, const kv::CommitResult& settled) {
    MutexLock l(&mu_);
    if (settled.applied()) {
      found_.push_back({id, rpc::Outcome::kApplied,
                        static_cast<int>(absl::StatusCode::kOk)});
    } else if (settled.outcome == Outcome::kBarred) {
      // Why it was refused is not kept: only that it can never apply.
      found_.push_back({id, rpc::Outcome::kNotApplied,
                        static_cast<int>(absl::StatusCode::kUnavailable)});
    }
    if (--missing_ == 0) done_.SignalAll();
  }

  // What is known once all have answered, or at the deadline.
  std::vector<rpc::IntentResolution> Wait(const Clock& clock,
                                          SteadyTime deadline) {
    MutexLock l(&mu_);
    while (missing_ > 0) {
      if (!done_.WaitUntil(&mu_, clock, deadline)) break;
    }
    return found_;
  }

 private:
  Mutex mu_;
  CondVar done_;
  size_t missing_ ABSL_GUARDED_BY(mu_);
  std::vector<rpc::IntentResolution> found_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::Status ControlState::CheckTime(SteadyTime deadline) const {
  if (clock_->SteadyNow() < deadline) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable,
                   "the deadline passed; ask again");
}

absl::StatusOr<uint64_t> ControlState::RaiseFence(uint64_t revision,
                                                  SteadyTime deadline) {
  while (true) {
    const absl::StatusOr<uint64_t> fence = LoadNumber(*kv_, kFenceKey);
    if (!fence.ok() || *fence >= revision) return fence;
    kv::Transaction txn;
    txn.preconditions.push_back(
        kv::Precondition::NumberAtMost(kFenceKey, revision - 1));
    txn.puts.push_back({kFenceKey, kv::EncodeNumber(revision)});
    absl::Status raised = CommitOwn(session_, std::move(txn), deadline);
    if (raised.ok()) return revision;
    if (absl::IsAborted(raised)) raised = CheckTime(deadline);
    if (!raised.ok()) return raised;
  }
}

absl::StatusOr<std::string> ControlState::GetHeldCheckpoint(SteadyTime) {
  return checkpoints_->Held();
}

absl::Status ControlState::HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                                          SteadyTime deadline) {
  return checkpoints_->Hold(handed, deadline);
}

absl::StatusOr<std::vector<rpc::IntentResolution>> ControlState::ResolveIntents(
    const std::vector<uint64_t>& intent_ids, SteadyTime deadline) {
  if (intent_ids.size() > kMaxIntents) {
    return absl::InvalidArgumentError("intent_ids: must be at most 256");
  }
  const auto resolutions = std::make_shared<Resolutions>(intent_ids.size());
  for (const uint64_t id : intent_ids) {
    kv_->Settle(kv::TransactionId::Intent(id), kv::CommitOptions{deadline},
                [resolutions, id](kv::CommitResult settled) {
                  resolutions->Add(id, settled);
                });
  }
  return resolutions->Wait(*clock_, deadline);
}

absl::StatusOr<uint64_t> ControlState::RaiseFloor(uint64_t floor,
                                                  SteadyTime deadline) {
  while (true) {
    const absl::StatusOr<uint64_t> present = kv_->IntentFloor();
    if (!present.ok()) return ReadError(present.status());
    if (*present >= floor) return *present;
    kv::Transaction txn;
    txn.raise_intent_floor = floor;
    absl::Status raised = CommitOwn(session_, std::move(txn), deadline);
    if (raised.ok()) return floor;
    if (absl::IsAborted(raised)) raised = CheckTime(deadline);
    if (!raised.ok()) return raised;
  }
}

}  // namespace keyward::store
