// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/rotation/run_executor.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace keyward::rotation {
namespace {

using target::Credential;
using target::LoginVerdict;
using target::OldPassword;

Progress Moved() { return {}; }

Progress Stopped(absl::Status why) {
  Progress progress;
  progress.kind = Progress::Kind::kStopped;
  progress.why = std::move(why);
  return progress;
}

Progress Stopped(absl::string_view why) {
  return Stopped(absl::FailedPreconditionError(why));
}

// Whether trying again may help.
Progress Failed(absl::Status why) {
  Progress progress;
  switch (why.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    // The administrator's own password may just be changing.
    case absl::StatusCode::kUnauthenticated:
      progress.kind = Progress::Kind::kRetry;
      break;
    default:
      progress.kind = Progress::Kind::kStopped;
  }
  progress.why = std::move(why);
  return progress;
}

bool Same(const Credential& a, const Credential& b) {
  return a.user == b.user && a.password.Equals(b.password);
}

// One for each value that is drawn, so that a repeated call makes no second
// version. At most 64 characters: a uid has 36.
std::string RequestId(const RunRecord& record) {
  return absl::StrCat(record.rotation_uid, "-", record.number, "-",
                      record.draw);
}

}  // namespace

RunExecutor::RunExecutor(RunSettings settings, RunParts parts)
    : settings_(std::move(settings)), parts_(std::move(parts)) {}

Progress RunExecutor::Advance(RunRecord* record, SteadyTime deadline) {
  if (record->done()) {
    Progress progress;
    progress.kind = Progress::Kind::kDone;
    return progress;
  }
  switch (record->step) {
    case Step::kCreate:
      return Create(record, deadline);
    case Step::kSet:
      return Set(record, deadline);
    case Step::kTest:
      return Test(record, deadline);
    case Step::kPromote:
      return Promote(record, deadline);
    case Step::kRetire:
      return Retire(record, deadline);
    case Step::kRollBack:
      return GoBack(record, deadline);
  }
  return Stopped("the run's record names no step");
}

absl::Status RunExecutor::RollBack(RunRecord* record) {
  if (record->done()) {
    return absl::FailedPreconditionError("the run is over");
  }
  if (record->retiring) {
    return absl::FailedPreconditionError(
        "the old password may be out of use in the target already");
  }
  RunRecord next = *record;
  next.step = Step::kRollBack;
  absl::Status saved = parts_.save(next);
  if (saved.ok()) *record = std::move(next);
  return saved;
}

Progress RunExecutor::Move(RunRecord* record, RunRecord next) {
  if (absl::Status saved = parts_.save(next); !saved.ok()) {
    return Failed(std::move(saved));
  }
  *record = std::move(next);
  return Moved();
}

Progress RunExecutor::MoveTo(RunRecord* record, Step step) {
  RunRecord next = *record;
  next.step = step;
  return Move(record, std::move(next));
}

Progress RunExecutor::End(RunRecord* record, RunResult result) {
  RunRecord next = *record;
  next.result = result;
  return Move(record, std::move(next));
}

bool RunExecutor::HasWindow() const {
  return settings_.strategy == Strategy::kSingleUser &&
         parts_.target->old_password() == OldPassword::kEnds;
}

std::string RunExecutor::OtherUser(const std::string& user) const {
  if (settings_.strategy == Strategy::kSingleUser) return user;
  return user == settings_.user ? settings_.twin : settings_.user;
}

absl::StatusOr<RunExecutor::Value> RunExecutor::ReadValue(int64_t version,
                                                          SteadyTime deadline) {
  absl::StatusOr<crypto::SecretBuffer> payload =
      parts_.secret->Read(version, deadline);
  if (!payload.ok()) return payload.status();
  absl::StatusOr<CredentialValue> value = ParseCredentialValue(*payload);
  if (!value.ok()) return value.status();
  // Where a password is sent is the connector's to say. A value of another
  // place is a mistake or an attempt to have it sent there.
  if (value->host != settings_.host || value->port != settings_.port) {
    return absl::FailedPreconditionError(absl::StrCat(
        "version ", version, " names another host or port than the connector"));
  }
  const std::string& user = value->credential.user;
  if (user != settings_.user &&
      (settings_.strategy == Strategy::kSingleUser || user != settings_.twin)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "version ", version, " names another user than the rotation"));
  }
  return Value{*std::move(payload), std::move(value->credential)};
}

