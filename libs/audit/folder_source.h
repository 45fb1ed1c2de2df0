// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_FOLDER_SOURCE_H_
#define KEYWARD_LIBS_AUDIT_FOLDER_SOURCE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/audit/block_summary.h"
#include "libs/audit/leaf_source.h"
#include "libs/audit/log_reader.h"
#include "libs/kv/kv.h"

namespace keyward::audit {

// The log of a data folder, to be verified; through a view that stands still,
// such as kv::OpenRocksDbReadOnly gives beside a running server.
class FolderSource final : public LeafSource {
 public:
  // `store` is not owned and outlives the source.
  explicit FolderSource(const kv::KeyValueReader* store)
      : store_(store), reader_(store) {}

  absl::StatusOr<LeafChunk> Next() override;
  absl::Status CheckTile(const Tile& tile) override;
  absl::Status CheckTotals(const LogTotals& totals) override;
  std::string own_checkpoint() const override { return ""; }

 private:
  // The index in progress: what the store keeps of the block that is being
  // read, if it does, and what the leaves so far say.
  struct IndexBlock {
    std::string stored;
    BlockSummary made;
  };

  absl::Status FillPage();
  // Compares the index with `leaves`, which begin at next_index_. A summary
  // that lacks a name hides entries from queries as well as a lost leaf would.
  absl::Status CheckIndex(const std::vector<std::string>& leaves);
  absl::Status BeginIndexBlock(uint64_t block);
  absl::Status EndIndexBlock(uint64_t block);
  absl::Status CheckOpenIntents(const LogTotals& totals);
  absl::Status CheckNumberOfKeys(absl::string_view prefix, uint64_t expected,
                                 absl::string_view what);

  const kv::KeyValueReader* const store_;
  const LogReader reader_;
  // Batches that were read and not given out yet.
  std::deque<kv::Entry> page_;
  std::string next_key_ = kBatchPrefix;
  bool more_ = true;
  uint64_t next_index_ = 0;
  uint64_t tiles_ = 0;
  uint64_t closed_ = 0;
  absl::optional<IndexBlock> index_block_;
  uint64_t summaries_ = 0;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_FOLDER_SOURCE_H_
