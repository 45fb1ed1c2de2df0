// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_REWRAP_H_
#define KEYWARD_SERVICES_STORE_REWRAP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/kv/kv.h"
#include "services/store/own_change.h"
#include "services/store/record_reader.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Moves data keys to the primary version of their key, a batch at a time, and
// destroys the versions of a key that wrap nothing any more. No payload is
// opened or changed: the data key is unwrapped and wrapped again.
//
// Blocks; one call at a time.
class Rewrap {
 public:
  // Three operations for each data key of a transaction's 120.
  static constexpr size_t kMaxBatch = 32;
  // A version's record holds its ciphertext, and a transaction 1.25 MiB.
  static constexpr size_t kMaxBatchBytes = size_t{1} << 20;

  // All must outlive this.
  Rewrap(const StoreParts* parts, OwnChanges* own) : parts_(parts), own_(own) {}

  // One batch of one key, or one retired version, or nothing. Answers whether
  // something was done: more may be left.
  absl::StatusOr<bool> RunOnce(absl::Time deadline);

 private:
  using KeyRecord = keyward::internal::store::v1::KeyRecord;

  absl::StatusOr<bool> RunKey(const std::string& marker,
                              const std::string& key_place,
                              absl::Time deadline);
  absl::Status MoveBatch(const Loaded<KeyRecord>& key, int64_t version,
                         std::vector<kv::Entry> batch, absl::Time deadline);
  absl::Status Retire(const std::string& marker, const Loaded<KeyRecord>& key,
                      int64_t version, absl::Time deadline);

  const StoreParts* const parts_;
  OwnChanges* const own_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_REWRAP_H_
