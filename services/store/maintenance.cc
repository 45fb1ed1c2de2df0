// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/fault_point.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/own_commit.h"
#include "services/store/plan_steps.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::EventRecord;
using keyward::internal::store::v1::PurgeRecord;
using keyward::internal::store::v1::ReferenceRecord;
using keyward::internal::store::v1::SecretRecord;

absl::StatusOr<std::vector<kv::Entry>> Entries(const kv::KeyValueReader& reader,
                                               absl::string_view begin,
                                               absl::string_view end,
                                               size_t limit) {
  kv::RangeOptions options;
  options.limit = limit;
  absl::StatusOr<kv::RangeResult> range = reader.Range(begin, end, options);
  if (!range.ok()) return ReadError(range.status());
  return std::move(range->entries);
}

// A secret that another step has removed or restored is no failure.
absl::Status IgnoreLostRace(absl::Status status) {
  return absl::IsAborted(status) || absl::IsNotFound(status) ? absl::OkStatus()
                                                             : status;
}

}  // namespace

Maintenance::Maintenance(const Dependencies& deps)
    : parts_(deps.parts),
      session_(deps.session),
      own_(deps.parts, deps.changes, deps.audit),
      rotations_(deps.parts, &own_),
      rewrap_(deps.parts, &own_),
      key_check_(deps.parts) {}

absl::StatusOr<bool> Maintenance::RunOnce(SteadyTime deadline) {
  bool more = false;
  absl::Status first_error;
  const auto note = [&](absl::StatusOr<bool> done) {
    if (done.ok()) {
      more = more || *done;
    } else {
      first_error.Update(done.status());
    }
  };
  // What was said to be destroyed first: it waits for nobody, while the others
  // may wait for audit.
  note(PurgeRests(deadline));
  note(PurgeDue(deadline));
  note(rotations_.RunOnce(deadline));
  note(rewrap_.RunOnce(deadline));
  note(key_check_.RunOnce());
  note(PruneEvents(deadline));
  note(PruneRequestIds(deadline));
  if (!first_error.ok()) return first_error;
  return more;
}

absl::Status Maintenance::DropStale(const kv::Entry& entry,
                                    SteadyTime deadline) {
  kv::Transaction txn;
  txn.preconditions.push_back(
      kv::Precondition::RevisionIs(entry.key, entry.mod_revision));
  txn.deletes.push_back({entry.key});
  return IgnoreLostRace(CommitOwn(session_, std::move(txn), deadline));
}

absl::Status Maintenance::PurgeOne(const kv::Entry& due, SteadyTime deadline) {
  const absl::StatusOr<ReferenceRecord> reference =
      DecodeRecord<ReferenceRecord>(due.value);
  if (!reference.ok()) return reference.status();
  const absl::StatusOr<kv::Entry> entry = parts_->kv->Get(reference->key());
  if (absl::IsNotFound(entry.status())) return DropStale(due, deadline);
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<SecretRecord> record =
      DecodeRecord<SecretRecord>(entry->value);
  if (!record.ok()) return record.status();
  if (PurgeTimeKey(record->purge_time(), record->uid()) != due.key) {
    return DropStale(due, deadline);
  }
  const Loaded<SecretRecord> secret{*std::move(record), reference->key(),
                                    entry->mod_revision};
  const OwnChangeSpec spec{"secrets.destroy", secret.record.name(),
                           secret.record.project_uid(),
                           "the deleted secret's recovery window has passed"};
  return IgnoreLostRace(own_.Make(
      spec,
      [&](absl::Time) -> absl::StatusOr<ChangePlan> {
        ChangePlan plan;
        const absl::Status planned = Purge(*parts_, secret, &plan);
        if (!planned.ok()) return planned;
        plan.response = std::make_unique<google::protobuf::Empty>();
        plan.resource = spec.resource;
        return plan;
      },
      deadline));
}

absl::StatusOr<bool> Maintenance::PurgeDue(SteadyTime deadline) {
  const auto due =
      Entries(*parts_->kv, kPurgeTimePrefix,
              DueEnd(kPurgeTimePrefix, ToMicros(parts_->clock->Now())), kBatch);
  if (!due.ok()) return due.status();
  absl::Status first_error;
  for (const kv::Entry& entry : *due) {
    first_error.Update(PurgeOne(entry, deadline));
  }
  if (!first_error.ok()) return first_error;
  return !due->empty();
}

