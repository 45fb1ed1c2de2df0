// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Keeps a gateway's policy view fed: follows policy's snapshots, compiles
// them, stages them, and learns from audit which revision is in force.

#ifndef KEYWARD_SERVICES_GATEWAY_POLICY_FOLLOWER_H_
#define KEYWARD_SERVICES_GATEWAY_POLICY_FOLLOWER_H_

#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/policy/actions.h"
#include "libs/policy/snapshot_codec.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/change_feed.h"
#include "services/gateway/policy_view.h"

namespace keyward::gateway {

// A thread of its own, since compiling a large policy takes longer than a
// transport's thread may be held. Everything it is given must outlive it.
class PolicyFollower {
 public:
  // How long it waits before it tries again after a failure.
  static constexpr absl::Duration kRetry = absl::Milliseconds(200);
  // How long it asks audit for the fence before it says that audit is away.
  static constexpr absl::Duration kFenceTime = absl::Seconds(2);

  PolicyFollower(const Clock* clock, rpc::SnapshotFeed* feed,
                 rpc::AuditLog* audit_log,
                 std::shared_ptr<const policy::ActionCatalog> catalog,
                 PolicyView* view, const Logger* log);
  // Stops following; waits for the step that is under way.
  ~PolicyFollower();
  PolicyFollower(const PolicyFollower&) = delete;
  PolicyFollower& operator=(const PolicyFollower&) = delete;

 private:
  using Update = internal::policy::v1::FollowSnapshotsResponse;

  // What one call of Next brings, handed from its thread to ours.
  struct Mailbox {
    Mutex mu;
    CondVar arrived;
    std::optional<absl::StatusOr<Update>> update ABSL_GUARDED_BY(mu);
  };

  void Run();
  // Follows one stream until it fails or the follower stops.
  absl::Status FollowOnce();
  absl::StatusOr<Update> Await(rpc::SnapshotFollower* follower);
  absl::Status Install(const Update& update);
  // Without a snapshot in force no call is decided, and no answer of audit
  // tells the fence: it is asked.
  absl::Status LearnFence();
  bool stopping();
  void Pause();

  const Clock* const clock_;
  rpc::SnapshotFeed* const feed_;
  rpc::AuditLog* const audit_log_;
  const std::shared_ptr<const policy::ActionCatalog> catalog_;
  PolicyView* const view_;
  const Logger* const log_;

  policy::SnapshotAssembler assembler_;

  Mutex mu_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_POLICY_FOLLOWER_H_
