// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/store_core.h"

#include <utility>

#include "libs/kv/writer_session.h"
#include "services/store/change_runner.h"
#include "services/store/checkpoint_keeper.h"
#include "services/store/control_state.h"
#include "services/store/event_feed.h"
#include "services/store/event_position.h"
#include "services/store/installation.h"
#include "services/store/key_ring.h"
#include "services/store/maintenance.h"
#include "services/store/maintenance_signal.h"
#include "services/store/method_table.h"
#include "services/store/opaque_token.h"
#include "services/store/project_purge.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// In order of construction: what comes later uses what comes before.
struct StoreCore::State {
  State(const StoreDependencies& deps,
        std::unique_ptr<kv::WriterSession> writer_session,
        Installation installation)
      : session(std::move(writer_session)),
        tokens(std::move(installation.token_key)),
        request_ids(std::move(installation.request_id_key)),
        restores(installation.restores),
        positions(&tokens, std::move(installation.incarnation)),
        keys(deps.kv, deps.seal, deps.random),
        seals(deps.kv, session->number()),
        parts{deps.kv, deps.clock, deps.random,
              &keys,   &seals,     &signal,
              &tokens, &positions, deps.seal->installation_id()},
        checkpoints(deps.kv, session.get(), deps.clock, deps.logger),
        changes(deps.kv, deps.clock, &request_ids, &checkpoints),
        methods(&parts, &changes),
        control(deps.kv, session.get(), deps.clock, &checkpoints),
        purge(deps.kv, session.get(), &keys),
        maintenance({&parts, session.get(), &changes, deps.audit}) {}

  std::unique_ptr<kv::WriterSession> session;
  OpaqueToken tokens;
  RequestIds request_ids;
  const uint64_t restores;
  EventPositions positions;
  KeyRing keys;
  SealCounter seals;
  MaintenanceSignal signal;
  StoreParts parts;
  CheckpointKeeper checkpoints;
  ChangeRunner changes;
  MethodTable methods;
  ControlState control;
  ProjectPurge purge;
  Maintenance maintenance;
  std::unique_ptr<EventFeed> events;
};

std::vector<std::string> StoreFeeds() { return {kEventKeyspace}; }

std::vector<std::string> StoreCore::Methods() {
  return MethodTable(nullptr, nullptr).Methods();
}

absl::StatusOr<std::unique_ptr<StoreCore>> StoreCore::Create(
    const StoreDependencies& deps, const StoreOptions& options) {
  const SteadyTime deadline = deps.clock->SteadyNow() + options.open_timeout;
  absl::StatusOr<std::unique_ptr<kv::WriterSession>> session =
      kv::WriterSession::Begin(deps.kv, deadline);
  if (!session.ok()) return session.status();
  absl::StatusOr<Installation> installation = OpenInstallation(
      {deps.kv, session->get(), deps.seal, deps.random, deps.clock},
      options.restored, deadline);
  if (!installation.ok()) return installation.status();
  auto state = std::make_unique<State>(deps, *std::move(session),
                                       *std::move(installation));
  absl::StatusOr<std::unique_ptr<EventFeed>> events =
      EventFeed::Create(deps.kv, deps.clock, &state->positions);
  if (!events.ok()) return events.status();
  state->events = *std::move(events);
  return std::unique_ptr<StoreCore>(new StoreCore(std::move(state)));
}

StoreCore::StoreCore(std::unique_ptr<State> state) : state_(std::move(state)) {}

StoreCore::~StoreCore() = default;

void StoreCore::Execute(const rpc::CallContext& context,
                        const google::protobuf::Message& request,
                        rpc::CallDone done) {
  state_->methods.Run(context, request, std::move(done));
}

absl::StatusOr<uint64_t> StoreCore::RaiseFence(uint64_t revision,
                                               SteadyTime deadline) {
  return state_->control.RaiseFence(revision, deadline);
}

absl::StatusOr<std::string> StoreCore::GetHeldCheckpoint(SteadyTime deadline) {
  return state_->control.GetHeldCheckpoint(deadline);
}

absl::Status StoreCore::HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                                       SteadyTime deadline) {
  return state_->control.HoldCheckpoint(handed, deadline);
}

absl::StatusOr<std::vector<rpc::IntentResolution>> StoreCore::ResolveIntents(
    const std::vector<uint64_t>& intent_ids, SteadyTime deadline) {
  return state_->control.ResolveIntents(intent_ids, deadline);
}

absl::StatusOr<uint64_t> StoreCore::RaiseFloor(uint64_t floor,
                                               SteadyTime deadline) {
  return state_->control.RaiseFloor(floor, deadline);
}

std::unique_ptr<rpc::EventFollower> StoreCore::FollowEvents(
    const std::string& project_uid, const std::string& position) {
  return state_->events->FollowEvents(project_uid, position);
}

absl::StatusOr<int64_t> StoreCore::PurgeProject(const std::string& project,
                                                const std::string& project_uid,
                                                SteadyTime deadline) {
  return state_->purge.Run(project, project_uid, deadline);
}

absl::optional<int64_t> StoreCore::damaged_key_versions() const {
  return state_->maintenance.damaged_key_versions();
}

MaintenanceSignal* StoreCore::maintenance_signal() { return &state_->signal; }

InstallationFacts StoreCore::installation() const {
  return {state_->parts.installation_id, state_->restores + 1};
}

absl::StatusOr<bool> StoreCore::RunMaintenanceOnce(SteadyTime deadline) {
  return state_->maintenance.RunOnce(deadline);
}

}  // namespace keyward::store
