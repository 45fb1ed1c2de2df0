// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_LOG_CHECK_H_
#define KEYWARD_LIBS_KV_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// Tells a write-ahead log that was cut by a loss of power from one that is
// damaged. RocksDB takes a record whose length reaches past the end of the
// file for the torn tail and replays nothing from there on: one bit flipped in
// a length, and every commit after it is gone without a word.
//
// Since each commit is synced before the next one is written, at most the last
// record can be torn. So it is damage if, after the place where reading stops,
// there is the beginning of another intact record; or if the record there is
// whole but for its length.
//
// DATA_LOSS if `log`, the content of a log file, is damaged in that way; OK if
// it is intact, torn, or damaged so that RocksDB itself refuses it (a checksum
// that does not match).
absl::Status CheckLog(absl::string_view log);

// CheckLog of every log file in the folder `path`, and of the list of tables
// (MANIFEST), which has the same format and the same weakness. The error names
// the file. UNAVAILABLE if one cannot be read; a file that is missing is
// RocksDB's to notice.
absl::Status CheckLogs(const std::string& path,
                       rocksdb::FileSystem* file_system);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_LOG_CHECK_H_
