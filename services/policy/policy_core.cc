// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_core.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/policy/public_actions.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/policy_loader.h"
#include "services/policy/policy_reads.h"

namespace keyward::policy_service {
namespace {

using google::protobuf::DynamicCastToGenerated;
using google::protobuf::Message;

// Pauses between two attempts to raise fences or to ask the store, doubled
// each time: a service that restarts is back within seconds.
constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
// One attempt of the fence thread at all services together.
constexpr absl::Duration kRaiseTime = absl::Seconds(20);
// One attempt at the store to remove what is left of a project.
constexpr absl::Duration kPurgeTime = absl::Seconds(10);
// How long an idle thread sleeps before it looks at its condition again.
constexpr absl::Duration kIdle = absl::Minutes(1);
// The bound of OwnerControl::ResolveIntents.
constexpr size_t kMaxIntents = 256;

constexpr char kService[] = "keyward.policy.v1.PolicyService.";

enum class MethodKind { kUnknown, kRead, kChange };

struct Method {
  absl::string_view name;
  MethodKind kind;
};

constexpr Method kMethods[] = {
    {"CreateProject", MethodKind::kChange},
    {"GetProject", MethodKind::kRead},
    {"ListProjects", MethodKind::kRead},
    {"DeleteProject", MethodKind::kChange},
    {"GetPolicy", MethodKind::kRead},
    {"ApplyPolicy", MethodKind::kChange},
};

MethodKind KindOf(absl::string_view method) {
  if (!absl::ConsumePrefix(&method, kService)) return MethodKind::kUnknown;
  for (const Method& known : kMethods) {
    if (known.name == method) return known.kind;
  }
  return MethodKind::kUnknown;
}

// The request is the method's: the same name with "Request" behind it.
bool IsRequestOf(absl::string_view method, const Message& request) {
  absl::ConsumePrefix(&method, kService);
  absl::string_view name = request.GetDescriptor()->full_name();
  return absl::ConsumePrefix(&name, "keyward.policy.v1.") &&
         absl::ConsumeSuffix(&name, "Request") && name == method;
}

absl::Status NotReady() {
  return StateUnavailable(
      "it is starting, and its newest revision is not in force everywhere yet");
}

class SilentSink final : public LogSink {
 public:
  void Write(LogLevel, absl::string_view) override {}
};

absl::Duration NextPause(absl::Duration pause) {
  return std::min(pause * 2, kLongestPause);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PolicyCore>> PolicyCore::Create(
    const PolicyDependencies& dependencies, const PolicyOptions& options) {
  if (dependencies.kv == nullptr || dependencies.audit == nullptr ||
      dependencies.purger == nullptr || dependencies.clock == nullptr ||
      dependencies.random == nullptr) {
    return absl::InvalidArgumentError("policy lacks a dependency");
  }
  absl::StatusOr<std::shared_ptr<const policy::ActionCatalog>> catalog =
      policy::PublicActions();
  if (!catalog.ok()) return catalog.status();
  absl::StatusOr<std::unique_ptr<PolicyStorage>> storage =
      PolicyStorage::Create(
          dependencies.kv, dependencies.clock,
          dependencies.clock->SteadyNow() + options.open_timeout,
          dependencies.logger);
  if (!storage.ok()) return storage.status();
  absl::StatusOr<DurablePolicy> newest = (*storage)->Load();
  if (!newest.ok()) return newest.status();
  absl::StatusOr<std::unique_ptr<PageTokens>> tokens =
      PageTokens::Create(*dependencies.random);
  if (!tokens.ok()) return tokens.status();
  return std::unique_ptr<PolicyCore>(new PolicyCore(
      dependencies, options, *std::move(catalog), *std::move(storage),
      *std::move(newest), *std::move(tokens)));
}

PolicyCore::PolicyCore(const PolicyDependencies& dependencies,
                       const PolicyOptions& options,
                       std::shared_ptr<const policy::ActionCatalog> catalog,
                       std::unique_ptr<PolicyStorage> storage,
                       DurablePolicy newest, std::unique_ptr<PageTokens> tokens)
    : dependencies_(dependencies),
      options_(options),
      catalog_(std::move(catalog)),
      no_sink_(std::make_unique<SilentSink>()),
      no_logger_("policy", LogLevel::kError, dependencies.clock,
                 no_sink_.get()),
      own_timer_(dependencies.timer != nullptr
                     ? nullptr
                     : std::make_unique<ThreadTimer>(dependencies.clock)),
      log_(dependencies.logger != nullptr ? *dependencies.logger : no_logger_),
      storage_(std::move(storage)),
      tokens_(std::move(tokens)),
      standing_(std::move(newest)),
      executor_({storage_.get(), &standing_, &publisher_, catalog_,
                 dependencies_.clock,
                 own_timer_ != nullptr ? own_timer_.get() : dependencies_.timer,
                 dependencies_.random, &log_}),
      raiser_(dependencies_.fenced_owners, dependencies_.audit,
              dependencies_.clock) {}

PolicyCore::~PolicyCore() {
  ready_.store(false);
  standing_.Stop();
  executor_.Stop();
  publisher_.Close();
  if (fences_.joinable()) fences_.join();
  if (deletions_.joinable()) deletions_.join();
}

absl::Status PolicyCore::Start(SteadyTime deadline) {
  if (ready()) return absl::OkStatus();
  absl::Status begun =
      options_.restored ? RestoreOnce(deadline) : absl::OkStatus();
  if (begun.ok()) begun = BeginIfNew(deadline);
  if (!begun.ok()) return begun;
  absl::Status raised = RaiseFences(deadline);
  if (!raised.ok()) return raised;
  publisher_.Publish(standing_.Newest()->state, nullptr);
  executor_.Start();
  fences_ = std::thread([this] { RunFences(); });
  deletions_ = std::thread([this] { RunDeletions(); });
  ready_.store(true);
  log_.Info("ready", {{"revision", newest_revision()}});
  return absl::OkStatus();
}

Installation PolicyCore::OfInstallation() const {
  return {storage_.get(), dependencies_.audit, dependencies_.clock,
          dependencies_.random, catalog_.get()};
}

absl::Status PolicyCore::BeginIfNew(SteadyTime deadline) {
  const Installation installation = OfInstallation();
  if (newest_revision() == 0) {
    absl::StatusOr<DurablePolicy> begun =
        installation.Begin(options_.bootstrap_administrator, deadline);
    if (!begun.ok()) return begun.status();
    standing_.SetNewest(*std::move(begun));
  }
  return installation.RecordBeginning(deadline);
}

absl::Status PolicyCore::RestoreOnce(SteadyTime deadline) {
  if (restored_) return absl::OkStatus();
  // An attempt before this one may have been made and not been told.
  absl::StatusOr<DurablePolicy> newest = storage_->Load();
  if (newest.ok()) newest = OfInstallation().Restore(*newest, deadline);
  if (!newest.ok()) return newest.status();
  standing_.SetNewest(*std::move(newest));
  restored_ = true;
  return absl::OkStatus();
}

absl::Status PolicyCore::RaiseFences(SteadyTime deadline) {
  const uint64_t revision = newest_revision();
  absl::Duration pause = kFirstPause;
  for (;;) {
    const absl::Status raised = raiser_.Raise(revision, deadline);
    if (raised.ok()) break;
    if (absl::IsFailedPrecondition(raised)) return raised;
    if (dependencies_.clock->SteadyNow() + pause >= deadline) {
      return StateFailed(raised.message());
    }
    log_.Warning("waiting to raise the fences",
                 {{"revision", revision}, {"status", raised}});
    standing_.Pause(pause);
    pause = NextPause(pause);
  }
  standing_.SetInForce(revision);
  return absl::OkStatus();
}

absl::Status PolicyCore::RecoverAdministrator(const std::string& principal,
                                              SteadyTime deadline) {
  if (ready()) {
    return absl::FailedPreconditionError(
        "stop the services before recovering the administrator");
  }
  absl::StatusOr<DurablePolicy> recovered =
      OfInstallation().RecoverAdministrator(*standing_.Newest(), principal,
                                            deadline);
  if (!recovered.ok()) return recovered.status();
  standing_.SetNewest(*std::move(recovered));
  return RaiseFences(deadline);
}

void PolicyCore::RunFences() {
  absl::Duration pause = kFirstPause;
  const auto behind = [](const DurablePolicy& newest, uint64_t in_force) {
    return newest.revision() > in_force;
  };
  while (standing_.WaitUntil(behind, kIdle)) {
    const uint64_t revision = newest_revision();
    if (revision <= revision_in_force()) continue;
    const absl::Status raised =
        raiser_.Raise(revision, dependencies_.clock->SteadyNow() + kRaiseTime);
    if (raised.ok()) {
      standing_.SetInForce(revision);
      executor_.OnInForce(revision);
      pause = kFirstPause;
      continue;
    }
    log_.Warning("a durable policy revision is not in force yet",
                 {{"revision", revision}, {"status", raised}});
    standing_.Pause(pause);
    pause = NextPause(pause);
  }
}

void PolicyCore::RunDeletions() {
  absl::Duration pause = kFirstPause;
  const auto closed = [](const DurablePolicy& newest, uint64_t in_force) {
    return std::any_of(newest.deletions.begin(), newest.deletions.end(),
                       [in_force](const auto& deletion) {
                         return deletion.second.closed_revision() <= in_force;
                       });
  };
  while (standing_.WaitUntil(closed, kIdle)) {
    if (DeleteClosedProjects()) {
      pause = kFirstPause;
      continue;
    }
    standing_.Pause(pause);
    pause = NextPause(pause);
  }
}

bool PolicyCore::DeleteClosedProjects() {
  const std::shared_ptr<const DurablePolicy> newest = standing_.Newest();
  bool all = true;
  for (const auto& [name, deletion] : newest->deletions) {
    // Until then a gateway may still let something be created in it.
    if (deletion.closed_revision() > revision_in_force()) continue;
    const std::string id(absl::StripPrefix(name, "projects/"));
    const absl::StatusOr<int64_t> secrets = dependencies_.purger->PurgeProject(
        id, deletion.project_uid(),
        dependencies_.clock->SteadyNow() + kPurgeTime);
    if (!secrets.ok()) {
      log_.Warning("a project's deletion waits for the store",
                   {{"status", secrets.status()}});
      all = false;
      continue;
    }
    all = executor_.FinishDeletion(name, *secrets) && all;
  }
  return all;
}

std::vector<std::string> PolicyCore::Methods() {
  std::vector<std::string> methods;
  for (const Method& method : kMethods) {
    methods.push_back(absl::StrCat(kService, method.name));
  }
  return methods;
}

void PolicyCore::Execute(const rpc::CallContext& context,
                         const Message& request, rpc::CallDone done) {
  absl::Status status;
  const MethodKind kind = KindOf(context.method);
  const bool has_intent = context.intent_id.has_value();
  if (kind == MethodKind::kUnknown) {
    status = MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                       "policy does not run this method");
  } else if (!IsRequestOf(context.method, request)) {
    status = absl::InternalError("the request is another method's");
  } else if (kind == MethodKind::kChange && !has_intent) {
    status = absl::InternalError("a change has no intent");
  } else if (!ready()) {
    status = NotReady();
  }
  if (kind == MethodKind::kChange && has_intent) {
    if (status.ok()) {
      return executor_.Submit(context, request, std::move(done));
    }
    return executor_.Reject(context, std::move(status), std::move(done));
  }
  rpc::CallResult result;
  result.resource = context.resource;
  if (status.ok()) {
    absl::StatusOr<std::unique_ptr<Message>> response = Read(context, request);
    if (response.ok()) {
      result.response = *std::move(response);
    } else {
      status = response.status();
    }
  }
  result.status = std::move(status);
  done(std::move(result));
}

absl::StatusOr<std::unique_ptr<Message>> PolicyCore::Read(
    const rpc::CallContext& context, const Message& request) {
  const std::shared_ptr<const DurablePolicy> newest = standing_.Newest();
  if (const auto* get =
          DynamicCastToGenerated<policy::v1::GetProjectRequest>(&request)) {
    return GetProject(*newest, *get);
  }
  if (const auto* list =
          DynamicCastToGenerated<policy::v1::ListProjectsRequest>(&request)) {
    return ListProjects(*newest, *tokens_, context, *list);
  }
  if (const auto* get =
          DynamicCastToGenerated<policy::v1::GetPolicyRequest>(&request)) {
    return GetPolicy(*newest, *tokens_, context, *get);
  }
  return absl::InternalError("not a read of policy");
}

absl::StatusOr<std::string> PolicyCore::GetHeldCheckpoint(SteadyTime) {
  return storage_->HeldCheckpoint();
}

absl::Status PolicyCore::HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                                        SteadyTime deadline) {
  return storage_->HoldCheckpoint(handed, deadline);
}

absl::StatusOr<std::vector<rpc::IntentResolution>> PolicyCore::ResolveIntents(
    const std::vector<uint64_t>& intent_ids, SteadyTime deadline) {
  if (!ready()) return NotReady();
  if (intent_ids.size() > kMaxIntents) {
    return FieldError("intent_ids", "must have at most 256 elements");
  }
  std::set<uint64_t> deleting;
  const std::shared_ptr<const DurablePolicy> newest = standing_.Newest();
  for (const auto& [name, deletion] : newest->deletions) {
    deleting.insert(deletion.intent_id());
  }
  std::vector<rpc::IntentResolution> resolutions;
  for (const uint64_t id : intent_ids) {
    if (deleting.count(id) > 0) continue;
    const kv::CommitResult settled =
        storage_->SettleIntentAndWait(id, deadline);
    if (settled.outcome == kv::CommitResult::Outcome::kUnknown) continue;
    const bool applied = settled.applied();
    resolutions.push_back(
        {id, applied ? rpc::Outcome::kApplied : rpc::Outcome::kNotApplied,
         static_cast<int>(applied ? absl::StatusCode::kOk
                                  : absl::StatusCode::kUnavailable)});
  }
  return resolutions;
}

absl::StatusOr<uint64_t> PolicyCore::RaiseFloor(uint64_t floor,
                                                SteadyTime deadline) {
  if (!ready()) return NotReady();
  return storage_->RaiseFloor(floor, deadline);
}

absl::StatusOr<uint64_t> PolicyCore::RaiseFence(uint64_t, SteadyTime) {
  return absl::FailedPreconditionError(
      "policy has no fence: it applies changes decided under its newest "
      "revision alone");
}

std::unique_ptr<rpc::SnapshotFollower> PolicyCore::FollowSnapshots(
    uint64_t known_revision) {
  return publisher_.FollowSnapshots(known_revision);
}

}  // namespace keyward::policy_service
