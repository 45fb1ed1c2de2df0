// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/rewrap.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/protobuf/empty.pb.h"
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

absl::optional<int64_t> OldestRetiring(const KeyRecord& key) {
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.state() == KEY_VERSION_STATE_RETIRING) return version.number();
  }
  return absl::nullopt;
}

// One data key's step of a batch.
class DataKeyMove {
 public:
  DataKeyMove(const StoreParts& parts, const KeyRecord& key, int64_t from,
              KeyRing::Kek old_kek, KeyRing::Kek new_kek)
      : parts_(parts),
        key_(key),
        from_(from),
        old_kek_(std::move(old_kek)),
        new_kek_(std::move(new_kek)) {}

  // Adds the move of what `wrap` (an entry of the wrap index) speaks of.
  // Answers how many bytes the transaction grew by.
  absl::StatusOr<size_t> Add(const kv::Entry& wrap, ChangePlan* plan) const {
    const absl::StatusOr<std::string> place =
        VersionKeyOfWrap(wrap.key, WrapPrefix(key_.uid(), from_));
    if (!place.ok()) return place.status();
    plan->preconditions.push_back(
        kv::Precondition::RevisionIs(wrap.key, wrap.mod_revision));
    plan->deletes.push_back({wrap.key});
    const absl::StatusOr<kv::Entry> entry = parts_.kv->Get(*place);
    // The version went with its secret: only the index is left.
    if (absl::IsNotFound(entry.status())) return wrap.key.size();
    if (!entry.ok()) return ReadError(entry.status());
    absl::StatusOr<VersionRecord> version =
        DecodeRecord<VersionRecord>(entry->value);
    if (!version.ok()) return version.status();
    const absl::Status moved = Move(&*version);
    if (!moved.ok()) return moved;
    plan->preconditions.push_back(
        kv::Precondition::RevisionIs(*place, entry->mod_revision));
    // The old wrapping must not stay on the disk: what it was wrapped with is
    // about to be destroyed for good.
    plan->puts.push_back({*place, EncodeRecord(*version), /*erase_old=*/true});
    plan->puts.push_back({WrapKey(key_.uid(), key_.primary_version(),
                                  version->secret_uid(), version->number()),
                          std::string()});
    return wrap.key.size() + entry->value.size();
  }

 private:
  absl::Status Move(VersionRecord* version) const {
    if (version->key_uid() != key_.uid() || version->key_version() != from_) {
      return absl::DataLossError("the wrap index does not fit a version");
    }
    absl::StatusOr<std::string> wrapped =
        RewrapDataKey({parts_.installation_id, version->secret_name(),
                       version->secret_uid(), version->number()},
                      {key_.name(), key_.uid(), from_}, *old_kek_,
                      {key_.name(), key_.uid(), key_.primary_version()},
                      *new_kek_, version->wrapped_data_key(), *parts_.random);
    if (!wrapped.ok()) return wrapped.status();
    version->set_wrapped_data_key(*std::move(wrapped));
    version->set_key_version(key_.primary_version());
    return absl::OkStatus();
  }

  const StoreParts& parts_;
  const KeyRecord& key_;
  const int64_t from_;
  const KeyRing::Kek old_kek_;
  const KeyRing::Kek new_kek_;
};

absl::StatusOr<ChangePlan> PlanMove(const StoreParts& parts,
                                    const Loaded<KeyRecord>& key, int64_t from,
                                    const std::vector<kv::Entry>& batch) {
  absl::StatusOr<KeyRing::Kek> old_kek = parts.keys->Open(key.record, from);
  if (!old_kek.ok()) return old_kek.status();
  absl::StatusOr<KeyRing::Kek> new_kek =
      parts.keys->Open(key.record, key.record.primary_version());
  if (!new_kek.ok()) return new_kek.status();
  const DataKeyMove move(parts, key.record, from, *std::move(old_kek),
                         *std::move(new_kek));
  ChangePlan plan;
  plan.preconditions.push_back(key.Unchanged());
  const absl::Status counted =
      parts.seals->Count(key.record, batch.size(), &plan);
  if (!counted.ok()) return counted;
  size_t bytes = 0;
  for (const kv::Entry& wrap : batch) {
    const absl::StatusOr<size_t> added = move.Add(wrap, &plan);
    if (!added.ok()) return added.status();
    bytes += *added;
    // The largest version is a small part of the room that is left.
    if (bytes > Rewrap::kMaxBatchBytes) break;
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
                               std::vector<kv::Entry> batch,
                               absl::Time deadline) {
  const OwnChangeSpec spec{
      "keys.rewrap", key.record.name(), key.record.project_uid(),
      absl::StrCat("moves up to ", batch.size(), " data keys from version ",
                   version, " of the key to version ",
                   key.record.primary_version())};
  return own_->Make(
      spec,
      [this, &key, version, &batch](absl::Time) {
        return PlanMove(*parts_, key, version, batch);
      },
      deadline);
}

absl::Status Rewrap::Retire(const std::string& marker,
                            const Loaded<KeyRecord>& key, int64_t version,
                            absl::Time deadline) {
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
        if (!OldestRetiring(changed.record).has_value()) {
          plan.deletes.push_back({marker});
        }
        plan.response = std::make_unique<google::protobuf::Empty>();
        return plan;
      },
      deadline);
  if (made.ok()) parts_->keys->Forget(key.record.uid(), version);
  return made;
}

absl::StatusOr<bool> Rewrap::RunKey(const std::string& marker,
                                    const std::string& key_place,
                                    absl::Time deadline) {
  const absl::StatusOr<kv::Entry> entry = parts_->kv->Get(key_place);
  if (absl::IsNotFound(entry.status())) return false;
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<KeyRecord> record = DecodeRecord<KeyRecord>(entry->value);
  if (!record.ok()) return record.status();
  const Loaded<KeyRecord> key{*std::move(record), key_place,
                              entry->mod_revision};
  const absl::optional<int64_t> version = OldestRetiring(key.record);
  if (!version.has_value()) return false;

  const std::string prefix = WrapPrefix(key.record.uid(), *version);
  kv::RangeOptions options;
  options.limit = kMaxBatch;
  absl::StatusOr<kv::RangeResult> range =
      parts_->kv->Range(prefix, kv::PrefixEnd(prefix), options);
  if (!range.ok()) return ReadError(range.status());
  const absl::Status done =
      range->entries.empty()
          ? Retire(marker, key, *version, deadline)
          : MoveBatch(key, *version, std::move(range->entries), deadline);
  if (!done.ok()) return done;
  return true;
}

absl::StatusOr<bool> Rewrap::RunOnce(absl::Time deadline) {
  kv::RangeOptions options;
  options.limit = kMaxBatch;
  const absl::StatusOr<kv::RangeResult> markers =
      parts_->kv->Range(kRewrapPrefix, kv::PrefixEnd(kRewrapPrefix), options);
  if (!markers.ok()) return ReadError(markers.status());
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
