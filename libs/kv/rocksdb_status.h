// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_ROCKSDB_STATUS_H_
#define KEYWARD_LIBS_KV_ROCKSDB_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/status.h"

namespace keyward::kv {

// `status` as ours, by what a caller can do about it: NOT_FOUND; DATA_LOSS for
// corruption; RESOURCE_EXHAUSTED for a full disk, the one failure of a write
// after which what is stored is as good as before; UNAVAILABLE for other input
// and output that may work again; INTERNAL for what a correct program does not
// see. `doing` says what failed ("open the database"). Names of files are kept,
// contents are never in there.
absl::Status FromRocksDb(const rocksdb::Status& status,
                         absl::string_view doing);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ROCKSDB_STATUS_H_
