// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_core.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/base/worker.h"
#include "libs/policy/public_actions.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/change_runner.h"
#include "services/policy/fence_raiser.h"
#include "services/policy/installation.h"
#include "services/policy/page_tokens.h"
#include "services/policy/policy_loader.h"
#include "services/policy/policy_reads.h"
#include "services/policy/policy_standing.h"
#include "services/policy/policy_storage.h"
#include "services/policy/snapshot_publisher.h"

namespace keyward::policy_service {
namespace {

using google::protobuf::Message;
namespace v1 = keyward::policy::v1;

constexpr char kService[] = "keyward.policy.v1.PolicyService.";

// Between two attempts to bring a revision into force, or to go on with a
// deletion.
constexpr absl::Duration kRetry = absl::Milliseconds(500);
// How often what is expired or superseded is removed.
constexpr absl::Duration kMaintenance = absl::Minutes(1);
constexpr absl::Duration kMaintenanceTime = absl::Seconds(10);

rpc::CallResult Failed(absl::Status status) {
  rpc::CallResult result;
  result.status = std::move(status);
  return result;
}

rpc::CallResult Read(absl::StatusOr<std::unique_ptr<Message>> response) {
  if (!response.ok()) return Failed(response.status());
  rpc::CallResult result;
  result.response = *std::move(response);
  return result;
}

absl::Status NotStarted() {
  return StateUnavailable("policy has not started yet");
}

}  // namespace

struct PolicyCore::State {
  explicit State(const PolicyDependencies& dependencies)
      : deps(dependencies),
        raiser(deps.fenced_owners, deps.audit, deps.clock) {}

  ~State() {
    {
      MutexLock lock(&mu);
      stopping = true;
    }
    if (standing != nullptr) standing->Stop();
    if (background.joinable()) background.join();
    // Waits for the change that is under way.
    worker.reset();
    publisher.Close();
  }

  bool Ready() {
    MutexLock lock(&mu);
    return ready;
  }

  Installation OfInstallation() {
    return Installation{storage.get(), deps.audit, deps.clock, deps.random,
                        catalog.get()};
  }

  // Raises the fences to the newest revision, again and again until then.
  absl::Status RaiseUntil(absl::Time deadline);
  // The thread that brings into force what is durable, goes on with deletions
  // that were interrupted, and removes what is expired.
  void RunBackground();
  void StartBackground() {
    background = std::thread([this] { RunBackground(); });
  }

  const PolicyDependencies deps;
  PolicyOptions options;
  std::shared_ptr<const policy::ActionCatalog> catalog;
  std::unique_ptr<PolicyStorage> storage;
  std::unique_ptr<PageTokens> tokens;
  std::unique_ptr<PolicyStanding> standing;
  SnapshotPublisher publisher;
  // Start's, and then the background thread's.
  FenceRaiser raiser;
  std::unique_ptr<ChangeRunner> runner;
  std::unique_ptr<Worker> worker;
  std::thread background;

