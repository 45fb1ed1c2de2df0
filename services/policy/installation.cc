// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/installation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/base/proto_time.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/entry_validation.h"
#include "services/policy/administrators.h"
#include "services/policy/policy_loader.h"
#include "services/policy/project_changes.h"
#include "services/policy/project_uid.h"
#include "services/policy/records.h"

namespace keyward::policy_service {
namespace {

using keyward::audit::v1::AuditEntry;
using keyward::internal::policy::v1::InstallationRecord;
using policy::PolicyEntry;
using policy::PolicyState;

// How long after its deadline an answer of audit may still be on its way.
constexpr absl::Duration kAnswerGrace = absl::Seconds(2);

PolicyEntry AdministratorBinding(const std::string& name,
                                 const std::string& principal,
                                 const std::string& description) {
  PolicyEntry entry;
  policy::v1::Binding& binding = *entry.mutable_binding();
  binding.set_name(name);
  binding.set_role(std::string(policy::kSystemAdminRole));
  binding.add_principals(principal);
  binding.set_resource("system");
  binding.set_description(description);
  return entry;
}

absl::StatusOr<PolicyEntry> DefaultProject(crypto::RandomSource& random,
                                           absl::Time now) {
  const absl::StatusOr<std::string> uid = NewProjectUid(random);
  if (!uid.ok()) return uid.status();
  PolicyEntry entry;
  policy::v1::Project& project = *entry.mutable_project();
  project.set_name(kDefaultProject);
  project.set_uid(*uid);
  project.set_state(policy::v1::PROJECT_STATE_ACTIVE);
  *project.mutable_create_time() = ToTimestamp(now);
  return entry;
}

AuditEntry InstallationEntry(absl::Time now, const std::string& principal,
                             uint64_t revision, const std::string& detail) {
  AuditEntry entry;
  *entry.mutable_time() = ToTimestamp(now);
  entry.set_kind(keyward::audit::v1::ENTRY_KIND_INSTALLATION);
  entry.set_principal(principal);
  entry.set_authentication("local");
  entry.set_resource("system");
  entry.set_policy_revision(revision);
  entry.set_detail(detail);
  return entry;
}

// Appends one record and waits until it is durable.
absl::Status AppendRecord(rpc::AuditLog* audit, const Clock* clock,
                          AuditEntry entry, SteadyTime deadline) {
  struct Answer {
    Mutex mu;
    CondVar arrived;
    absl::optional<rpc::AppendResult> result ABSL_GUARDED_BY(mu);
  };
  absl::StatusOr<std::string> leaf = audit::SerializeEntry(std::move(entry));
  if (!leaf.ok()) return leaf.status();
  rpc::AppendItem item;
  item.entries.push_back(*std::move(leaf));
  item.deadline = deadline;
  // Shared with the callback, which may come after this thread gave up.
  auto answer = std::make_shared<Answer>();
  audit->Append(std::move(item), [answer](rpc::AppendResult result) {
    MutexLock l(&answer->mu);
    answer->result = std::move(result);
    answer->arrived.SignalAll();
  });
  MutexLock l(&answer->mu);
  while (!answer->result.has_value()) {
    const absl::Duration left = deadline + kAnswerGrace - clock->SteadyNow();
    if (!answer->arrived.WaitFor(&answer->mu, left)) break;
  }
  if (answer->result.has_value() &&
      answer->result->status == rpc::AppendStatus::kAccepted) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kUnavailable, kAuditUnavailable,
                   "the installation could not be put on record");
}

// `bound` is a power of two, so that each number is as likely.
absl::StatusOr<uint64_t> RandomBelow(uint64_t bound,
                                     crypto::RandomSource& random) {
  uint64_t number = 0;
  absl::Status filled = random.Fill(
      absl::MakeSpan(reinterpret_cast<char*>(&number), sizeof(number)));
  if (!filled.ok()) return filled;
  return number % bound;
}

absl::Status CommitStatus(const kv::CommitResult& result) {
  if (result.applied()) return absl::OkStatus();
  if (result.outcome == kv::CommitResult::Outcome::kRefused) {
    return ReadError(result.status);
  }
  return StateFailed(result.ToString());
}

}  // namespace

