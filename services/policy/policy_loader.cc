// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_loader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/kv/transaction.h"
#include "libs/policy/snapshot_codec.h"
#include "services/policy/records.h"

namespace keyward::policy_service {
namespace {

using keyward::internal::policy::v1::DeltaRecord;
using keyward::internal::policy::v1::HeadRecord;
using keyward::internal::policy::v1::SnapshotChunkRecord;
using keyward::internal::policy::v1::SnapshotRecord;
using policy::PolicyDelta;
using policy::PolicyState;

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("policy's folder is damaged: ", what,
                                          "; restore it from a backup"));
}

// Calls visit(entry) for each entry whose key begins with `prefix`.
template <typename Visitor>
absl::Status ForEach(const kv::KeyValueReader& kv, absl::string_view prefix,
                     Visitor visit) {
  const std::string end = kv::PrefixEnd(prefix);
  std::string begin(prefix);
  kv::RangeOptions options;
  options.max_bytes = size_t{4} << 20;
  for (;;) {
    const absl::StatusOr<kv::RangeResult> page = kv.Range(begin, end, options);
    if (!page.ok()) return ReadError(page.status());
    for (const kv::Entry& entry : page->entries) {
      absl::Status status = visit(entry);
      if (!status.ok()) return status;
    }
    if (!page->more) return absl::OkStatus();
    begin = kv::KeyAfter(page->entries.back().key);
  }
}

absl::StatusOr<PolicyState> LoadSnapshot(const kv::KeyValueReader& kv) {
  const absl::StatusOr<kv::Entry> pointer = kv.Get(kSnapshotKey);
  if (absl::IsNotFound(pointer.status())) {
    return Damaged("its whole snapshot is missing");
  }
  if (!pointer.ok()) return ReadError(pointer.status());
  const auto snapshot = DecodeRecord<SnapshotRecord>(pointer->value);
  if (!snapshot.ok()) return snapshot.status();
  policy::SnapshotAssembler assembler;
  for (uint32_t i = 0; i < snapshot->chunks(); ++i) {
    const absl::StatusOr<kv::Entry> entry =
        kv.Get(ChunkKey(snapshot->revision(), i));
    if (absl::IsNotFound(entry.status())) {
      return Damaged("a chunk of its snapshot is missing");
    }
    if (!entry.ok()) return ReadError(entry.status());
    auto record = DecodeRecord<SnapshotChunkRecord>(entry->value);
    if (!record.ok()) return record.status();
    policy::PolicyUpdate update;
    *update.mutable_chunk() = std::move(*record->mutable_chunk());
    const auto taken = assembler.Take(std::move(update));
    if (!taken.ok()) return Damaged(taken.status().message());
    if (*taken == nullptr) continue;
    if ((*taken)->revision() != snapshot->revision()) break;
    return PolicyState(**taken);
  }
  return Damaged("its whole snapshot does not end");
}

// All parts of the change to `revision`, merged.
absl::StatusOr<PolicyDelta> LoadDelta(const kv::KeyValueReader& kv,
                                      uint64_t revision) {
  PolicyDelta delta;
  delta.set_revision(revision);
  uint32_t parts = 1;
  for (uint32_t i = 0; i < parts; ++i) {
    const absl::StatusOr<kv::Entry> entry = kv.Get(DeltaKey(revision, i));
    if (absl::IsNotFound(entry.status())) {
      return Damaged(absl::StrCat("revision ", revision, " is missing"));
    }
    if (!entry.ok()) return ReadError(entry.status());
    const auto record = DecodeRecord<DeltaRecord>(entry->value);
    if (!record.ok()) return record.status();
    if (record->delta().revision() != revision) {
      return Damaged(absl::StrCat("revision ", revision, " is another one"));
    }
    parts = record->parts();
    delta.MergeFrom(record->delta());
  }
  return delta;
}

absl::Status LoadDeltas(const kv::KeyValueReader& kv, uint64_t head,
                        PolicyState* state) {
  if (state->revision() > head) return Damaged("its head is too old");
  while (state->revision() < head) {
    const absl::StatusOr<PolicyDelta> delta =
        LoadDelta(kv, state->revision() + 1);
    if (!delta.ok()) return delta.status();
    absl::Status applied = state->Apply(*delta);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

absl::Status LoadGenerations(const kv::KeyValueReader& kv,
                             DurablePolicy* policy) {
  return ForEach(kv, kGenerationPrefix, [&](const kv::Entry& entry) {
    const absl::StatusOr<uint64_t> revision = kv::DecodeNumber(entry.value);
    if (!revision.ok()) return Damaged("a generation cannot be read");
    policy->generations[entry.key.substr(sizeof(kGenerationPrefix) - 1)] =
        *revision;
    return absl::OkStatus();
  });
}

absl::Status LoadDeletions(const kv::KeyValueReader& kv,
                           DurablePolicy* policy) {
  return ForEach(kv, kDeletionPrefix, [&](const kv::Entry& entry) {
    auto record = DecodeRecord<DeletionRecord>(entry.value);
    if (!record.ok()) return record.status();
    std::string project = record->project();
    policy->deletions[std::move(project)] = *std::move(record);
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<LoadedPolicy> LoadPolicy(const kv::KeyValueReader& kv) {
  LoadedPolicy loaded;
  const absl::StatusOr<kv::Entry> entry = kv.Get(kHeadKey);
  if (absl::IsNotFound(entry.status())) {
    const auto snapshot = kv.Get(kSnapshotKey);
    if (absl::IsNotFound(snapshot.status())) return loaded;
    return snapshot.ok() ? Damaged("its head is missing")
                         : ReadError(snapshot.status());
  }
  if (!entry.ok()) return ReadError(entry.status());
  const auto head = DecodeRecord<HeadRecord>(entry->value);
  if (!head.ok()) return head.status();
  absl::StatusOr<PolicyState> state = LoadSnapshot(kv);
  if (!state.ok()) return state.status();
  loaded.snapshot_revision = state->revision();
  absl::Status status = LoadDeltas(kv, head->revision(), &*state);
  if (!status.ok()) return status;
  loaded.policy.state = std::make_shared<const PolicyState>(*std::move(state));
  status = LoadGenerations(kv, &loaded.policy);
  if (status.ok()) status = LoadDeletions(kv, &loaded.policy);
  if (!status.ok()) return status;
  return loaded;
}

absl::Status StateUnavailable(absl::string_view why) {
  return MakeError(
      absl::StatusCode::kUnavailable, kPolicyUnavailable,
      absl::StrCat("policy cannot read or change its state: ", why));
}

absl::Status StateFailed(absl::string_view cause) {
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                            "policy cannot read or change its state", cause);
}

absl::Status ReadError(const absl::Status& status) {
  if (absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) {
    return status;
  }
  return StateFailed(status.message());
}

}  // namespace keyward::policy_service
