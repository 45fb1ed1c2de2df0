// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/newest_log.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/kv/format.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/small_file.h"

namespace keyward::kv {
namespace {

// Whether `name` is a log's whose number is at least `number`.
bool IsLogFrom(absl::string_view name, uint64_t number) {
  uint64_t found = 0;
  return absl::ConsumeSuffix(&name, ".log") && absl::SimpleAtoi(name, &found) &&
         found >= number;
}

}  // namespace

absl::Status CheckNewestLog(const std::string& path,
                            rocksdb::FileSystem* file_system) {
  const std::string file = absl::StrCat(path, "/", format::kNewestLogFile);
  const absl::StatusOr<std::string> content = ReadSmallFile(file, file_system);
  if (absl::IsNotFound(content.status())) return absl::OkStatus();
  if (!content.ok()) return content.status();
  const absl::StatusOr<uint64_t> number = format::DecodeNewestLog(*content);
  if (!number.ok()) {
    return absl::DataLossError(absl::StrCat(
        file, " is damaged; restore the data folder from a backup"));
  }
  // After the file: the log that it names goes only once there is another.
  std::vector<std::string> names;
  const absl::Status listed =
      FromRocksDb(file_system->GetChildren(path, {}, &names, nullptr),
                  absl::StrCat("list the data folder ", path));
  if (!listed.ok()) return listed;
  for (const std::string& name : names) {
    if (IsLogFrom(name, *number)) return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the data folder ", path, " has lost its newest log (number ", *number,
      " or later), and what was committed last with it; restore it from a "
      "backup"));
}

absl::Status NameNewestLog(const std::string& path,
                           rocksdb::FileSystem* file_system, uint64_t number) {
  return ReplaceSmallFile(path, format::kNewestLogFile,
                          format::EncodeNewestLog(number), file_system);
}

}  // namespace keyward::kv
