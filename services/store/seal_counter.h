// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SEAL_COUNTER_H_
#define KEYWARD_SERVICES_STORE_SEAL_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "libs/base/mutex.h"
#include "libs/crypto/aead.h"
#include "libs/kv/kv.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/change.h"

namespace keyward::store {

// Counts what each version of each key-encryption key has sealed, across
// restarts, so that none seals more often than crypto::kMaxSealsPerKey: beyond
// it two boxes with the same random nonce become likely, and such a pair gives
// away what GCM protects (P5).
//
// The count is reserved in blocks. Whoever seals first in a block writes the
// reservation in the transaction that its box goes in, and the rest of the
// block is then counted in memory alone; what a block has left when the process
// ends is lost to the key. So the stored number is never below the truth, and
// one seal in tens of thousands writes one record more.
//
// A version that has used half of its bound is marked for maintenance to
// rotate the key (due_rotations.h); one that has used all of it seals no more.
//
// Thread-safe.
class SealCounter {
 public:
  // A sync each 65,536 seals; 65,536 restarts of the service use up a key.
  static constexpr uint64_t kBlock = uint64_t{1} << 16;
  // The most seals of one plan. As much of each block, or more if more was
  // used, is not handed out: it pays for the plan that reserved the block and
  // for the boxes of plans that were made in vain beside it. Those are as many
  // as are planned at once when a block ends, since one alone can reserve the
  // next.
  static constexpr uint64_t kMaxPerPlan = 256;
  static constexpr uint64_t kRotateAt = crypto::kMaxSealsPerKey / 2;
  // How many key versions are counted in memory. Above it all are dropped with
  // what is left of their blocks.
  static constexpr size_t kMaxTracked = size_t{1} << 16;

  // `reader` outlives this. `session` is the writer session of this process:
  // a number that no other has or had.
  SealCounter(const kv::KeyValueReader* reader, uint64_t session)
      : reader_(reader), session_(session) {}

  // Counts `seals` (1 to kMaxPerPlan) boxes that `plan` is about to make under
  // the primary version of `key`. The plan must rest on `key` being unchanged,
  // and fail as a whole if it fails. RESOURCE_EXHAUSTED with the reason
  // QUOTA_EXCEEDED if the version may seal no more: the message says to rotate
  // the key. Errors of reading.
  absl::Status Count(const keyward::internal::store::v1::KeyRecord& key,
                     uint64_t seals, ChangePlan* plan);

 private:
  struct Use {
    // What is left of the block that is counted here.
    uint64_t left = 0;
    // The number that was stored with that block.
    uint64_t reserved = 0;
    // Boxes of plans that were to reserve the next block, to be paid from it.
    uint64_t owed = 0;
  };
  struct Stored {
    keyward::internal::store::v1::SealCountRecord record;
    uint64_t revision = 0;
  };

  bool Take(const std::string& place, uint64_t seals);
  bool TakeOfNewBlock(const std::string& place, uint64_t seals,
                      const Stored& stored);
  void Owe(const std::string& place, uint64_t seals);
  absl::StatusOr<Stored> Load(const std::string& place) const;
  absl::Status Reserve(const keyward::internal::store::v1::KeyRecord& key,
                       const std::string& place, const Stored& stored,
                       ChangePlan* plan);

  const kv::KeyValueReader* const reader_;
  const uint64_t session_;

  Mutex mu_;
  // Which memory a reservation belongs to: one that was dropped must not be
  // found again as this process's own.
  uint64_t epoch_ ABSL_GUARDED_BY(mu_) = 1;
  // By the place of the count.
  absl::flat_hash_map<std::string, Use> uses_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SEAL_COUNTER_H_
