// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/small_file.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/kv/rocksdb_status.h"

namespace keyward::kv {

absl::StatusOr<std::string> ReadSmallFile(const std::string& file,
                                          rocksdb::FileSystem* file_system) {
  std::string content;
  const rocksdb::Status read =
      rocksdb::ReadFileToString(file_system, file, &content);
  if (read.IsNotFound() || read.IsPathNotFound()) {
    return absl::NotFoundError(absl::StrCat("there is no ", file));
  }
  if (!read.ok()) return FromRocksDb(read, absl::StrCat("read ", file));
  return content;
}

absl::Status ReplaceSmallFile(const std::string& folder, absl::string_view name,
                              absl::string_view content,
                              rocksdb::FileSystem* file_system) {
  const std::string file = absl::StrCat(folder, "/", name);
  const std::string draft = absl::StrCat(file, ".tmp");
  // First the content, then the name.
  rocksdb::IOStatus status = rocksdb::WriteStringToFile(
      file_system, rocksdb::Slice(content.data(), content.size()), draft,
      /*should_sync=*/true);
  if (status.ok()) status = file_system->RenameFile(draft, file, {}, nullptr);
  std::unique_ptr<rocksdb::FSDirectory> directory;
  if (status.ok()) {
    status = file_system->NewDirectory(folder, {}, &directory, nullptr);
  }
  if (status.ok()) status = directory->Fsync({}, nullptr);
  return FromRocksDb(status, absl::StrCat("write ", file));
}

}  // namespace keyward::kv
