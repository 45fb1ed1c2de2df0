// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/rewrap.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/fault_point.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/envelope.h"
#include "services/store/plan_steps.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::KeyVersionRecord;
using keyward::internal::store::v1::ReferenceRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::keys::v1::KEY_VERSION_STATE_DESTROYED;
using keyward::keys::v1::KEY_VERSION_STATE_RETIRING;

std::vector<int64_t> RetiringVersions(const KeyRecord& key) {
  std::vector<int64_t> retiring;
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.state() == KEY_VERSION_STATE_RETIRING) {
      retiring.push_back(version.number());
    }
  }
  return retiring;
}

// Reads what entries of a key version's wrap index speak of.
class WrappedVersions {
 public:
  WrappedVersions(const StoreParts& parts, const KeyRecord& key, int64_t from)
      : parts_(parts), key_(key), from_(from) {}

  // NOT_FOUND: the version went with its secret, only the index is left.
  // DATA_LOSS: it does not fit the index.
  absl::StatusOr<Loaded<VersionRecord>> Load(const kv::Entry& wrap) const {
    absl::StatusOr<std::string> place =
        VersionKeyOfWrap(wrap.key, WrapPrefix(key_.uid(), from_));
    if (!place.ok()) return place.status();
    const absl::StatusOr<kv::Entry> entry = parts_.kv->Get(*place);
    if (absl::IsNotFound(entry.status())) return entry.status();
    if (!entry.ok()) return ReadError(entry.status());
    absl::StatusOr<VersionRecord> version =
        DecodeRecord<VersionRecord>(entry->value);
    if (!version.ok()) return version.status();
    if (version->key_uid() != key_.uid() || version->key_version() != from_) {
      return absl::DataLossError("the wrap index does not fit a version");
    }
    return Loaded<VersionRecord>{*std::move(version), *std::move(place),
                                 entry->mod_revision};
  }

  VersionBinding Binding(const VersionRecord& version) const {
    return {parts_.installation_id, version.secret_name(), version.secret_uid(),
            version.number()};
  }
  KeyBinding OldKey() const { return {key_.name(), key_.uid(), from_}; }
  KeyBinding NewKey() const {
    return {key_.name(), key_.uid(), key_.primary_version()};
  }

 private:
  const StoreParts& parts_;
  const KeyRecord& key_;
  const int64_t from_;
};

// Bytes that moving `wrap` adds to a transaction. DATA_LOSS, which says where,
// if it cannot be moved. Seals nothing: nothing of it is on record yet.
absl::StatusOr<size_t> CheckMovable(const WrappedVersions& versions,
                                    const KeyRing::Kek& kek,
                                    const kv::Entry& wrap) {
  const auto version = versions.Load(wrap);
  if (absl::IsNotFound(version.status())) return wrap.key.size();
  if (!version.ok()) return version.status();
  const VersionRecord& record = version->record;
  const absl::Status opens =
      CheckDataKey(versions.Binding(record), versions.OldKey(), *kek,
                   record.wrapped_data_key());
  if (!opens.ok()) {
    return absl::DataLossError(absl::StrCat(record.secret_name(), "/versions/",
                                            record.number(), ": ",
                                            opens.message()));
  }
  return wrap.key.size() + record.ByteSizeLong();
}

// What one look at a key version's wrap index found.
struct Page {
  bool empty = true;
  std::vector<kv::Entry> movable;
  size_t damaged = 0;
  std::string first_damaged;
  // Where to look next; empty: this was the end.
  std::string next;
};

// Looks from `begin` on, or from the beginning if it is empty, before there is
// an intent: what cannot be done must not go on record again and again.
absl::StatusOr<Page> ReadPage(const StoreParts& parts, const KeyRecord& key,
                              int64_t version, const std::string& begin) {
  const std::string prefix = WrapPrefix(key.uid(), version);
  kv::RangeOptions options;
  options.limit = Rewrap::kMaxBatch;
  const absl::StatusOr<kv::RangeResult> range = parts.kv->Range(
      begin.empty() ? prefix : begin, kv::PrefixEnd(prefix), options);
  if (!range.ok()) return ReadError(range.status());
  Page page;
  page.empty = range->entries.empty();
  if (page.empty) return page;
  const absl::StatusOr<KeyRing::Kek> kek = parts.keys->Open(key, version);
  if (!kek.ok()) return kek.status();
  const WrappedVersions versions(parts, key, version);
  size_t bytes = 0;
  for (const kv::Entry& wrap : range->entries) {
    const absl::StatusOr<size_t> size = CheckMovable(versions, *kek, wrap);
    if (size.ok()) {
      bytes += *size;
      page.movable.push_back(wrap);
    } else if (!absl::IsDataLoss(size.status())) {
      return size.status();
    } else if (++page.damaged == 1) {
      page.first_damaged = std::string(size.status().message());
    }
    // The largest version is a small part of the room that is left.
    const bool full = bytes > Rewrap::kMaxBatchBytes;
    if (full || (range->more && &wrap == &range->entries.back())) {
      page.next = kv::KeyAfter(wrap.key);
      break;
    }
  }
  return page;
}

