// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// How PolicyStorage writes whole snapshots and removes what they replace.

#include <algorithm>
#include <utility>

#include "libs/base/steady_time.h"
#include "libs/policy/snapshot_codec.h"
#include "services/policy/policy_loader.h"
#include "services/policy/policy_storage.h"
#include "services/policy/records.h"
#include "services/policy/request_ids.h"

namespace keyward::policy_service {
namespace {

using keyward::internal::policy::v1::SnapshotChunkRecord;
using keyward::internal::policy::v1::SnapshotRecord;
using policy::PolicyState;

// Keys that one transaction deletes or puts, below kv::kMaxOperations.
constexpr size_t kKeysPerTransaction = 100;
// Keys that one Maintain removes from a range, so that no change waits long.
constexpr size_t kKeysPerPrune = 1000;

std::string EncodeSnapshotPointer(uint64_t revision, uint32_t chunks) {
  SnapshotRecord record;
  record.set_format(kRecordFormat);
  record.set_revision(revision);
  record.set_chunks(chunks);
  return EncodeRecord(record);
}

}  // namespace

kv::CommitResult PolicyStorage::CommitWhole(const DurablePolicy& on,
                                            const PolicyState& state,
                                            std::vector<kv::Put> puts,
                                            SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (!turn.held()) return kv::CommitResult::Refused(Busy());
  const absl::StatusOr<kv::Precondition> head = HeadIs(on);
  if (!head.ok()) return kv::CommitResult::Refused(head.status());
  const absl::StatusOr<uint32_t> chunks = WriteChunks(state, *head, deadline);
  if (!chunks.ok()) return kv::CommitResult::Refused(chunks.status());
  // Visible before the head is: at worst an etag is refused that was good.
  absl::Status written = WriteGenerations(state, *head, deadline);
  if (!written.ok()) return kv::CommitResult::Refused(written);
  kv::Transaction txn;
  txn.preconditions.push_back(*head);
  txn.puts = std::move(puts);
  txn.puts.push_back({kHeadKey, EncodeHead(state.revision())});
  txn.puts.push_back(
      {kSnapshotKey, EncodeSnapshotPointer(state.revision(), *chunks)});
  kv::CommitResult result = Submit(std::move(txn), deadline);
  if (result.applied()) {
    MutexLock l(&mu_);
    snapshot_revision_ = state.revision();
  }
  return result;
}

absl::StatusOr<uint32_t> PolicyStorage::WriteChunks(
    const PolicyState& state, const kv::Precondition& head,
    SteadyTime deadline) {
  const auto chunks = policy::EncodeSnapshot(state);
  for (const policy::SnapshotChunk& chunk : chunks) {
    SnapshotChunkRecord record;
    record.set_format(kRecordFormat);
    *record.mutable_chunk() = chunk;
    kv::Transaction txn;
    txn.preconditions.push_back(head);
    txn.puts.push_back(
        {ChunkKey(state.revision(), chunk.number()), EncodeRecord(record)});
    absl::Status status = SubmitOwn(std::move(txn), deadline);
    if (!status.ok()) return status;
  }
  return static_cast<uint32_t>(chunks.size());
}

absl::Status PolicyStorage::WriteGenerations(const PolicyState& state,
                                             const kv::Precondition& head,
                                             SteadyTime deadline) {
  std::vector<std::string> parents = {"system"};
  for (const auto& [name, project] : state.projects()) parents.push_back(name);
  for (size_t i = 0; i < parents.size(); i += kKeysPerTransaction) {
    kv::Transaction txn;
    txn.preconditions.push_back(head);
    const size_t end = std::min(parents.size(), i + kKeysPerTransaction);
    for (size_t j = i; j < end; ++j) {
      txn.puts.push_back(
          {GenerationKey(parents[j]), kv::EncodeNumber(state.revision())});
    }
    absl::Status status = SubmitOwn(std::move(txn), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void PolicyStorage::Maintain(const DurablePolicy& on, SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (turn.held()) MaintainInTurn(on, deadline).IgnoreError();
}

absl::Status PolicyStorage::MaintainInTurn(const DurablePolicy& on,
                                           SteadyTime deadline) {
  const absl::StatusOr<kv::Precondition> head = HeadIs(on);
  if (!head.ok()) return head.status();
  uint64_t snapshot = 0;
  {
    MutexLock l(&mu_);
    snapshot = snapshot_revision_;
  }
  if (on.revision() >= snapshot + kSnapshotEvery) {
    const absl::StatusOr<uint32_t> chunks =
        WriteChunks(*on.state, *head, deadline);
    if (!chunks.ok()) return chunks.status();
    kv::Transaction txn;
    txn.preconditions.push_back(*head);
    txn.puts.push_back(
        {kSnapshotKey, EncodeSnapshotPointer(on.revision(), *chunks)});
    absl::Status status = SubmitOwn(std::move(txn), deadline);
    if (!status.ok()) return status;
    snapshot = on.revision();
    MutexLock l(&mu_);
    snapshot_revision_ = snapshot;
  }
  absl::Status status =
      Prune(DeltaKeyBegin(0), DeltaKeyBegin(snapshot + 1), *head, deadline);
  if (status.ok()) {
    status = Prune(ChunkKeyBegin(0), ChunkKeyBegin(snapshot), *head, deadline);
  }
  if (!status.ok()) return status;
  const auto expired = ExpiredRequestIdKeys(*kv_, clock_->Now(), kKeysPerPrune);
  if (!expired.ok()) return expired.status();
  return DeleteKeys(*expired, *head, deadline);
}

absl::Status PolicyStorage::Prune(const std::string& begin,
                                  const std::string& end,
                                  const kv::Precondition& head,
                                  SteadyTime deadline) {
  kv::RangeOptions options;
  options.limit = kKeysPerPrune;
  options.keys_only = true;
  const absl::StatusOr<kv::RangeResult> page = kv_->Range(begin, end, options);
  if (!page.ok()) return ReadError(page.status());
  std::vector<std::string> keys;
  for (const kv::Entry& entry : page->entries) keys.push_back(entry.key);
  return DeleteKeys(keys, head, deadline);
}

absl::Status PolicyStorage::DeleteKeys(const std::vector<std::string>& keys,
                                       const kv::Precondition& head,
                                       SteadyTime deadline) {
  for (size_t i = 0; i < keys.size(); i += kKeysPerTransaction) {
    kv::Transaction txn;
    txn.preconditions.push_back(head);
    const size_t end = std::min(keys.size(), i + kKeysPerTransaction);
    for (size_t j = i; j < end; ++j) txn.deletes.push_back({keys[j]});
    absl::Status status = SubmitOwn(std::move(txn), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace keyward::policy_service
