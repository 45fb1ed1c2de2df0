// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/format.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/transaction.h"

namespace keyward::kv::reader {
namespace {

constexpr char kReading[] = "read the database";

absl::string_view View(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

absl::Status CheckKey(absl::string_view key) {
  if (key.empty()) return absl::InvalidArgumentError("key: must not be empty");
  if (key.size() > kMaxKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: must have at most ", kMaxKeyBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckRange(absl::string_view begin, absl::string_view end,
                        const RangeOptions& range) {
  // One more byte than a key has: KeyAfter of the longest.
  if (std::max(begin.size(), end.size()) > kMaxKeyBytes + 1) {
    return absl::InvalidArgumentError("range: a bound is too long");
  }
  if (range.limit < 1 || range.limit > kMaxRangeEntries) {
    return absl::InvalidArgumentError(
        absl::StrCat("range.limit: must be 1 to ", kMaxRangeEntries));
  }
  if (range.max_bytes < 1 || range.max_bytes > kMaxRangeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("range.max_bytes: must be 1 to ", kMaxRangeBytes));
  }
  return absl::OkStatus();
}

// Not found is said without the key: keys name secrets, and errors travel.
absl::StatusOr<Entry> MakeEntry(absl::string_view key,
                                const rocksdb::Status& status,
                                absl::string_view disk_value) {
  if (status.IsNotFound()) return absl::NotFoundError("no such key");
  if (!status.ok()) return FromRocksDb(status, kReading);
  absl::StatusOr<format::Data> data = format::DecodeData(disk_value);
  if (!data.ok()) return data.status();
  return Entry{std::string(key), std::string(data->value), data->mod_revision};
}

// Reads the revision and places the iterator for the range; see Space.
absl::StatusOr<uint64_t> SeekRange(rocksdb::Iterator* it,
                                   const std::string& begin,
                                   const std::string& end, bool reverse) {
  const std::string revision_key = format::RevisionKey();
  it->Seek(revision_key);
  if (!it->status().ok()) return FromRocksDb(it->status(), kReading);
  if (!it->Valid() || it->key() != revision_key) {
    return absl::DataLossError("the data folder has lost its revision");
  }
  absl::StatusOr<uint64_t> revision = DecodeNumber(View(it->value()));
  if (!revision.ok()) return revision.status();
  if (!reverse) {
    it->Seek(begin);
  } else {
    it->SeekForPrev(end);
    // The end itself is outside; it may be the key of an entry.
    if (it->Valid() && View(it->key()) >= end) it->Prev();
  }
  return revision;
}

}  // namespace

absl::StatusOr<Entry> Get(rocksdb::DB* db, const rocksdb::ReadOptions& options,
                          absl::string_view key) {
  absl::Status status = CheckKey(key);
  if (!status.ok()) return status;
  rocksdb::PinnableSlice value;
  const rocksdb::Status got =
      db->Get(options, db->DefaultColumnFamily(), format::DataKey(key), &value);
  return MakeEntry(key, got, View(value));
}

std::vector<absl::StatusOr<Entry>> GetMany(
    rocksdb::DB* db, const rocksdb::ReadOptions& options,
    const std::vector<std::string>& keys) {
  std::vector<absl::StatusOr<Entry>> entries;
  entries.reserve(keys.size());
  absl::Status bad;
  if (keys.size() > kMaxGetManyKeys) {
    bad = absl::InvalidArgumentError(
        absl::StrCat("keys: must be at most ", kMaxGetManyKeys));
  }
  std::vector<std::string> disk_keys;
  std::vector<rocksdb::Slice> slices;
  disk_keys.reserve(keys.size());
  for (const std::string& key : keys) {
    disk_keys.push_back(format::DataKey(key));
    slices.emplace_back(disk_keys.back());
  }
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  if (bad.ok() && !keys.empty()) {
    // Of one column family, a MultiGet reads one state.
    db->MultiGet(options, db->DefaultColumnFamily(), slices.size(),
                 slices.data(), values.data(), statuses.data());
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::Status status = bad.ok() ? CheckKey(keys[i]) : bad;
    if (status.ok()) {
      entries.push_back(MakeEntry(keys[i], statuses[i], View(values[i])));
    } else {
      entries.push_back(std::move(status));
    }
  }
  return entries;
}

absl::StatusOr<RangeResult> Range(rocksdb::DB* db,
                                  const rocksdb::ReadOptions& options,
                                  absl::string_view begin,
                                  absl::string_view end,
                                  const RangeOptions& range) {
  absl::Status status = CheckRange(begin, end, range);
  if (!status.ok()) return status;
  const std::string first = format::DataKey(begin);
  const std::string last = end.empty() ? format::SpaceEnd(format::Space::kData)
                                       : format::DataKey(end);
  const rocksdb::Slice upper(last);
  rocksdb::ReadOptions read = options;
  read.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  absl::StatusOr<uint64_t> revision =
      SeekRange(it.get(), first, last, range.reverse);
  if (!revision.ok()) return revision.status();

  RangeResult result;
  result.revision = *revision;
  size_t bytes = 0;
  for (; it->Valid() && View(it->key()) >= first;
       range.reverse ? it->Prev() : it->Next()) {
    absl::StatusOr<absl::string_view> key =
        format::DecodeDataKey(View(it->key()));
    if (!key.ok()) return key.status();
    absl::StatusOr<format::Data> data = format::DecodeData(View(it->value()));
    if (!data.ok()) return data.status();
    const absl::string_view value =
        range.keys_only ? absl::string_view() : data->value;
    bytes += key->size() + value.size();
    if (result.entries.size() == range.limit ||
        (bytes > range.max_bytes && !result.entries.empty())) {
      result.more = true;
      break;
    }
    result.entries.push_back(
        {std::string(*key), std::string(value), data->mod_revision});
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), kReading);
  return result;
}

absl::StatusOr<uint64_t> Revision(rocksdb::DB* db,
                                  const rocksdb::ReadOptions& options) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status got = db->Get(options, db->DefaultColumnFamily(),
                                      format::RevisionKey(), &value);
  if (got.IsNotFound()) {
    return absl::DataLossError("the data folder has lost its revision");
  }
  if (!got.ok()) return FromRocksDb(got, kReading);
  return DecodeNumber(View(value));
}

}  // namespace keyward::kv::reader
