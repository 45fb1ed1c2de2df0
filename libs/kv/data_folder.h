// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_DATA_FOLDER_H_
#define KEYWARD_LIBS_KV_DATA_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// Exclusive use of one data folder by this process, until destroyed.
//
// Looks at everything that should stop a start before RocksDB touches a file:
// RocksDB repairs and upgrades what it opens, so the wrong folder, or one of a
// newer Keyward, must not get that far.
class DataFolder {
 public:
  // Claims the folder `path`, which is made (mode 0700) if it is missing.
  // Errors say what to do:
  //   FAILED_PRECONDITION  another process has it; others may enter it; it
  //                        holds something else than Keyward's data; it is of
  //                        a newer version
  //   DATA_LOSS            the marker file or RocksDB's CURRENT is damaged or
  //                        gone
  //   UNAVAILABLE          it cannot be read or written
  // Modes are looked at only where `file_system` is RocksDB's default one.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Claim(
      std::string path, std::shared_ptr<rocksdb::FileSystem> file_system);

  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  // The folder has no database yet, so one is to be made.
  bool empty() const { return empty_; }

 private:
  DataFolder(std::string path, std::shared_ptr<rocksdb::FileSystem> file_system,
             rocksdb::FileLock* lock)
      : path_(std::move(path)),
        file_system_(std::move(file_system)),
        lock_(lock) {}

  const std::string path_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  rocksdb::FileLock* const lock_;
  bool empty_ = false;
};

// OK if `path` holds a database of a version that this program reads; does not
// write or lock anything. Errors as DataFolder::Claim; NOT_FOUND if there is
// no folder.
absl::Status CheckReadableFolder(const std::string& path,
                                 rocksdb::FileSystem* file_system);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_DATA_FOLDER_H_
