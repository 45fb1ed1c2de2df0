// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_STORE_CORE_H_
#define KEYWARD_SERVICES_STORE_STORE_CORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/kv/kv.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/project_purger.h"
#include "services/store/maintenance_signal.h"

namespace keyward::store {

// What the core is given; all outlive it.
struct StoreDependencies {
  // Opened with StoreFeeds(), and owned by the core alone.
  kv::KeyValueStore* kv = nullptr;
  crypto::Seal* seal = nullptr;
  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  // For what the store does by itself; not used before RunMaintenanceOnce.
  rpc::AuditLog* audit = nullptr;
  // Optional: without it nothing is logged.
  const Logger* logger = nullptr;
};

struct StoreOptions {
  // The data folder was put back from a backup: takes a new incarnation.
  bool restored = false;
  // How long the opening may take.
  absl::Duration open_timeout = absl::Seconds(30);
};

// What a store tells operators of the installation that it belongs to.
struct InstallationFacts {
  std::string id;
  // 1, and one more with each restore.
  uint64_t incarnation = 0;
};

// The keyspaces that the state layer must keep a feed of.
std::vector<std::string> StoreFeeds();

// The store: secrets, versions, keys, and the feed of their changes. It keeps
// what it is told to keep, encrypted, and gives it to whoever asks; who may
// ask was decided before.
//
// Reads are answered on the calling thread after local reads. Changes are
// answered on any thread, never before they are durable; see change_runner.h
// for what becomes of them when something fails.
//
// Thread-safe. Event followers must be gone before the core is destroyed, and
// no call may begin any more; the destructor waits for those under way.
class StoreCore final : public rpc::Owner,
                        public rpc::OwnerControl,
                        public rpc::SecretEventFeed,
                        public rpc::ProjectPurger {
 public:
  // The methods that Execute runs; others, which the gateway answers itself,
  // are UNIMPLEMENTED.
  static std::vector<std::string> Methods();

  // Opens the store in its state, or makes a new one in an empty state. The
  // errors of OpenInstallation, which say what to do.
  static absl::StatusOr<std::unique_ptr<StoreCore>> Create(
      const StoreDependencies& deps, const StoreOptions& options);
  StoreCore(const StoreCore&) = delete;
  StoreCore& operator=(const StoreCore&) = delete;
  ~StoreCore() override;

  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override;

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime deadline) override;
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                              SteadyTime deadline) override;
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime deadline) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor,
                                      SteadyTime deadline) override;

  std::unique_ptr<rpc::EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) override;

  absl::StatusOr<int64_t> PurgeProject(const std::string& project,
                                       const std::string& project_uid,
                                       SteadyTime deadline) override;

  // Never fails and never blocks: it was read when the store was opened.
  InstallationFacts installation() const;

  // Does what is due: removes deleted secrets whose window has passed, rewraps
  // data keys, prunes events and request ids. A bounded amount: answers
  // whether more is due at once. Blocks; one call at a time. What changes a
  // secret or a key is on record, and is left undone while audit is away. An
  // error is that of the first step that failed; the others were tried.
  absl::StatusOr<bool> RunMaintenanceOnce(SteadyTime deadline);

  // How many versions of keys do not open, as maintenance last saw it; absent
  // until it has looked at all of them.
  absl::optional<int64_t> damaged_key_versions() const;

  // Raised when maintenance should run now. The core's own.
  MaintenanceSignal* maintenance_signal();

 private:
  struct State;

  explicit StoreCore(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STORE_CORE_H_
