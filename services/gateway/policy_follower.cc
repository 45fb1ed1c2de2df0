// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/policy_follower.h"

#include <utility>

#include "libs/base/fault_point.h"

namespace keyward::gateway {

PolicyFollower::PolicyFollower(
    const Clock* clock, rpc::SnapshotFeed* feed, rpc::AuditLog* audit_log,
    std::shared_ptr<const policy::ActionCatalog> catalog, PolicyView* view,
    const Logger* log)
    : clock_(clock),
      feed_(feed),
      audit_log_(audit_log),
      catalog_(std::move(catalog)),
      view_(view),
      log_(log) {
  thread_ = std::thread([this] { Run(); });
}

PolicyFollower::~PolicyFollower() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    stop_.SignalAll();
  }
  thread_.join();
}

bool PolicyFollower::stopping() {
  MutexLock lock(&mu_);
  return stopping_;
}

void PolicyFollower::Pause() {
  MutexLock lock(&mu_);
  if (!stopping_) stop_.WaitFor(&mu_, kRetry);
}

void PolicyFollower::Run() {
  absl::Status last;
  while (!stopping()) {
    absl::Status status = FollowOnce();
    if (stopping()) return;
    // Once for each new reason, not five times a second.
    if (status != last) {
      log_->Warning("waiting for policy", {{"status", status}});
      last = status;
    }
    Pause();
  }
}

absl::Status PolicyFollower::FollowOnce() {
  // With the revision that is held, policy need send only what changed since.
  std::unique_ptr<rpc::SnapshotFollower> follower =
      feed_->FollowSnapshots(assembler_.revision());
  while (!stopping()) {
    absl::StatusOr<Update> update = Await(follower.get());
    if (!update.ok()) return update.status();
    if (absl::Status status = Install(*update); !status.ok()) {
      // Whatever was assembled cannot be trusted: begin with a whole snapshot.
      assembler_ = policy::SnapshotAssembler();
      return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<PolicyFollower::Update> PolicyFollower::Await(
    rpc::SnapshotFollower* follower) {
  // Shared with the callback, which may come after this thread gave up.
  auto mailbox = std::make_shared<Mailbox>();
  follower->Next([mailbox](absl::StatusOr<Update> update) {
    MutexLock lock(&mailbox->mu);
    mailbox->update = std::move(update);
    mailbox->arrived.SignalAll();
  });
  while (!stopping()) {
    {
      // An idle policy sends nothing for as long as it likes; the wait ends by
      // itself to see whether the follower is to stop, and as follows.
      MutexLock lock(&mailbox->mu);
      if (!mailbox->update.has_value()) {
        mailbox->arrived.WaitFor(&mailbox->mu, kRetry);
      }
      if (mailbox->update.has_value()) return *std::move(mailbox->update);
    }
    // What is staged alone may come into force without a word from policy, and
    // no call gets as far as audit to hear of it while nothing is in force.
    if (view_->Current() == nullptr && view_->newest_staged() != 0) {
      (void)LearnFence();
    }
  }
  return absl::CancelledError("stopping");
}

absl::Status PolicyFollower::Install(const Update& update) {
  absl::StatusOr<std::shared_ptr<const policy::PolicyState>> state =
      assembler_.Take(update);
  if (!state.ok()) return state.status();
  if (*state == nullptr) return absl::OkStatus();  // more chunks to come
  absl::StatusOr<SnapshotPtr> snapshot =
      policy::PolicySnapshot::Compile(*std::move(state), catalog_);
  if (!snapshot.ok()) return snapshot.status();
  KEYWARD_FAULT_POINT("gateway.policy.before_stage");
  view_->Stage(*std::move(snapshot));
  if (view_->Current() == nullptr) return LearnFence();
  return absl::OkStatus();
}

absl::Status PolicyFollower::LearnFence() {
  absl::StatusOr<rpc::LogState> state =
      audit_log_->GetLogState(clock_->SteadyNow() + kFenceTime);
  if (!state.ok()) return state.status();
  view_->OnFence(state->fence);
  return absl::OkStatus();
}

}  // namespace keyward::gateway