absl::StatusOr<DurablePolicy> Installation::Begin(
    const std::string& administrator, SteadyTime deadline) const {
  const absl::StatusOr<rpc::LogState> log = audit->GetLogState(deadline);
  if (!log.ok()) return log.status();
  if (log->size != 0) {
    return absl::FailedPreconditionError(
        "policy's folder is new but the audit log is not empty: restore the "
        "folder from a backup, or begin a new policy on record with `keyward "
        "operator recover-admin`");
  }
  if (administrator.empty()) {
    return absl::FailedPreconditionError(
        "a new installation needs an administrator: set "
        "bootstrap_administrator in policy's configuration");
  }
  absl::Status valid =
      policy::ValidatePrincipal(administrator, "bootstrap_administrator");
  if (!valid.ok()) return valid;
  absl::StatusOr<PolicyEntry> project = DefaultProject(*random, clock->Now());
  if (!project.ok()) return project.status();
  PolicyState state;
  absl::Status put = state.Put(*std::move(project));
  if (put.ok()) {
    put = state.Put(AdministratorBinding("system/bindings/administrator",
                                         administrator,
                                         "Made when Keyward was installed."));
  }
  if (!put.ok()) return put;
  state.set_revision(1);
  InstallationRecord pending;
  pending.set_format(kRecordFormat);
  pending.set_administrator(administrator);
  const kv::CommitResult result = storage->CommitWhole(
      DurablePolicy(), state, {{kInstallationKey, EncodeRecord(pending)}},
      deadline);
  absl::Status committed = CommitStatus(result);
  if (!committed.ok()) return committed;
  return storage->Load();
}

absl::Status Installation::RecordBeginning(SteadyTime deadline) const {
  const absl::StatusOr<std::string> administrator =
      storage->PendingInstallation();
  if (!administrator.ok()) return administrator.status();
  if (administrator->empty()) return absl::OkStatus();
  const absl::StatusOr<rpc::LogState> log = audit->GetLogState(deadline);
  if (!log.ok()) return log.status();
  // The fence is raised only after the record, so it proves it.
  if (log->fence == 0) {
    absl::Status recorded = AppendRecord(
        audit, clock,
        InstallationEntry(
            clock->Now(), "system:policy", 1,
            absl::StrCat("installed with the administrator ", *administrator)),
        deadline);
    if (!recorded.ok()) return recorded;
  }
  return storage->ForgetPendingInstallation(deadline);
}

absl::StatusOr<DurablePolicy> Installation::Restore(const DurablePolicy& on,
                                                    SteadyTime deadline) const {
  if (on.revision() == 0) {
    return absl::FailedPreconditionError(
        "policy's data folder is empty: put the backup in place before "
        "starting with --restored");
  }
  const absl::StatusOr<rpc::LogState> log = audit->GetLogState(deadline);
  if (!log.ok()) return log.status();
  const absl::StatusOr<uint64_t> jumps = RandomBelow(kMaxRestoreJumps, *random);
  if (!jumps.ok()) return jumps.status();
  PolicyState state = *on.state;
  state.set_revision(std::max(on.revision(), log->fence) +
                     kRestoreJump * (1 + *jumps));
  absl::Status recorded = AppendRecord(
      audit, clock,
      InstallationEntry(
          clock->Now(), "system:operator", state.revision(),
          absl::StrCat("the policy was restored from a backup of revision ",
                       on.revision())),
      deadline);
  if (!recorded.ok()) return recorded;
  absl::Status committed =
      CommitStatus(storage->CommitWhole(on, state, {}, deadline));
  if (!committed.ok()) return committed;
  return storage->Load();
}

absl::StatusOr<DurablePolicy> Installation::RecoverAdministrator(
    const DurablePolicy& on, const std::string& principal,
    SteadyTime deadline) const {
  absl::Status valid = policy::ValidatePrincipal(principal, "principal");
  if (!valid.ok()) return valid;
  const absl::StatusOr<rpc::LogState> log = audit->GetLogState(deadline);
  if (!log.ok()) return log.status();
  if (on.revision() == 0 && log->size == 0) {
    return absl::FailedPreconditionError(
        "there is no installation to recover: start Keyward instead");
  }
  const uint64_t revision = std::max(on.revision(), log->fence) + 1;
  policy::PolicyDelta delta =
      SpareAdministrator(*on.state, *catalog, principal, clock->Now());
  const int spared = delta.entries_size() + delta.removed_size();
  if (on.revision() == 0) {
    absl::StatusOr<PolicyEntry> project = DefaultProject(*random, clock->Now());
    if (!project.ok()) return project.status();
    *delta.add_entries() = *std::move(project);
  }
  *delta.add_entries() = AdministratorBinding(
      absl::StrCat("system/bindings/recovered-", revision), principal,
      "Made by keyward operator recover-admin.");
  delta.set_revision(revision);
  PolicyState state = *on.state;
  absl::Status applied = state.Apply(delta);
  if (!applied.ok()) return applied;
  absl::Status recorded = AppendRecord(
      audit, clock,
      InstallationEntry(
          clock->Now(), "system:operator", revision,
          absl::StrCat("recovered the administrator ", principal, "; took ",
                       "policy changes out of ", spared,
                       " deny rules against it",
                       on.revision() == 0 ? "; began a new policy" : "")),
      deadline);
  if (!recorded.ok()) return recorded;
  absl::Status committed =
      CommitStatus(storage->CommitWhole(on, state, {}, deadline));
  if (!committed.ok()) return committed;
  return storage->Load();
}

}  // namespace keyward::policy_service