absl::StatusOr<int64_t> RunExecutor::FindPending(const RunRecord& record,
                                                 int64_t pending,
                                                 SteadyTime deadline) {
  absl::StatusOr<crypto::SecretBuffer> payload =
      parts_.secret->Read(pending, deadline);
  if (!payload.ok()) return payload.status();
  // Only the payload that this run added is answered under its id.
  absl::StatusOr<int64_t> made =
      parts_.secret->AddPending(*payload, RequestId(record), deadline);
  if (made.ok() && *made == pending) return pending;
  if (made.ok()) {
    // The id was free and the pending version is gone meanwhile: this has just
    // added a copy of somebody else's.
    absl::Status destroyed = parts_.secret->Destroy(*made, deadline);
    if (!destroyed.ok()) return destroyed;
    return absl::AbortedError("the pending version changed meanwhile");
  }
  if (absl::IsAlreadyExists(made.status()) ||
      absl::IsFailedPrecondition(made.status())) {
    return int64_t{0};
  }
  return made.status();
}

Progress RunExecutor::Create(RunRecord* record, SteadyTime deadline) {
  absl::StatusOr<SecretStanding> standing = parts_.secret->Describe(deadline);
  if (!standing.ok()) return Failed(standing.status());
  RunRecord next = *record;
  if (record->old_version == 0) {
    if (standing->current == 0) {
      return Stopped(
          "the secret has no current version: add the value that works");
    }
    next.old_version = standing->current;
    if (next.displaced_version == 0) {
      next.displaced_version = standing->previous;
    }
    return Move(record, std::move(next));
  }
  if (standing->current != record->old_version) {
    return End(record, RunResult::kAbandoned);
  }
  absl::StatusOr<Value> old = ReadValue(record->old_version, deadline);
  if (!old.ok()) return Failed(old.status());
  next.step = Step::kSet;
  if (standing->pending != 0) {
    absl::StatusOr<int64_t> ours =
        FindPending(*record, standing->pending, deadline);
    if (absl::IsAborted(ours.status())) {
      next.step = Step::kCreate;
      ++next.draw;
      return Move(record, std::move(next));
    }
    if (!ours.ok()) return Failed(ours.status());
    if (*ours == 0) {
      return Stopped(
          absl::StrCat("version ", standing->pending,
                       " is pending and not of this run: promote or destroy "
                       "it, then resume"));
    }
    next.new_version = *ours;
    return Move(record, std::move(next));
  }
  absl::StatusOr<crypto::SecretBuffer> password = parts_.draw();
  if (!password.ok()) return Failed(password.status());
  absl::StatusOr<crypto::SecretBuffer> payload = ReplaceCredential(
      old->payload, {OtherUser(old->credential.user), std::move(*password)});
  if (!payload.ok()) return Failed(payload.status());
  absl::StatusOr<int64_t> made =
      parts_.secret->AddPending(*payload, RequestId(*record), deadline);
  if (absl::IsAlreadyExists(made.status())) {
    // A value of this run was added and destroyed, and the answer lost.
    next.step = Step::kCreate;
    ++next.draw;
    return Move(record, std::move(next));
  }
  if (absl::IsFailedPrecondition(made.status())) {
    // Somebody's is pending since a moment ago.
    return Failed(absl::AbortedError(made.status().message()));
  }
  if (!made.ok()) return Failed(made.status());
  next.new_version = *made;
  return Move(record, std::move(next));
}

