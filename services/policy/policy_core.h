// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_CORE_H_
#define KEYWARD_SERVICES_POLICY_POLICY_CORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/project_purger.h"

namespace keyward::policy_service {

// What the core is given; all outlive it.
struct PolicyDependencies {
  // Owned by the core alone.
  kv::KeyValueStore* kv = nullptr;
  rpc::AuditLog* audit = nullptr;
  // The services that apply changes, whose fences are raised before audit's.
  std::vector<rpc::OwnerControl*> fenced_owners;
  // The store, which is asked before a project is deleted.
  rpc::ProjectPurger* purger = nullptr;
  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  const Logger* logger = nullptr;
};

struct PolicyOptions {
  // The principal that a new installation's `system.admin` is bound to.
  std::string bootstrap_administrator;
  // How long the opening may take.
  absl::Duration open_timeout = absl::Seconds(30);
};

// The policy service: projects, roles, bindings and deny rules, one durable
// revision after the other.
//
// A change is made durable, handed to the gateways, and then brought into
// force: the fence is raised at every service that applies changes and last in
// audit. Only then is it answered (P2). A change whose fences cannot be raised
// in time is answered UNAVAILABLE with the reason NOT_YET_IN_FORCE; it is
// applied, is never withdrawn, and a thread of the core goes on raising.
//
// Changes are one at a time, on a thread of their own; reads are answered on
// the calling thread. Until Start has succeeded everything but
// GetHeldCheckpoint is UNAVAILABLE.
//
// Thread-safe. Followers of snapshots may outlive it.
class PolicyCore final : public rpc::Owner,
                         public rpc::OwnerControl,
                         public rpc::SnapshotFeed {
 public:
  // Changes that may wait for their turn; more are RESOURCE_EXHAUSTED.
  static constexpr size_t kMaxWaiting = 256;

  // The methods that Execute runs.
  static std::vector<std::string> Methods();

  // Opens the policy. DATA_LOSS, FAILED_PRECONDITION and UNAVAILABLE as
  // LoadPolicy, saying what to do.
  static absl::StatusOr<std::unique_ptr<PolicyCore>> Create(
      const PolicyDependencies& dependencies, const PolicyOptions& options);

  // Waits for the change that is under way.
  ~PolicyCore() override;
  PolicyCore(const PolicyCore&) = delete;
  PolicyCore& operator=(const PolicyCore&) = delete;

  // Makes revision 1 if the folder is new and audit's log is empty, and brings
  // the newest revision into force, before anything is answered. UNAVAILABLE
  // if audit or an owner was away until the deadline: call again.
  // FAILED_PRECONDITION, for good, as Installation::Begin and
  // FenceRaiser::Raise. Blocks.
  absl::Status Start(absl::Time deadline);

  // Makes `principal` administrator of `system` again, with the services
  // stopped: see Installation::RecoverAdministrator. Instead of Start; needs
  // audit and the fenced owners. Blocks.
  absl::Status RecoverAdministrator(const std::string& principal,
                                    absl::Time deadline);

  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override;

  // Policy raises fences and has none of its own: FAILED_PRECONDITION.
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      absl::Time deadline) override;
  absl::StatusOr<std::string> GetHeldCheckpoint(absl::Time deadline) override;
  absl::Status HoldCheckpoint(const std::string& checkpoint,
                              absl::Time deadline) override;
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, absl::Time deadline) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                      absl::Time deadline) override;

  std::unique_ptr<rpc::SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override;

 private:
  struct State;

  explicit PolicyCore(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_CORE_H_
