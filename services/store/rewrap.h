// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_REWRAP_H_
#define KEYWARD_SERVICES_STORE_REWRAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "services/store/own_change.h"
#include "services/store/record_reader.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Moves data keys to the primary version of their key, a batch at a time, and
// destroys the versions of a key that wrap nothing any more. No payload is
// opened or changed: the data key is unwrapped and wrapped again.
//
// A data key that does not open stays where it is, counted in the key's
// rewrap_remaining, and holds up no other. Since it could never be opened
// again without it, the version that wraps it is not destroyed.
//
// Blocks; one call at a time.
class Rewrap {
 public:
  // Three operations for each data key of a transaction's 120.
  static constexpr size_t kMaxBatch = 32;
  // A version's record holds its ciphertext, and a transaction 1.25 MiB.
  static constexpr size_t kMaxBatchBytes = size_t{1} << 20;
  // How long a key version is left alone after what was wrong with it was
  // reported: for its damage to be seen in the log, and no more often, and for
  // a repaired one to be noticed. A rotation of the key begins anew at once.
  static constexpr absl::Duration kRetryAfter = absl::Hours(1);

  // All must outlive this.
  Rewrap(const StoreParts* parts, OwnChanges* own) : parts_(parts), own_(own) {}

  // One batch or one retired version of some keys, or nothing. Answers whether
  // something was done: more may be left. DATA_LOSS, once every kRetryAfter,
  // if data keys of a version do not open; the message says how many and where
  // the first is.
  absl::StatusOr<bool> RunOnce(SteadyTime deadline);

 private:
  using KeyRecord = keyward::internal::store::v1::KeyRecord;

  // How far one version of a key has come.
  struct Progress {
    // What the key's data keys are moved to.
    int64_t primary_version = 0;
    // Where in the wrap index the present pass goes on; empty: at its begin.
    std::string next;
    // What the present pass found damaged.
    size_t damaged = 0;
    std::string first_damaged;
    SteadyTime again = SteadyTime::InfinitePast();
  };

  absl::StatusOr<bool> RunKey(const std::string& marker,
                              const std::string& key_place,
                              SteadyTime deadline);
  absl::StatusOr<bool> RunVersion(const std::string& marker,
                                  const Loaded<KeyRecord>& key, int64_t version,
                                  Progress* progress, SteadyTime deadline);
  absl::Status MoveBatch(const Loaded<KeyRecord>& key, int64_t version,
                         const std::vector<kv::Entry>& batch,
                         SteadyTime deadline);
  absl::Status Retire(const std::string& marker, const Loaded<KeyRecord>& key,
                      int64_t version, SteadyTime deadline);

  const StoreParts* const parts_;
  OwnChanges* const own_;
  // By the key's uid and the version; of versions with data keys to move.
  std::map<std::pair<std::string, int64_t>, Progress> progress_;
  // Where the next run goes on with the keys: they take turns.
  std::string next_marker_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_REWRAP_H_
