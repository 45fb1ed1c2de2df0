// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_BLOCK_INDEX_H_
#define KEYWARD_SERVICES_AUDIT_BLOCK_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/audit/block_summary.h"
#include "libs/audit/log_reader.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"

namespace keyward::audit_service {

// The stored form of the summary of `block` (FORMAT.md). Errors of the MAC.
absl::StatusOr<std::string> SealSummary(const crypto::SecretBuffer& key,
                                        uint64_t block,
                                        const audit::BlockSummary& summary);

// The summary of `block` that SealSummary made with `key`; DATA_LOSS for
// anything else.
absl::StatusOr<audit::BlockSummary> OpenSummary(const crypto::SecretBuffer& key,
                                                uint64_t block,
                                                absl::string_view value);

// The index of the log by time, resource and principal: one summary for each
// full block of 256 leaves, and a mark that says how many there are. It is
// derived: built behind the log, in transactions of its own, and never needed
// for an answer to be right. Where a summary is missing or damaged the query
// reads the block, and the summary is built again.
//
// Whoever can write to the disk could empty a summary, and with it hide what is
// in the block from every query while the log itself stays whole. So a summary
// is stored with an authenticator, under a key that is derived from the log's,
// over it and its block; one that has none of this key's is damaged.
//
// Thread-safe; Build is called by one thread at a time. The arguments of the
// constructor outlive it.
class BlockIndex {
 public:
  // Blocks that one call of Build reads at most, and one of its transactions
  // writes: 64 summaries of at most 4 KiB.
  static constexpr size_t kBuildBlocks = 64;
  // Summaries that one call of Read returns.
  static constexpr size_t kReadBlocks = 256;

  // `key` is audit::LogKey::index_key.
  BlockIndex(kv::KeyValueStore* store, const audit::LogReader* reader,
             const crypto::SecretBuffer* key, const Clock* clock)
      : store_(store), reader_(reader), key_(key), clock_(clock) {}

  // Indexes up to kBuildBlocks full blocks of a log with `log_size` leaves that
  // are not yet. True if some are left. Blocks for several reads and a commit.
  // Errors of the store; UNAVAILABLE if the commit was not answered. Call again
  // after any of them.
  absl::StatusOr<bool> Build(uint64_t log_size);

  // The summaries of blocks [first, first + count), count at most kReadBlocks;
  // absent where there is none.
  absl::StatusOr<std::vector<absl::optional<audit::BlockSummary>>> Read(
      uint64_t first, size_t count);

 private:
  struct Mark {
    uint64_t blocks = 0;        // Those below are indexed.
    uint64_t mod_revision = 0;  // 0 if there is no mark.
  };

  absl::StatusOr<Mark> ReadMark() const;
  absl::StatusOr<audit::BlockSummary> Summarize(uint64_t block) const;
  absl::Status Commit(kv::Transaction txn);

  kv::KeyValueStore* const store_;
  const audit::LogReader* const reader_;
  const crypto::SecretBuffer* const key_;
  const Clock* const clock_;

  std::unique_ptr<kv::WriterSession> session_;  // Build's alone.

  Mutex mu_;
  // The least block whose summary was missed below the mark.
  absl::optional<uint64_t> missed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_BLOCK_INDEX_H_