absl::StatusOr<Credential> RunExecutor::SetterOf(const Credential& changed,
                                                 const RunRecord& record,
                                                 SteadyTime deadline) {
  if (settings_.setter == Setter::kAdministrator) {
    return parts_.administrator(deadline);
  }
  // The user itself, with a password that it may have.
  for (const int64_t version :
       {record.old_version, record.new_version, record.displaced_version}) {
    if (version == 0) continue;
    absl::StatusOr<Value> value = ReadValue(version, deadline);
    if (!value.ok()) {
      if (absl::IsFailedPrecondition(value.status())) continue;
      return value.status();
    }
    if (value->credential.user != changed.user) continue;
    absl::StatusOr<LoginVerdict> verdict =
        parts_.target->TryLogin(value->credential, deadline);
    if (!verdict.ok()) return verdict.status();
    if (*verdict == LoginVerdict::kAccepted) {
      return std::move(value->credential);
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the target accepts no value of the secret for the user '", changed.user,
      "', who is to set the password: set the password of the "
      "current value in the target, or give the connector an "
      "administrator"));
}

Progress RunExecutor::Set(RunRecord* record, SteadyTime deadline) {
  absl::StatusOr<SecretStanding> standing = parts_.secret->Describe(deadline);
  if (!standing.ok()) return Failed(standing.status());
  if (standing->current == record->new_version) {
    return MoveTo(record, Step::kPromote);
  }
  if (standing->current != record->old_version) {
    return End(record, RunResult::kAbandoned);
  }
  if (standing->pending != record->new_version) {
    return MoveTo(record, Step::kRollBack);
  }
  absl::StatusOr<Value> old = ReadValue(record->old_version, deadline);
  if (!old.ok()) return Failed(old.status());
  absl::StatusOr<Value> fresh = ReadValue(record->new_version, deadline);
  if (!fresh.ok()) return Failed(fresh.status());
  if (fresh->credential.user != OtherUser(old->credential.user)) {
    return Stopped("the pending value names the wrong user");
  }
  absl::StatusOr<LoginVerdict> verdict =
      parts_.target->TryLogin(fresh->credential, deadline);
  if (!verdict.ok()) return Failed(verdict.status());
  if (*verdict == LoginVerdict::kAccepted) {
    return MoveTo(record, Step::kTest);
  }
  if (settings_.strategy == Strategy::kAlternatingUsers &&
      record->displaced_version != 0) {
    absl::StatusOr<bool> held =
        IsHeld(record->displaced_version, fresh->credential.user, deadline);
    if (!held.ok()) return Failed(held.status());
    if (*held) {
      Progress waiting;
      waiting.kind = Progress::Kind::kWaiting;
      waiting.until = absl::InfiniteFuture();
      return waiting;
    }
  }
  if (record->set_time == absl::InfinitePast()) {
    RunRecord next = *record;
    next.set_time = parts_.clock->Now();
    return Move(record, std::move(next));
  }
  absl::StatusOr<Credential> as =
      SetterOf(fresh->credential, *record, deadline);
  if (!as.ok()) return Failed(as.status());
  if (settings_.setter == Setter::kAdministrator &&
      settings_.strategy == Strategy::kAlternatingUsers &&
      fresh->credential.user == settings_.twin) {
    absl::Status twin = parts_.target->EnsureTwin(*as, settings_.user,
                                                  settings_.twin, deadline);
    if (!twin.ok()) return Failed(std::move(twin));
  }
  absl::Status set =
      parts_.target->SetPassword(*as, fresh->credential, deadline);
  if (!set.ok()) return Failed(std::move(set));
  return MoveTo(record, Step::kTest);
}

absl::StatusOr<bool> RunExecutor::IsHeld(int64_t version,
                                         const std::string& user,
                                         SteadyTime deadline) {
  absl::StatusOr<int> holders = parts_.holders(version, deadline);
  if (!holders.ok()) return holders.status();
  if (*holders == 0) return false;
  absl::StatusOr<Value> value = ReadValue(version, deadline);
  // What cannot be read cannot be logged in with either.
  if (absl::IsFailedPrecondition(value.status())) return false;
  if (!value.ok()) return value.status();
  if (value->credential.user != user) return false;
  absl::StatusOr<LoginVerdict> verdict =
      parts_.target->TryLogin(value->credential, deadline);
  if (!verdict.ok()) return verdict.status();
  return *verdict == LoginVerdict::kAccepted;
}