absl::Status Maintenance::PurgeRest(const kv::Entry& rest,
                                    SteadyTime deadline) {
  const absl::StatusOr<PurgeRecord> record =
      DecodeRecord<PurgeRecord>(rest.value);
  if (!record.ok()) return record.status();
  ChangePlan plan;
  const absl::StatusOr<bool> more =
      PurgeVersions(*parts_, record->secret_uid(), &plan);
  if (!more.ok()) return more.status();
  kv::Transaction txn;
  txn.preconditions = std::move(plan.preconditions);
  txn.preconditions.push_back(
      kv::Precondition::RevisionIs(rest.key, rest.mod_revision));
  txn.deletes = std::move(plan.deletes);
  if (!*more) txn.deletes.push_back({rest.key});
  KEYWARD_FAULT_POINT("store.purge.before_rest");
  const absl::Status purged =
      IgnoreLostRace(CommitOwn(session_, std::move(txn), deadline));
  KEYWARD_FAULT_POINT("store.purge.rest_removed");
  return purged;
}

absl::StatusOr<bool> Maintenance::PurgeRests(SteadyTime deadline) {
  const auto rests =
      Entries(*parts_->kv, kPurgePrefix, kv::PrefixEnd(kPurgePrefix), kBatch);
  if (!rests.ok()) return rests.status();
  absl::Status first_error;
  for (const kv::Entry& entry : *rests) {
    first_error.Update(PurgeRest(entry, deadline));
  }
  if (!first_error.ok()) return first_error;
  return !rests->empty();
}

absl::StatusOr<bool> Maintenance::PruneProject(const std::string& project_uid,
                                               uint64_t head,
                                               SteadyTime deadline) {
  const std::string prefix = EventPrefix(project_uid);
  const auto oldest =
      Entries(*parts_->kv, prefix, kv::PrefixEnd(prefix), 2 * kBatch);
  if (!oldest.ok()) return oldest.status();
  const int64_t horizon = ToMicros(parts_->clock->Now() - kEventRetention);
  kv::Transaction txn;
  for (const kv::Entry& entry : *oldest) {
    const absl::StatusOr<uint64_t> number = EventNumber(entry.key, project_uid);
    if (!number.ok()) return number.status();
    const absl::StatusOr<EventRecord> event =
        DecodeRecord<EventRecord>(entry.value);
    if (!event.ok()) return event.status();
    const bool beyond = *number + kMaxEvents <= head;
    // In order: an event is pruned only with all that came before it, so that
    // a reader can tell that something is missing by the first one left.
    if (!beyond && event->time() >= horizon) break;
    txn.preconditions.push_back(
        kv::Precondition::RevisionIs(entry.key, entry.mod_revision));
    txn.deletes.push_back({entry.key});
  }
  if (txn.deletes.empty()) return false;
  const absl::Status pruned =
      IgnoreLostRace(CommitOwn(session_, std::move(txn), deadline));
  if (!pruned.ok()) return pruned;
  return true;
}

absl::StatusOr<bool> Maintenance::PruneEvents(SteadyTime deadline) {
  const absl::string_view prefix = kEventHeadPrefix;
  const auto heads = Entries(
      *parts_->kv, next_project_.empty() ? std::string(prefix) : next_project_,
      kv::PrefixEnd(prefix), kBatch);
  if (!heads.ok()) return heads.status();
  next_project_ =
      heads->size() == kBatch ? kv::KeyAfter(heads->back().key) : std::string();
  bool worked = false;
  for (const kv::Entry& head : *heads) {
    const absl::StatusOr<uint64_t> number = kv::DecodeNumber(head.value);
    if (!number.ok()) return number.status();
    const absl::StatusOr<bool> pruned =
        PruneProject(head.key.substr(prefix.size()), *number, deadline);
    if (!pruned.ok()) return pruned;
    worked = worked || *pruned;
  }
  // The state layer's own feed only wakes those who wait.
  const absl::StatusOr<uint64_t> revision = parts_->kv->Revision();
  if (!revision.ok()) return ReadError(revision.status());
  const absl::Status compacted =
      parts_->kv->CompactFeed(kEventKeyspace, *revision);
  if (!compacted.ok()) return ReadError(compacted);
  return worked;
}

absl::StatusOr<bool> Maintenance::PruneRequestIds(SteadyTime deadline) {
  const absl::string_view prefix = kRequestIdExpiryPrefix;
  const auto due =
      Entries(*parts_->kv, prefix,
              DueEnd(prefix, ToMicros(parts_->clock->Now())), kBatch);
  if (!due.ok()) return due.status();
  if (due->empty()) return false;
  kv::Transaction txn;
  for (const kv::Entry& entry : *due) {
    // After the prefix: 8 bytes of time, a slash, the MAC.
    if (entry.key.size() < prefix.size() + 9) {
      return absl::DataLossError("a key of the request ids is malformed");
    }
    txn.preconditions.push_back(
        kv::Precondition::RevisionIs(entry.key, entry.mod_revision));
    txn.deletes.push_back({entry.key});
    txn.deletes.push_back(
        {RequestIdKey(absl::string_view(entry.key).substr(prefix.size() + 9))});
  }
  const absl::Status pruned =
      IgnoreLostRace(CommitOwn(session_, std::move(txn), deadline));
  if (!pruned.ok()) return pruned;
  return true;
}

}  // namespace keyward::store
