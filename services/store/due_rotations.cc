// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/due_rotations.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/plan_steps.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::ReferenceRecord;

absl::Status DueRotations::RotateOne(const kv::Entry& marker,
                                     SteadyTime deadline) {
  const absl::StatusOr<ReferenceRecord> reference =
      DecodeRecord<ReferenceRecord>(marker.value);
  if (!reference.ok()) return reference.status();
  const absl::StatusOr<kv::Entry> entry = parts_->kv->Get(reference->key());
  // The project is being removed, and its markers with it.
  if (absl::IsNotFound(entry.status())) return absl::OkStatus();
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<KeyRecord> record = DecodeRecord<KeyRecord>(entry->value);
  if (!record.ok()) return record.status();
  const Loaded<KeyRecord> key{*std::move(record), reference->key(),
                              entry->mod_revision};
  const OwnChangeSpec spec{
      "keys.rotate", key.record.name(), key.record.project_uid(),
      absl::StrCat("version ", key.record.primary_version(),
                   " has sealed half as often as is safe")};
  const absl::Status rotated = own_->Make(
      spec,
      [&](absl::Time now) -> absl::StatusOr<ChangePlan> {
        ChangePlan plan;
        Loaded<KeyRecord> changed = key;
        const absl::Status planned = Rotate(*parts_, now, &changed, &plan);
        if (!planned.ok()) return planned;
        plan.response = std::make_unique<google::protobuf::Empty>();
        plan.resource = spec.resource;
        return plan;
      },
      deadline);
  // Somebody else rotated it meanwhile: the marker is gone.
  return absl::IsAborted(rotated) ? absl::OkStatus() : rotated;
}

absl::StatusOr<bool> DueRotations::RunOnce(SteadyTime deadline) {
  kv::RangeOptions options;
  options.limit = kBatch;
  const absl::StatusOr<kv::RangeResult> markers = parts_->kv->Range(
      kRotationPrefix, kv::PrefixEnd(kRotationPrefix), options);
  if (!markers.ok()) return ReadError(markers.status());
  absl::Status first_error;
  for (const kv::Entry& marker : markers->entries) {
    first_error.Update(RotateOne(marker, deadline));
  }
  if (!first_error.ok()) return first_error;
  return !markers->entries.empty();
}

}  // namespace keyward::store
