// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/reconciler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/types/optional.h"
#include "libs/audit/entry.h"
#include "libs/audit/log_reader.h"
#include "libs/base/fault_point.h"
#include "libs/base/mutex.h"

namespace keyward::audit_service {
namespace {

using audit::v1::AuditEntry;

// Counts answers as they arrive; shared, since one may come late.
struct Tally {
  Mutex mu;
  CondVar changed;
  size_t answered ABSL_GUARDED_BY(mu) = 0;
  size_t closed ABSL_GUARDED_BY(mu) = 0;
};

// The outcome of `intent`, as it turned out.
AuditEntry OutcomeOf(uint64_t index, const AuditEntry& intent,
                     const rpc::IntentResolution& resolution, absl::Time now) {
  AuditEntry entry;
  entry.mutable_time()->set_seconds(absl::ToUnixSeconds(now));
  entry.set_kind(audit::v1::ENTRY_KIND_OUTCOME);
  entry.set_request_id(intent.request_id());
  entry.set_principal("system:audit");
  entry.set_authentication("local");
  entry.set_method(intent.method());
  entry.set_action(intent.action());
  entry.set_resource(intent.resource());
  entry.set_policy_revision(intent.policy_revision());
  entry.set_code(resolution.code);
  entry.set_intent_index(index);
  entry.set_outcome(resolution.outcome == rpc::Outcome::kApplied
                        ? audit::v1::CHANGE_OUTCOME_APPLIED
                        : audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  entry.set_detail("the outcome was found out by the reconciler");
  return entry;
}

bool IsSettled(const rpc::IntentResolution& resolution) {
  return resolution.outcome == rpc::Outcome::kApplied ||
         resolution.outcome == rpc::Outcome::kNotApplied;
}

}  // namespace

Reconciler::Result Reconciler::RunOnce(SteadyTime now) {
  Result result;
  if (!core_->serving()) return result;
  const std::vector<uint64_t> old =
      core_->open_intents().OpenSince(now - kIntentAge, kMaxIntents);
  for (const auto& [peer, intents] : ByOwner(old, &result)) {
    for (size_t i = 0; i < intents.size(); i += kMaxIntentsACall) {
      const size_t end = std::min(intents.size(), i + kMaxIntentsACall);
      Settle(*peer, {intents.begin() + i, intents.begin() + end}, &result);
    }
  }
  result.floor = RaiseFloors();
  HoldCheckpoints();
  return result;
}

std::map<const Peer*, std::vector<Reconciler::Intent>> Reconciler::ByOwner(
    const std::vector<uint64_t>& indexes, Result* result) {
  std::map<const Peer*, std::vector<Intent>> by_owner;
  for (const uint64_t index : indexes) {
    absl::StatusOr<std::string> leaf = core_->reader().ReadLeaf(index);
    absl::StatusOr<AuditEntry> entry =
        leaf.ok() ? audit::ParseEntry(*leaf) : leaf.status();
    if (!entry.ok()) {
      logger_->Error("an open intent cannot be read",
                     {{"intent", index}, {"error", entry.status()}});
      ++result->unsettled;
      continue;
    }
    const Peer* owner = OwnerOf(core_->peers(), *entry);
    if (owner == nullptr) {
      logger_->Warning("an open intent has no owner",
                       {{"intent", index}, {"method", entry->method()}});
      ++result->unowned;
      continue;
    }
    by_owner[owner].push_back({index, *std::move(entry)});
  }
  return by_owner;
}

void Reconciler::Settle(const Peer& peer, const std::vector<Intent>& intents,
                        Result* result) {
  std::vector<uint64_t> ids;
  for (const Intent& intent : intents) ids.push_back(intent.index);
  KEYWARD_FAULT_POINT("audit.reconcile.found");
  absl::StatusOr<std::vector<rpc::IntentResolution>> resolutions =
      peer.control->ResolveIntents(ids, clock_->SteadyNow() + kCallTime);
  if (!resolutions.ok()) {
    logger_->Warning("open intents wait for their owner",
                     {{"owner", peer.name}, {"error", resolutions.status()}});
    result->unsettled += intents.size();
    return;
  }
  KEYWARD_FAULT_POINT("audit.reconcile.resolved");
  const size_t closed = Record(intents, *resolutions);
  KEYWARD_FAULT_POINT("audit.reconcile.recorded");
  result->closed += closed;
  result->unsettled += intents.size() - std::min(closed, intents.size());
}

size_t Reconciler::Record(
    const std::vector<Intent>& intents,
    const std::vector<rpc::IntentResolution>& resolutions) {
  // By index: an answer about anything that was not asked is not recorded, and
  // of two about the same the first counts.
  std::map<uint64_t, const rpc::IntentResolution*> by_index;
  for (const rpc::IntentResolution& resolution : resolutions) {
    if (IsSettled(resolution)) {
      by_index.emplace(resolution.intent_id, &resolution);
    }
  }
  const SteadyTime deadline = clock_->SteadyNow() + kCallTime;
  auto tally = std::make_shared<Tally>();
  size_t asked = 0;
  for (const Intent& intent : intents) {
    const auto resolution = by_index.find(intent.index);
    if (resolution == by_index.end()) continue;
    absl::StatusOr<std::string> leaf = audit::SerializeEntry(OutcomeOf(
        intent.index, intent.entry, *resolution->second, clock_->Now()));
    if (!leaf.ok()) continue;
    rpc::AppendItem item;
    item.entries.push_back(*std::move(leaf));
    item.deadline = deadline;
    ++asked;
    core_->Append(std::move(item), [tally](rpc::AppendResult appended) {
      MutexLock l(&tally->mu);
      ++tally->answered;
      // Somebody else's outcome came first: it is closed as well.
      if (appended.status == rpc::AppendStatus::kAccepted ||
          appended.status == rpc::AppendStatus::kIntentClosed) {
        ++tally->closed;
      }
      tally->changed.SignalAll();
    });
  }
  MutexLock l(&tally->mu);
  while (tally->answered < asked) {
    if (!tally->changed.WaitFor(&tally->mu, 2 * kCallTime)) break;
  }
  return tally->closed;
}

uint64_t Reconciler::RaiseFloors() {
  // The size first: an intent that is appended in between has an index at or
  // above it, and lies above the floor whether it is seen as open or not.
  const uint64_t size = core_->view()->size();
  const uint64_t floor =
      std::min(size, core_->open_intents().Oldest().value_or(size));
  for (const Peer& peer : core_->peers()) {
    absl::StatusOr<uint64_t> raised =
        peer.control->RaiseFloor(floor, clock_->SteadyNow() + kCallTime);
    if (!raised.ok()) {
      logger_->Warning("a floor was not raised",
                       {{"owner", peer.name}, {"error", raised.status()}});
    }
  }
  return floor;
}

void Reconciler::HoldCheckpoints() {
  absl::optional<rpc::CheckpointAnswer> newest;
  const uint64_t size = core_->view()->size();
  for (const Peer& peer : core_->peers()) {
    if (size <= handed_[&peer]) continue;
    if (!newest.has_value()) {
      absl::StatusOr<rpc::CheckpointAnswer> answer = core_->GetCheckpoint(0);
      if (!answer.ok()) return;
      newest = *std::move(answer);
    }
    const absl::Status held =
        peer.control->HoldCheckpoint({newest->checkpoint, newest->verifier_key},
                                     clock_->SteadyNow() + kCallTime);
    if (held.ok()) {
      handed_[&peer] = size;
    } else {
      logger_->Warning("a checkpoint was not held",
                       {{"owner", peer.name}, {"error", held}});
    }
  }
}

}  // namespace keyward::audit_service