// Adds the move of one data key.
absl::Status AddMove(const StoreParts& parts, const WrappedVersions& versions,
                     const KeyRing::Kek& old_kek, const KeyRing::Kek& new_kek,
                     const kv::Entry& wrap, ChangePlan* plan) {
  auto version = versions.Load(wrap);
  plan->preconditions.push_back(
      kv::Precondition::RevisionIs(wrap.key, wrap.mod_revision));
  plan->deletes.push_back({wrap.key});
  if (absl::IsNotFound(version.status())) return absl::OkStatus();
  if (!version.ok()) return version.status();
  VersionRecord& record = version->record;
  absl::StatusOr<std::string> wrapped = RewrapDataKey(
      versions.Binding(record), versions.OldKey(), *old_kek, versions.NewKey(),
      *new_kek, record.wrapped_data_key(), *parts.random);
  if (!wrapped.ok()) return wrapped.status();
  record.set_wrapped_data_key(*std::move(wrapped));
  record.set_key_version(versions.NewKey().version);
  plan->preconditions.push_back(version->Unchanged());
  // The old wrapping must not stay on the disk: what it was wrapped with is
  // about to be destroyed for good.
  plan->puts.push_back(
      {version->key, EncodeRecord(record), /*erase_old=*/true});
  plan->puts.push_back({WrapKey(record.key_uid(), record.key_version(),
                                record.secret_uid(), record.number()),
                        std::string()});
  return absl::OkStatus();
}

absl::StatusOr<ChangePlan> PlanMove(const StoreParts& parts,
                                    const Loaded<KeyRecord>& key, int64_t from,
                                    const std::vector<kv::Entry>& batch) {
  const absl::StatusOr<KeyRing::Kek> old_kek =
      parts.keys->Open(key.record, from);
  if (!old_kek.ok()) return old_kek.status();
  const absl::StatusOr<KeyRing::Kek> new_kek =
      parts.keys->Open(key.record, key.record.primary_version());
  if (!new_kek.ok()) return new_kek.status();
  ChangePlan plan;
  plan.preconditions.push_back(key.Unchanged());
  const absl::Status counted =
      parts.seals->Count(key.record, batch.size(), &plan);
  if (!counted.ok()) return counted;
  const WrappedVersions versions(parts, key.record, from);
  for (const kv::Entry& wrap : batch) {
    const absl::Status added =
        AddMove(parts, versions, *old_kek, *new_kek, wrap, &plan);
    if (!added.ok()) return added;
  }
  plan.response = std::make_unique<google::protobuf::Empty>();
  return plan;
}

// Marks the version destroyed and drops its material; of those that were
// destroyed before, the newest stay to be shown.
void DestroyVersion(int64_t number, KeyRecord* key) {
  int destroyed = 0;
  for (KeyVersionRecord& version : *key->mutable_versions()) {
    if (version.number() == number) {
      version.set_state(KEY_VERSION_STATE_DESTROYED);
      version.clear_wrapped_material();
    }
    if (version.state() == KEY_VERSION_STATE_DESTROYED) ++destroyed;
  }
  // Oldest first, and the oldest are the destroyed ones.
  const int excess = destroyed - KeyRing::kMaxDestroyedVersions;
  if (excess > 0) key->mutable_versions()->DeleteSubrange(0, excess);
  key->set_generation(key->generation() + 1);
}

}  // namespace

absl::Status Rewrap::MoveBatch(const Loaded<KeyRecord>& key, int64_t version,
                               const std::vector<kv::Entry>& batch,
                               SteadyTime deadline) {
  const OwnChangeSpec spec{
      "keys.rewrap", key.record.name(), key.record.project_uid(),
      absl::StrCat("moves ", batch.size(), " data keys from version ", version,
                   " of the key to version ", key.record.primary_version())};
  return own_->Make(
      spec,
      [this, &key, version, &batch](absl::Time) {
        return PlanMove(*parts_, key, version, batch);
      },
      deadline);
}

