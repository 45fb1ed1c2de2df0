// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_CORE_H_
#define KEYWARD_SERVICES_POLICY_POLICY_CORE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "libs/policy/actions.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/project_purger.h"
#include "services/policy/change_executor.h"
#include "services/policy/fence_raiser.h"
#include "services/policy/installation.h"
#include "services/policy/page_tokens.h"
#include "services/policy/policy_standing.h"
#include "services/policy/policy_storage.h"
#include "services/policy/snapshot_publisher.h"

namespace keyward::policy_service {

// What a policy service stands on; all of it outlives the core.
struct PolicyDependencies {
  // Owned by the core alone.
  kv::KeyValueStore* kv = nullptr;
  rpc::AuditLog* audit = nullptr;
  // The services that apply changes: store, rotation. Their fences are raised
  // before audit's.
  std::vector<rpc::OwnerControl*> fenced_owners;
  // The store, which is asked before a project is deleted.
  rpc::ProjectPurger* purger = nullptr;
  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  // Optional: without it nothing is logged.
  const Logger* logger = nullptr;
  // Optional: without it the core has one of its own, on `clock`.
  Timer* timer = nullptr;
};

struct PolicyOptions {
  // The principal that a new installation binds to system.admin on `system`.
  // Not looked at otherwise.
  std::string bootstrap_administrator;
  // The folder came from a backup: Start makes the policy go on under
  // revisions that were never used (Installation::Restore).
  bool restored = false;
  // How long the opening may take.
  absl::Duration open_timeout = absl::Seconds(30);
};

// The policy service without gRPC: it owns the policy, changes it, brings
// changes into force everywhere before it answers them (P2), and hands
// snapshots to the gateways. It never decides about a request: gateways do,
// except for what only a transaction can decide (grant only what you hold).
//
// Life: Create reads the folder, and GetHeldCheckpoint and HoldCheckpoint
// answer from then on.
// Start begins a new installation if this is one, or goes on with a restored
// one, raises all fences to the
// newest revision, and only then does anything else answer; until then it is
// UNAVAILABLE. The core has three threads: one makes changes, one raises
// fences, one deletes projects. None blocks another, so a service that hangs
// delays answers and nothing else.
//
// Thread-safe. The destructor ends its threads and answers what waits.
class PolicyCore final : public rpc::Owner,
                         public rpc::OwnerControl,
                         public rpc::SnapshotFeed {
 public:
  // Reads the policy. INVALID_ARGUMENT if a dependency is missing; DATA_LOSS
  // and FAILED_PRECONDITION as PolicyStorage::Load; UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<PolicyCore>> Create(
      const PolicyDependencies& dependencies, const PolicyOptions& options);
  ~PolicyCore() override;

  PolicyCore(const PolicyCore&) = delete;
  PolicyCore& operator=(const PolicyCore&) = delete;

  // Makes the service ready; see the class. Blocks until it is, or until the
  // deadline: UNAVAILABLE then, and it may be called again.
  // FAILED_PRECONDITION, for good: the folder is new but audit's log is not, or
  // the folder should be a restored one; or the log has seen a newer policy
  // than the folder holds. The message says what to do. One call at a time.
  absl::Status Start(SteadyTime deadline);

  // For `keyward operator recover-admin`, instead of Start: makes `principal`
  // administrator on record (Installation::RecoverAdministrator), raises the
  // fences of the owners that are there and of audit, so that its revision is
  // in force. FAILED_PRECONDITION after Start; else as
  // Installation::RecoverAdministrator. Blocks.
  absl::Status RecoverAdministrator(const std::string& principal,
                                    SteadyTime deadline);

  // Start has succeeded.
  bool ready() const { return ready_.load(); }
  // The newest durable revision, and the one that is known to be in force.
  uint64_t newest_revision() const { return standing_.Newest()->revision(); }
  uint64_t revision_in_force() const { return standing_.InForce(); }

  // The public methods that Execute runs. The others of PolicyService are
  // answered by the gateway, from its snapshot or from their access option.
  static std::vector<std::string> Methods();

  // rpc::Owner. Reads show the newest durable policy, whether or not it is in
  // force yet: it is what the next change will be made on. For changes see
  // ChangeExecutor.
  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override;

  // rpc::OwnerControl. An intent whose project deletion is under way is left
  // out of ResolveIntents: it is neither applied nor given up.
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime deadline) override;
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                              SteadyTime deadline) override;
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime deadline) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                      SteadyTime deadline) override;

  // FAILED_PRECONDITION always: policy has no fence but its newest revision.
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;

  // rpc::SnapshotFeed. Nothing is sent before Start has succeeded.
  std::unique_ptr<rpc::SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override;

 private:
  PolicyCore(const PolicyDependencies& dependencies,
             const PolicyOptions& options,
             std::shared_ptr<const policy::ActionCatalog> catalog,
             std::unique_ptr<PolicyStorage> storage, DurablePolicy newest,
             std::unique_ptr<PageTokens> tokens);

  Installation OfInstallation() const;
  absl::Status BeginIfNew(SteadyTime deadline);
  absl::Status RestoreOnce(SteadyTime deadline);
  absl::Status RaiseFences(SteadyTime deadline);
  void RunFences();
  void RunDeletions();
  // One attempt at every deletion whose closing is in force. True if none is
  // left over.
  bool DeleteClosedProjects();
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Read(
      const rpc::CallContext& context,
      const google::protobuf::Message& request);

  const PolicyDependencies dependencies_;
  const PolicyOptions options_;
  const std::shared_ptr<const policy::ActionCatalog> catalog_;
  // Where the dependencies name none.
  const std::unique_ptr<LogSink> no_sink_;
  const Logger no_logger_;
  const std::unique_ptr<Timer> own_timer_;
  const Logger& log_;
  const std::unique_ptr<PolicyStorage> storage_;
  const std::unique_ptr<PageTokens> tokens_;
  PolicyStanding standing_;
  SnapshotPublisher publisher_;
  ChangeExecutor executor_;
  // Start uses it, and then the fence thread alone.
  FenceRaiser raiser_;
  std::atomic<bool> ready_{false};
  // Only in Start.
  bool restored_ = false;
  std::thread fences_;
  std::thread deletions_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_CORE_H_
