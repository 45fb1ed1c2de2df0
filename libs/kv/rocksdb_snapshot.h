// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_ROCKSDB_SNAPSHOT_H_
#define KEYWARD_LIBS_KV_ROCKSDB_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/kv.h"
#include "libs/kv/snapshot_set.h"

namespace keyward::kv {

// A Snapshot over a RocksDB snapshot. Thread-safe; calls wait for each other.
class RocksDbSnapshot final : public Snapshot {
 public:
  explicit RocksDbSnapshot(std::shared_ptr<SnapshotPin> pin)
      : pin_(std::move(pin)) {}
  ~RocksDbSnapshot() override { pin_->End(); }

  absl::StatusOr<Entry> Get(absl::string_view key) const override;
  std::vector<absl::StatusOr<Entry>> GetMany(
      const std::vector<std::string>& keys) const override;
  absl::StatusOr<RangeResult> Range(absl::string_view begin,
                                    absl::string_view end,
                                    const RangeOptions& options) const override;
  absl::StatusOr<uint64_t> Revision() const override;

 private:
  const std::shared_ptr<SnapshotPin> pin_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ROCKSDB_SNAPSHOT_H_