absl::Status Rewrap::Retire(const std::string& marker,
                            const Loaded<KeyRecord>& key, int64_t version,
                            SteadyTime deadline) {
  const OwnChangeSpec spec{
      "keys.destroyVersion",
      absl::StrCat(key.record.name(), "/versions/", version),
      key.record.project_uid(), "the key version wraps nothing any more"};
  const absl::Status made = own_->Make(
      spec,
      [&](absl::Time) -> absl::StatusOr<ChangePlan> {
        ChangePlan plan;
        Loaded<KeyRecord> changed = key;
        DestroyVersion(version, &changed.record);
        Replace(changed, &plan);
        plan.puts.back().erase_old = true;
        plan.deletes.push_back({SealCountKey(key.record.project_uid(),
                                             key.record.uid(), version)});
        if (RetiringVersions(changed.record).empty()) {
          plan.deletes.push_back({marker});
        }
        plan.response = std::make_unique<google::protobuf::Empty>();
        return plan;
      },
      deadline);
  if (made.ok()) parts_->keys->Forget(key.record.uid(), version);
  return made;
}

absl::StatusOr<bool> Rewrap::RunVersion(const std::string& marker,
                                        const Loaded<KeyRecord>& key,
                                        int64_t version, Progress* progress,
                                        SteadyTime deadline) {
  const absl::StatusOr<Page> page =
      ReadPage(*parts_, key.record, version, progress->next);
  if (!page.ok()) return page.status();
  if (page->empty && progress->next.empty()) {
    KEYWARD_FAULT_POINT("store.rewrap.before_retire");
    const absl::Status retired = Retire(marker, key, version, deadline);
    if (!retired.ok()) return retired;
    KEYWARD_FAULT_POINT("store.rewrap.retired");
    progress_.erase({key.record.uid(), version});
    return true;
  }
  if (!page->movable.empty()) {
    KEYWARD_FAULT_POINT("store.rewrap.before_batch");
    const absl::Status moved = MoveBatch(key, version, page->movable, deadline);
    if (!moved.ok()) return moved;
    KEYWARD_FAULT_POINT("store.rewrap.batch_moved");
  }
  if (progress->damaged == 0) progress->first_damaged = page->first_damaged;
  progress->damaged += page->damaged;
  progress->next = page->next;
  if (!progress->next.empty() || progress->damaged == 0) return true;
  const size_t damaged = std::exchange(progress->damaged, 0);
  return absl::DataLossError(absl::StrCat(
      damaged, " data keys stay wrapped by ", key.record.name(), "/versions/",
      version, ", since they do not open; the first is ",
      progress->first_damaged));
}

absl::StatusOr<bool> Rewrap::RunKey(const std::string& marker,
                                    const std::string& key_place,
                                    SteadyTime deadline) {
  const absl::StatusOr<kv::Entry> entry = parts_->kv->Get(key_place);
  if (absl::IsNotFound(entry.status())) return false;
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<KeyRecord> record = DecodeRecord<KeyRecord>(entry->value);
  if (!record.ok()) return record.status();
  const Loaded<KeyRecord> key{*std::move(record), key_place,
                              entry->mod_revision};
  const SteadyTime now = parts_->clock->SteadyNow();
  for (const int64_t version : RetiringVersions(key.record)) {
    Progress& progress = progress_[{key.record.uid(), version}];
    if (progress.primary_version != key.record.primary_version()) {
      progress = Progress();
      progress.primary_version = key.record.primary_version();
    }
    if (now < progress.again) continue;
    absl::StatusOr<bool> ran =
        RunVersion(marker, key, version, &progress, deadline);
    // Of these it is likely that they happen again, and each may have left two
    // records in the log.
    if (!ran.ok() && !absl::IsUnavailable(ran.status()) &&
        !absl::IsAborted(ran.status())) {
      progress.again = now + kRetryAfter;
    }
    return ran;
  }
  return false;
}

absl::StatusOr<bool> Rewrap::RunOnce(SteadyTime deadline) {
  kv::RangeOptions options;
  options.limit = kMaxBatch;
  const absl::StatusOr<kv::RangeResult> markers = parts_->kv->Range(
      next_marker_.empty() ? std::string(kRewrapPrefix) : next_marker_,
      kv::PrefixEnd(kRewrapPrefix), options);
  if (!markers.ok()) return ReadError(markers.status());
  // Of keys that went with their project.
  if (next_marker_.empty() && markers->entries.empty()) progress_.clear();
  next_marker_ =
      markers->more ? kv::KeyAfter(markers->entries.back().key) : std::string();
  bool worked = false;
  absl::Status first_error;
  for (const kv::Entry& marker : markers->entries) {
    const absl::StatusOr<ReferenceRecord> reference =
        DecodeRecord<ReferenceRecord>(marker.value);
    if (!reference.ok()) {
      first_error.Update(reference.status());
      continue;
    }
    const absl::StatusOr<bool> ran =
        RunKey(marker.key, reference->key(), deadline);
    worked = worked || (ran.ok() && *ran);
    if (!ran.ok()) first_error.Update(ran.status());
  }
  if (!first_error.ok()) return first_error;
  return worked;
}

}  // namespace keyward::store