  Mutex mu;
  bool ready ABSL_GUARDED_BY(mu) = false;
  bool stopping ABSL_GUARDED_BY(mu) = false;
};

absl::Status PolicyCore::State::RaiseUntil(absl::Time deadline) {
  const uint64_t newest = standing->Newest()->revision();
  for (;;) {
    absl::Status raised = raiser.Raise(newest, deadline);
    if (raised.ok()) {
      standing->SetInForce(newest);
      return absl::OkStatus();
    }
    if (!absl::IsUnavailable(raised)) return raised;
    if (deps.clock->Now() + kRetry >= deadline) return raised;
    if (!standing->Pause(kRetry)) return raised;
  }
}

void PolicyCore::State::RunBackground() {
  absl::Time maintained = deps.clock->Now();
  absl::Status last;
  for (;;) {
    const bool running = standing->WaitUntil(
        [](const DurablePolicy& newest, uint64_t in_force) {
          return newest.revision() > in_force;
        },
        kRetry);
    if (!running) return;
    const std::shared_ptr<const DurablePolicy> newest = standing->Newest();
    if (newest->revision() > standing->InForce()) {
      absl::Status raised = raiser.Raise(
          newest->revision(), deps.clock->Now() + FenceRaiser::kAttempt);
      if (raised.ok()) {
        standing->SetInForce(newest->revision());
      } else if (raised != last) {
        deps.logger->Warning(
            "a policy revision is not in force yet",
            {{"revision", newest->revision()}, {"reason", raised}});
      }
      last = raised;
      if (!raised.ok() && !standing->Pause(kRetry)) return;
      continue;
    }
    if (!newest->deletions.empty()) {
      // Behind whatever changes wait; done once even if posted twice.
      (void)worker->Post([this] { runner->ResumeDeletions(); });
    }
    const absl::Time now = deps.clock->Now();
    if (now - maintained >= kMaintenance) {
      storage->Maintain(*newest, now + kMaintenanceTime);
      maintained = now;
    }
  }
}

std::vector<std::string> PolicyCore::Methods() {
  std::vector<std::string> methods;
  for (const char* name : {"CreateProject", "GetProject", "ListProjects",
                           "DeleteProject", "GetPolicy", "ApplyPolicy"}) {
    methods.push_back(absl::StrCat(kService, name));
  }
  return methods;
}

absl::StatusOr<std::unique_ptr<PolicyCore>> PolicyCore::Create(
    const PolicyDependencies& dependencies, const PolicyOptions& options) {
  auto state = std::make_unique<State>(dependencies);
  state->options = options;
  const absl::Time deadline = dependencies.clock->Now() + options.open_timeout;
  absl::StatusOr<std::shared_ptr<const policy::ActionCatalog>> catalog =
      policy::PublicActions();
  if (!catalog.ok()) return catalog.status();
  state->catalog = *std::move(catalog);
  absl::StatusOr<std::unique_ptr<PolicyStorage>> storage =
      PolicyStorage::Create(dependencies.kv, dependencies.clock, deadline);
  if (!storage.ok()) return storage.status();
  state->storage = *std::move(storage);
  absl::StatusOr<DurablePolicy> loaded = state->storage->Load();
  if (!loaded.ok()) return loaded.status();
  state->standing = std::make_unique<PolicyStanding>(*std::move(loaded));
  absl::StatusOr<std::unique_ptr<PageTokens>> tokens =
      PageTokens::Create(*dependencies.random);
  if (!tokens.ok()) return tokens.status();
  state->tokens = *std::move(tokens);
  ChangeRunner::Parts parts;
  parts.kv = dependencies.kv;
  parts.storage = state->storage.get();
  parts.standing = state->standing.get();
  parts.publisher = &state->publisher;
  parts.purger = dependencies.purger;
  parts.catalog = state->catalog;
  parts.clock = dependencies.clock;
  parts.random = dependencies.random;
  state->runner = std::make_unique<ChangeRunner>(std::move(parts));
  state->worker = std::make_unique<Worker>(kMaxWaiting);
  return std::unique_ptr<PolicyCore>(new PolicyCore(std::move(state)));
}

PolicyCore::PolicyCore(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

PolicyCore::~PolicyCore() = default;

absl::Status PolicyCore::Start(absl::Time deadline) {
  if (state_->Ready()) return absl::OkStatus();
  const Installation installation = state_->OfInstallation();
  if (state_->standing->Newest()->revision() == 0) {
    absl::StatusOr<DurablePolicy> begun =
        installation.Begin(state_->options.bootstrap_administrator, deadline);
    if (!begun.ok()) return begun.status();
    state_->standing->SetNewest(*std::move(begun));
  }
  absl::Status status = installation.RecordBeginning(deadline);
  if (status.ok()) status = state_->RaiseUntil(deadline);
  if (!status.ok()) return status;
  state_->publisher.Publish(state_->standing->Newest()->state, nullptr);
  {
    MutexLock lock(&state_->mu);
    state_->ready = true;
  }
  state_->StartBackground();
  return absl::OkStatus();
}

absl::Status PolicyCore::RecoverAdministrator(const std::string& principal,
                                              absl::Time deadline) {
  absl::StatusOr<DurablePolicy> recovered =
      state_->OfInstallation().RecoverAdministrator(*state_->standing->Newest(),
                                                    principal, deadline);
  if (!recovered.ok()) return recovered.status();
  state_->standing->SetNewest(*std::move(recovered));
  return state_->RaiseUntil(deadline);
}

void PolicyCore::Execute(const rpc::CallContext& context,
                         const Message& request, rpc::CallDone done) {
  if (!state_->Ready()) return done(Failed(NotStarted()));
  const std::shared_ptr<const DurablePolicy> policy =
      state_->standing->Newest();
  if (context.method == absl::StrCat(kService, "GetProject")) {
    return done(Read(GetProject(
        *policy, static_cast<const v1::GetProjectRequest&>(request))));
  }
  if (context.method == absl::StrCat(kService, "ListProjects")) {
    return done(Read(
        ListProjects(*policy, *state_->tokens, context,
                     static_cast<const v1::ListProjectsRequest&>(request))));
  }
  if (context.method == absl::StrCat(kService, "GetPolicy")) {
    return done(
        Read(GetPolicy(*policy, *state_->tokens, context,
                       static_cast<const v1::GetPolicyRequest&>(request))));
  }
  if (!ChangeRunner::Runs(context.method)) {
    return done(Failed(MakeError(absl::StatusCode::kUnimplemented,
                                 kNotImplemented, "no such method")));
  }
  if (!context.intent_id.has_value()) {
    return done(Failed(absl::InternalError("a change without an intent")));
  }
  // Shared, so that a call that finds no place can still be answered.
  auto answer = std::make_shared<rpc::CallDone>(std::move(done));
  const bool posted =
      state_->worker->Post([state = state_.get(), context, &request, answer] {
        (*answer)(state->runner->Run(context, request));
      });
  if (posted) return;
  rpc::CallResult full =
      Failed(MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                       "too many policy changes wait; retry"));
  // It never reached the worker: nothing can apply it later.
  full.outcome = rpc::Outcome::kNotApplied;
  (*answer)(std::move(full));
}

absl::StatusOr<uint64_t> PolicyCore::RaiseFence(uint64_t, absl::Time) {
  return absl::FailedPreconditionError("policy has no fence of its own");
}

absl::StatusOr<std::string> PolicyCore::GetHeldCheckpoint(absl::Time) {
  return state_->storage->HeldCheckpoint();
}

absl::Status PolicyCore::HoldCheckpoint(const std::string& checkpoint,
                                        absl::Time deadline) {
  return state_->storage->HoldCheckpoint(checkpoint, deadline);
}

absl::StatusOr<std::vector<rpc::IntentResolution>> PolicyCore::ResolveIntents(
    const std::vector<uint64_t>& intent_ids, absl::Time deadline) {
  if (!state_->Ready()) return NotStarted();
  std::vector<rpc::IntentResolution> resolutions;
  const std::shared_ptr<const DurablePolicy> policy =
      state_->standing->Newest();
  for (const uint64_t id : intent_ids) {
    // A deletion that is under way will end by itself, under this intent.
    bool under_way = false;
    for (const auto& [project, deletion] : policy->deletions) {
      if (deletion.intent_id() == id) under_way = true;
    }
    if (under_way) continue;
    const kv::CommitResult settled =
        state_->storage->SettleIntent(id, deadline);
    rpc::IntentResolution resolution;
    resolution.intent_id = id;
    if (settled.outcome == kv::CommitResult::Outcome::kAlreadyApplied) {
      resolution.outcome = rpc::Outcome::kApplied;
    } else if (settled.outcome == kv::CommitResult::Outcome::kBarred) {
      resolution.outcome = rpc::Outcome::kNotApplied;
      resolution.code = static_cast<int>(absl::StatusCode::kUnavailable);
    } else {
      continue;
    }
    resolutions.push_back(resolution);
  }
  return resolutions;
}

absl::StatusOr<uint64_t> PolicyCore::RaiseFloor(uint64_t floor,
                                                absl::Time deadline) {
  if (!state_->Ready()) return NotStarted();
  return state_->storage->RaiseFloor(floor, deadline);
}

std::unique_ptr<rpc::SnapshotFollower> PolicyCore::FollowSnapshots(
    uint64_t known_revision) {
  return state_->publisher.FollowSnapshots(known_revision);
}

}  // namespace keyward::policy_service
