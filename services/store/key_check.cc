// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/key_check.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {

using keyward::internal::store::v1::KeyRecord;

absl::Status KeyCheck::Look(const kv::Entry& entry) {
  const absl::StatusOr<KeyRecord> key = DecodeRecord<KeyRecord>(entry.value);
  if (!key.ok()) {
    if (++pass_.damaged == 1) pass_.first = "a record that does not parse";
    return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<int64_t>> damaged =
      parts_->keys->DamagedVersions(*key);
  if (!damaged.ok()) return damaged.status();
  if (damaged->empty()) return absl::OkStatus();
  if (pass_.damaged == 0) {
    pass_.first = absl::StrCat(key->name(), "/versions/", damaged->front());
  }
  pass_.damaged += static_cast<int64_t>(damaged->size());
  return absl::OkStatus();
}

absl::StatusOr<bool> KeyCheck::LookAtBatch() {
  kv::RangeOptions options;
  options.limit = kBatch;
  const absl::StatusOr<kv::RangeResult> range = parts_->kv->Range(
      pass_.next.empty() ? std::string(kKeysPrefix) : pass_.next,
      kv::PrefixEnd(kKeysPrefix), options);
  if (!range.ok()) return ReadError(range.status());
  for (const kv::Entry& entry : range->entries) {
    const absl::Status looked = Look(entry);
    if (!looked.ok()) return looked;
  }
  if (range->more) pass_.next = kv::KeyAfter(range->entries.back().key);
  return range->more;
}

absl::StatusOr<bool> KeyCheck::RunOnce() {
  const absl::Time now = parts_->clock->Now();
  if (now < due_) return false;
  const absl::StatusOr<bool> more = LookAtBatch();
  if (more.ok() && *more) return true;
  const Pass pass = std::exchange(pass_, Pass());
  if (!more.ok()) return more;
  due_ = now + kPeriod;
  damaged_ = pass.damaged;
  if (pass.damaged == 0) return false;
  return absl::DataLossError(absl::StrCat(
      pass.damaged, " key versions do not open, the first is ", pass.first,
      ": rotate their keys while this process runs, which may remember them, "
      "or restore a backup"));
}

absl::optional<int64_t> KeyCheck::damaged() const {
  const int64_t damaged = damaged_;
  if (damaged < 0) return absl::nullopt;
  return damaged;
}

}  // namespace keyward::store