Progress RunExecutor::Refused(RunRecord* record) {
  RunRecord next = *record;
  ++next.refused_tests;
  next.step =
      next.refused_tests >= kMaxRefusedTests ? Step::kRollBack : Step::kSet;
  return Move(record, std::move(next));
}

Progress RunExecutor::Test(RunRecord* record, SteadyTime deadline) {
  absl::StatusOr<Value> fresh = ReadValue(record->new_version, deadline);
  // Somebody destroyed it.
  if (absl::IsFailedPrecondition(fresh.status())) {
    return MoveTo(record, Step::kRollBack);
  }
  if (!fresh.ok()) return Failed(fresh.status());
  absl::StatusOr<LoginVerdict> verdict =
      parts_.target->TryLogin(fresh->credential, deadline);
  if (!verdict.ok()) return Failed(verdict.status());
  if (*verdict == LoginVerdict::kRefused) return Refused(record);
  return MoveTo(record, Step::kPromote);
}

Progress RunExecutor::Promote(RunRecord* record, SteadyTime deadline) {
  absl::StatusOr<SecretStanding> standing = parts_.secret->Describe(deadline);
  if (!standing.ok()) return Failed(standing.status());
  if (standing->current != record->new_version) {
    if (standing->current != record->old_version) {
      return End(record, RunResult::kAbandoned);
    }
    if (standing->pending != record->new_version) {
      return MoveTo(record, Step::kRollBack);
    }
    absl::StatusOr<Value> fresh = ReadValue(record->new_version, deadline);
    if (!fresh.ok()) return Failed(fresh.status());
    // Again, however recent the test: between it and now there may have been a
    // crash, and hours.
    absl::StatusOr<LoginVerdict> verdict =
        parts_.target->TryLogin(fresh->credential, deadline);
    if (!verdict.ok()) return Failed(verdict.status());
    if (*verdict == LoginVerdict::kRefused) return Refused(record);
    absl::Status promoted =
        parts_.secret->Promote(record->new_version, standing->etag, deadline);
    if (!promoted.ok()) return Failed(std::move(promoted));
  }
  RunRecord next = *record;
  next.step = Step::kRetire;
  next.promote_time = parts_.clock->Now();
  return Move(record, std::move(next));
}

Progress RunExecutor::Retire(RunRecord* record, SteadyTime deadline) {
  absl::StatusOr<SecretStanding> standing = parts_.secret->Describe(deadline);
  if (!standing.ok()) return Failed(standing.status());
  if (standing->current != record->new_version) {
    return End(record, RunResult::kAbandoned);
  }
  // Its password ended when the new one was set; or it is the one by which the
  // user sets the next, and ends then.
  if (HasWindow() || (settings_.strategy == Strategy::kAlternatingUsers &&
                      settings_.setter == Setter::kSelf)) {
    return End(record, RunResult::kSucceeded);
  }
  const absl::Time until = record->promote_time + settings_.grace;
  if (parts_.clock->Now() < until) {
    absl::StatusOr<int> holders = parts_.holders(record->old_version, deadline);
    if (!holders.ok()) return Failed(holders.status());
    if (*holders > 0) {
      Progress waiting;
      waiting.kind = Progress::Kind::kWaiting;
      waiting.until = until;
      return waiting;
    }
  }
  absl::StatusOr<Value> old = ReadValue(record->old_version, deadline);
  if (!old.ok()) return Failed(old.status());
  absl::StatusOr<Value> fresh = ReadValue(record->new_version, deadline);
  if (!fresh.ok()) return Failed(fresh.status());
  if (Same(old->credential, fresh->credential)) {
    return Stopped("the old value and the new one have the same password");
  }
  absl::StatusOr<LoginVerdict> verdict =
      parts_.target->TryLogin(fresh->credential, deadline);
  if (!verdict.ok()) return Failed(verdict.status());
  if (*verdict == LoginVerdict::kRefused) {
    return Stopped(
        "the target refuses the current value: the old password is left in "
        "use");
  }
  if (!record->retiring) {
    RunRecord next = *record;
    next.retiring = true;
    return Move(record, std::move(next));
  }
  absl::StatusOr<Credential> as = SetterOf(old->credential, *record, deadline);
  if (!as.ok()) return Failed(as.status());
  absl::Status retired =
      parts_.target->RetirePassword(*as, old->credential, deadline);
  if (!retired.ok()) return Failed(std::move(retired));
  return End(record, RunResult::kSucceeded);
}

