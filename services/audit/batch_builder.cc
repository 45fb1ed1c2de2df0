// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/batch_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/proto_time.h"
#include "services/audit/unavailable.h"

namespace keyward::audit_service {
namespace {

using audit::v1::AuditEntry;

rpc::AppendResult Failed(absl::Status error, uint64_t fence) {
  rpc::AppendResult result;
  result.status = rpc::AppendStatus::kFailed;
  result.error = std::move(error);
  result.fence = fence;
  return result;
}

// The record that puts `revision` in force.
std::string InForceLeaf(uint64_t revision, absl::Time now) {
  AuditEntry entry;
  *entry.mutable_time() = ToTimestamp(now);
  entry.set_kind(audit::v1::ENTRY_KIND_IN_FORCE);
  entry.set_principal("system:policy");
  entry.set_authentication("local");
  entry.set_resource("system");
  entry.set_policy_revision(revision);
  entry.set_detail(
      absl::StrCat("policy revision ", revision, " is in force from here on"));
  return audit::SerializeEntry(std::move(entry)).value();
}

}  // namespace

BatchBuilder::BatchBuilder(const LogView* view, const OpenIntents* open_intents,
                           const audit::LogReader* reader, absl::Time now)
    : view_(view), open_intents_(open_intents), reader_(reader), now_(now) {
  batch_.first_index = view->size();
  batch_.fence = view->fence;
}

void BatchBuilder::Add(PendingAppend* pending) {
  pending->awaits_commit = false;
  if (pending->raise_to.has_value()) {
    AddRaise(pending);
    return;
  }
  if (!PassesFence(pending) || !PassesIntents(pending)) return;
  pending->result = {};
  pending->result.status = rpc::AppendStatus::kAccepted;
  pending->result.fence = batch_.fence;
  pending->awaits_commit = true;
  if (pending->item.leaves.empty()) {
    relies_on_fence_ = true;
    return;
  }
  AppendLeaves(pending);
}

void BatchBuilder::AddRaise(PendingAppend* pending) {
  const uint64_t revision = *pending->raise_to;
  pending->result = {};
  pending->result.status = rpc::AppendStatus::kAccepted;
  pending->awaits_commit = true;
  if (revision <= view_->fence) {
    // It never goes down; raising it to what it is writes nothing.
    pending->result.fence = view_->fence;
    relies_on_fence_ = true;
    return;
  }
  pending->result.first_index = batch_.first_index;
  pending->result.fence = revision;
  batch_.fence = revision;
  batch_.leaves.push_back(InForceLeaf(revision, now_));
}

bool BatchBuilder::PassesFence(PendingAppend* pending) {
  const std::optional<uint64_t>& revision = pending->item.fenced_revision;
  if (!revision.has_value() || *revision == view_->fence) return true;
  if (*revision > view_->fence) stale_if_right_ = true;
  pending->result = {};
  pending->result.status = rpc::AppendStatus::kFence;
  pending->result.fence = view_->fence;
  return false;
}

bool BatchBuilder::PassesIntents(PendingAppend* pending) {
  const CheckedItem& item = pending->item;
  if (!item.intents.empty() &&
      open_intents_->size() + batch_.opened.size() + item.intents.size() >
          kMaxOpenIntents) {
    pending->result = Failed(
        AuditUnavailable("too many changes have no outcome yet"), view_->fence);
    return false;
  }
  for (const OutcomeFact& outcome : item.outcomes) {
    const auto here = closed_here_.find(outcome.intent_index);
    if (here != closed_here_.end()) {
      pending->result = {};
      pending->result.status = rpc::AppendStatus::kIntentClosed;
      pending->result.fence = view_->fence;
      pending->result.closing_outcome = *audit::ParseEntry(here->second);
      // Only if that other outcome becomes durable.
      pending->awaits_commit = true;
      return false;
    }
    if (!open_intents_->Contains(outcome.intent_index)) {
      pending->result = NotOpen(outcome.intent_index);
      return false;
    }
  }
  return true;
}

rpc::AppendResult BatchBuilder::NotOpen(uint64_t intent_index) const {
  absl::StatusOr<absl::optional<uint64_t>> index =
      reader_->ReadClosingOutcome(intent_index);
  if (!index.ok()) {
    return Failed(AuditUnavailable("it cannot be read"), view_->fence);
  }
  if (!index->has_value()) {
    return Failed(
        FieldError("entries.intent_index", "must name an intent of the log"),
        view_->fence);
  }
  absl::StatusOr<std::string> leaf = reader_->ReadLeaf(**index);
  absl::StatusOr<AuditEntry> entry =
      leaf.ok() ? audit::ParseEntry(*leaf) : leaf.status();
  if (!entry.ok()) {
    return Failed(AuditUnavailable("it cannot be read"), view_->fence);
  }
  rpc::AppendResult result;
  result.status = rpc::AppendStatus::kIntentClosed;
  result.fence = view_->fence;
  result.closing_outcome = *std::move(entry);
  return result;
}

void BatchBuilder::AppendLeaves(PendingAppend* pending) {
  const CheckedItem& item = pending->item;
  const uint64_t first = batch_.first_index + batch_.leaves.size();
  pending->result.first_index = first;
  for (const size_t offset : item.intents) {
    batch_.opened.push_back(first + offset);
  }
  for (const OutcomeFact& outcome : item.outcomes) {
    if (!outcome.closing) continue;
    batch_.closed.push_back({outcome.intent_index, first + outcome.offset});
    closed_here_[outcome.intent_index] = item.leaves[outcome.offset];
  }
  batch_.leaves.insert(batch_.leaves.end(), item.leaves.begin(),
                       item.leaves.end());
}

}  // namespace keyward::audit_service
