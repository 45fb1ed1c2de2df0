// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_SMALL_FILE_H_
#define KEYWARD_LIBS_KV_SMALL_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// The engine's own files beside RocksDB's, which hold a line.

// What `file` holds. NOT_FOUND if it does not exist; others as FromRocksDb.
absl::StatusOr<std::string> ReadSmallFile(const std::string& file,
                                          rocksdb::FileSystem* file_system);

// Makes `content` that of the file `name` in `folder`: durable on OK, as before
// on an error, and never half. A crash can leave `name`.tmp behind. Errors as
// FromRocksDb.
absl::Status ReplaceSmallFile(const std::string& folder, absl::string_view name,
                              absl::string_view content,
                              rocksdb::FileSystem* file_system);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_SMALL_FILE_H_