absl::Status RunExecutor::TakeBack(const RunRecord& record,
                                   const Credential& fresh,
                                   SteadyTime deadline) {
  absl::StatusOr<Credential> as = SetterOf(fresh, record, deadline);
  if (!as.ok()) {
    // Nobody can log in as the user: there is nothing to take back.
    return absl::IsFailedPrecondition(as.status()) ? absl::OkStatus()
                                                   : as.status();
  }
  if (settings_.setter == Setter::kAdministrator ||
      settings_.strategy == Strategy::kSingleUser) {
    return parts_.target->RetirePassword(*as, fresh, deadline);
  }
  // Without a password it could never set the next one by itself.
  if (record.displaced_version == 0) return absl::OkStatus();
  absl::StatusOr<Value> before = ReadValue(record.displaced_version, deadline);
  if (absl::IsFailedPrecondition(before.status())) return absl::OkStatus();
  if (!before.ok()) return before.status();
  if (before->credential.user != fresh.user) return absl::OkStatus();
  return parts_.target->SetPassword(*as, before->credential, deadline);
}

Progress RunExecutor::GoBack(RunRecord* record, SteadyTime deadline) {
  if (record->old_version == 0) return End(record, RunResult::kRolledBack);
  absl::StatusOr<SecretStanding> standing = parts_.secret->Describe(deadline);
  if (!standing.ok()) return Failed(standing.status());
  if (record->new_version == 0) {
    if (standing->pending == 0) return End(record, RunResult::kRolledBack);
    absl::StatusOr<int64_t> ours =
        FindPending(*record, standing->pending, deadline);
    if (!ours.ok()) return Failed(ours.status());
    if (*ours == 0) return End(record, RunResult::kRolledBack);
    RunRecord next = *record;
    next.new_version = *ours;
    return Move(record, std::move(next));
  }
  if (standing->current != record->old_version &&
      standing->current != record->new_version) {
    return End(record, RunResult::kAbandoned);
  }
  // First the target, then the secret: current must not move to what does not
  // work.
  absl::StatusOr<Value> old = ReadValue(record->old_version, deadline);
  if (!old.ok()) return Failed(old.status());
  absl::StatusOr<LoginVerdict> verdict =
      parts_.target->TryLogin(old->credential, deadline);
  if (!verdict.ok()) return Failed(verdict.status());
  if (*verdict == LoginVerdict::kRefused) {
    absl::StatusOr<Credential> as =
        SetterOf(old->credential, *record, deadline);
    if (!as.ok()) return Failed(as.status());
    absl::Status set =
        parts_.target->SetPassword(*as, old->credential, deadline);
    if (!set.ok()) return Failed(std::move(set));
    verdict = parts_.target->TryLogin(old->credential, deadline);
    if (!verdict.ok()) return Failed(verdict.status());
    if (*verdict == LoginVerdict::kRefused) {
      return Stopped(
          "the target took the old password back and refuses a login with it");
    }
  }
  if (standing->current == record->new_version) {
    absl::Status promoted =
        parts_.secret->Promote(record->old_version, standing->etag, deadline);
    if (!promoted.ok()) return Failed(std::move(promoted));
    return Moved();
  }
  absl::StatusOr<Value> fresh = ReadValue(record->new_version, deadline);
  if (fresh.ok() && !HasWindow() && !Same(old->credential, fresh->credential)) {
    absl::Status taken = TakeBack(*record, fresh->credential, deadline);
    if (!taken.ok()) return Failed(std::move(taken));
  } else if (!fresh.ok() && !absl::IsFailedPrecondition(fresh.status())) {
    return Failed(fresh.status());
  }
  absl::Status destroyed =
      parts_.secret->Destroy(record->new_version, deadline);
  if (!destroyed.ok()) return Failed(std::move(destroyed));
  return End(record, RunResult::kRolledBack);
}

}  // namespace keyward::rotation
