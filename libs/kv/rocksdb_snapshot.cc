// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/rocksdb_snapshot.h"

#include "absl/status/status.h"
#include "libs/kv/reader.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace keyward::kv {
namespace {

rocksdb::ReadOptions At(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  return options;
}

}  // namespace

absl::StatusOr<Entry> RocksDbSnapshot::Get(absl::string_view key) const {
  absl::StatusOr<Entry> entry;
  absl::Status used =
      pin_->Use([&](rocksdb::DB* db, const rocksdb::Snapshot* snapshot) {
        entry = reader::Get(db, At(snapshot), key);
      });
  if (!used.ok()) return used;
  return entry;
}

std::vector<absl::StatusOr<Entry>> RocksDbSnapshot::GetMany(
    const std::vector<std::string>& keys) const {
  std::vector<absl::StatusOr<Entry>> entries;
  absl::Status used =
      pin_->Use([&](rocksdb::DB* db, const rocksdb::Snapshot* snapshot) {
        entries = reader::GetMany(db, At(snapshot), keys);
      });
  if (!used.ok()) entries.assign(keys.size(), used);
  return entries;
}

absl::StatusOr<RangeResult> RocksDbSnapshot::Range(
    absl::string_view begin, absl::string_view end,
    const RangeOptions& options) const {
  absl::StatusOr<RangeResult> result;
  absl::Status used =
      pin_->Use([&](rocksdb::DB* db, const rocksdb::Snapshot* snapshot) {
        result = reader::Range(db, At(snapshot), begin, end, options);
      });
  if (!used.ok()) return used;
  return result;
}

absl::StatusOr<uint64_t> RocksDbSnapshot::Revision() const {
  absl::StatusOr<uint64_t> revision;
  absl::Status used =
      pin_->Use([&](rocksdb::DB* db, const rocksdb::Snapshot* snapshot) {
        revision = reader::Revision(db, At(snapshot));
      });
  if (!used.ok()) return used;
  return revision;
}

}  // namespace keyward::kv
