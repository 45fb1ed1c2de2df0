// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The log format of RocksDB (and LevelDB): blocks of 32 KiB, in each records
// one after the other, none across a block's end. A record is
//
//   4 bytes  masked CRC-32C of the type and the data, little-endian
//   2 bytes  length of the data, little-endian
//   1 byte   type: FULL 1, or FIRST 2, MIDDLE 3 ..., LAST 4
//   data
//
// A block's last bytes, fewer than a header, are zero.

#include "libs/kv/log_check.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/kv/rocksdb_status.h"

namespace keyward::kv {
namespace {

constexpr size_t kBlock = 32768;
constexpr size_t kHeader = 7;
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

uint8_t ByteAt(absl::string_view log, size_t at) {
  return static_cast<uint8_t>(log[at]);
}

uint32_t StoredCrc(absl::string_view log, size_t at) {
  return ByteAt(log, at) | ByteAt(log, at + 1) << 8 |
         ByteAt(log, at + 2) << 16 |
         static_cast<uint32_t>(ByteAt(log, at + 3)) << 24;
}

// CRC-32C of the type and the data, masked as the log stores it.
uint32_t ActualCrc(absl::string_view type_and_data) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(type_and_data.data(), type_and_data.size());
  const uint32_t sum = crc.checksum();
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
}

// Whether a record with `length` bytes of data lies intact at `at`.
bool IntactWithLength(absl::string_view log, size_t at, size_t length) {
  const uint8_t type = ByteAt(log, at + 6);
  if (type < kFull || type > kLast) return false;
  return StoredCrc(log, at) == ActualCrc(log.substr(at + 6, length + 1));
}

// Where the record at `at` would end at the latest.
size_t Limit(absl::string_view log, size_t at) {
  return std::min(log.size(), (at / kBlock + 1) * kBlock);
}

// The length of the data of the intact record at `at`, or npos.
size_t IntactLength(absl::string_view log, size_t at) {
  if (at + kHeader > Limit(log, at)) return absl::string_view::npos;
  const size_t length = ByteAt(log, at + 4) | ByteAt(log, at + 5) << 8;
  if (at + kHeader + length > Limit(log, at)) return absl::string_view::npos;
  return IntactWithLength(log, at, length) ? length : absl::string_view::npos;
}

// The place of the first record that is not intact; the size of the log if
// all are.
size_t FirstBroken(absl::string_view log) {
  size_t at = 0;
  while (at < log.size()) {
    const size_t limit = Limit(log, at);
    if (at + kHeader > limit && limit % kBlock == 0) {
      at = limit;  // the block's padding
      continue;
    }
    const size_t length = IntactLength(log, at);
    if (length == absl::string_view::npos) return at;
    at += kHeader + length;
  }
  return at;
}

// Whether an intact record begins anywhere after `at`. Every place is tried:
// a wrong length says nothing about where the next record is.
bool RecordBeginsAfter(absl::string_view log, size_t at) {
  for (size_t place = at + 1; place + kHeader <= log.size(); ++place) {
    const uint8_t type = ByteAt(log, place + 6);
    if (type != kFull && type != kFirst) continue;
    if (IntactLength(log, place) != absl::string_view::npos) return true;
  }
  return false;
}

absl::Status CheckFile(const std::string& file,
                       rocksdb::FileSystem* file_system) {
  // Beside a writer it may just have been deleted, being needed no more.
  if (file_system->FileExists(file, {}, nullptr).IsNotFound()) {
    return absl::OkStatus();
  }
  std::string content;
  const rocksdb::Status read =
      rocksdb::ReadFileToString(file_system, file, &content);
  if (read.IsNotFound() || read.IsPathNotFound()) return absl::OkStatus();
  if (!read.ok()) return FromRocksDb(read, "read " + file);
  absl::Status checked = CheckLog(content);
  if (checked.ok()) return checked;
  return absl::DataLossError(
      absl::StrCat("the file ", file, " ", checked.message()));
}

}  // namespace

absl::Status CheckLog(absl::string_view log) {
  const size_t broken = FirstBroken(log);
  if (broken == log.size()) return absl::OkStatus();
  const size_t limit = Limit(log, broken);
  const bool only_length_broken =
      broken + kHeader <= limit &&
      IntactWithLength(log, broken, limit - broken - kHeader);
  if (only_length_broken || RecordBeginsAfter(log, broken)) {
    return absl::DataLossError(
        absl::StrCat("is damaged at byte ", broken,
                     "; restore the data folder from a backup"));
  }
  return absl::OkStatus();
}

absl::Status CheckLogs(const std::string& path,
                       rocksdb::FileSystem* file_system) {
  std::vector<std::string> names;
  absl::Status status =
      FromRocksDb(file_system->GetChildren(path, {}, &names, nullptr),
                  absl::StrCat("list the data folder ", path));
  if (!status.ok()) return status;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log")) continue;
    status = CheckFile(absl::StrCat(path, "/", name), file_system);
    if (!status.ok()) return status;
  }
  // Others than the current list are left from an attempt to replace it.
  std::string current;
  if (!rocksdb::ReadFileToString(file_system, path + "/CURRENT", &current)
           .ok()) {
    return absl::OkStatus();  // a new folder; or RocksDB says what is wrong
  }
  absl::string_view manifest = current;
  absl::ConsumeSuffix(&manifest, "\n");
  return CheckFile(absl::StrCat(path, "/", manifest), file_system);
}

}  // namespace keyward::kv
