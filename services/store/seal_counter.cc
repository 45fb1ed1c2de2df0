// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/seal_counter.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/resource_name.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::ReferenceRecord;
using keyward::internal::store::v1::SealCountRecord;

absl::Status SealCounter::Count(const KeyRecord& key, uint64_t seals,
                                ChangePlan* plan) {
  if (seals == 0 || seals > kMaxPerPlan) {
    return absl::InternalError("a plan seals nothing or too much");
  }
  const std::string place =
      SealCountKey(key.project_uid(), key.uid(), key.primary_version());
  if (Take(place, seals)) return absl::OkStatus();
  const absl::StatusOr<Stored> stored = Load(place);
  if (!stored.ok()) return stored.status();
  if (TakeOfNewBlock(place, seals, *stored)) return absl::OkStatus();
  const absl::Status reserved = Reserve(key, place, *stored, plan);
  if (reserved.ok()) Owe(place, seals);
  return reserved;
}

bool SealCounter::Take(const std::string& place, uint64_t seals) {
  MutexLock l(&mu_);
  const auto use = uses_.find(place);
  if (use == uses_.end() || use->second.left < seals) return false;
  use->second.left -= seals;
  return true;
}

// The block that an earlier plan of this process reserved is known to be
// stored only now that it is read: a plan may fail, or be of unknown fate.
bool SealCounter::TakeOfNewBlock(const std::string& place, uint64_t seals,
                                 const Stored& stored) {
  MutexLock l(&mu_);
  if (stored.record.session() != session_ || stored.record.epoch() != epoch_) {
    return false;
  }
  if (uses_.size() >= kMaxTracked && !uses_.contains(place)) {
    uses_.clear();
    ++epoch_;
    return false;
  }
  Use& use = uses_[place];
  // Another plan may have found the block first.
  if (use.left >= seals) {
    use.left -= seals;
    return true;
  }
  if (stored.record.reserved() <= use.reserved) return false;
  use.reserved = stored.record.reserved();
  const uint64_t spent = std::max(use.owed, kMaxPerPlan) + seals;
  if (spent > kBlock) {
    use.owed -= std::min(use.owed, kBlock);
    return false;
  }
  use.owed = 0;
  use.left = kBlock - spent;
  return true;
}

void SealCounter::Owe(const std::string& place, uint64_t seals) {
  MutexLock l(&mu_);
  if (uses_.size() >= kMaxTracked && !uses_.contains(place)) return;
  uses_[place].owed += seals;
}

absl::StatusOr<SealCounter::Stored> SealCounter::Load(
    const std::string& place) const {
  const absl::StatusOr<kv::Entry> entry = reader_->Get(place);
  if (absl::IsNotFound(entry.status())) return Stored();
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<SealCountRecord> record =
      DecodeRecord<SealCountRecord>(entry->value);
  if (!record.ok()) return record.status();
  return Stored{*std::move(record), entry->mod_revision};
}

absl::Status SealCounter::Reserve(const KeyRecord& key,
                                  const std::string& place,
                                  const Stored& stored, ChangePlan* plan) {
  if (stored.record.reserved() > crypto::kMaxSealsPerKey - kBlock) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, kQuotaExceeded,
        absl::StrCat(key.name(), " has sealed as often as is safe for version ",
                     key.primary_version(), ": rotate it"));
  }
  SealCountRecord record;
  record.set_format(kRecordFormat);
  record.set_reserved(stored.record.reserved() + kBlock);
  record.set_session(session_);
  {
    MutexLock l(&mu_);
    record.set_epoch(epoch_);
  }
  plan->preconditions.push_back(
      kv::Precondition::RevisionIs(place, stored.revision));
  plan->puts.push_back({place, EncodeRecord(record)});
  if (record.reserved() < kRotateAt) return absl::OkStatus();
  const absl::StatusOr<ResourceName> name = ResourceName::Parse(key.name());
  if (!name.ok()) return name.status();
  ReferenceRecord reference;
  reference.set_format(kRecordFormat);
  reference.set_key(KeyKey(key.project_uid(), name->key()));
  plan->puts.push_back(
      {RotationKey(key.project_uid(), name->key()), EncodeRecord(reference)});
  return absl::OkStatus();
}

}  // namespace keyward::store
