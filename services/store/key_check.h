// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_KEY_CHECK_H_
#define KEYWARD_SERVICES_STORE_KEY_CHECK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/kv/kv.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Looks whether the stored material of every key version that still wraps
// something opens, a batch of keys at a time. A key that was opened since the
// start is remembered (key_ring.h), so that without this its damage would be
// seen by nobody before the next start, when it is too late to rotate away
// from it.
//
// RunOnce blocks, one call at a time; damaged() may be called at any time.
class KeyCheck {
 public:
  // Keys that are looked at in one run.
  static constexpr size_t kBatch = 50;
  // How long all are left alone after a pass over them.
  static constexpr absl::Duration kPeriod = absl::Hours(1);

  // `parts` outlives this.
  explicit KeyCheck(const StoreParts* parts) : parts_(parts) {}

  // Goes on with the pass, or begins one that is due. Answers whether more of
  // it is left. DATA_LOSS at the end of a pass that found damage: how many
  // versions, and the first. Errors of reading and of the seal end the pass; it
  // begins anew.
  absl::StatusOr<bool> RunOnce();

  // How many versions the last whole pass found damaged; a record of a key
  // that cannot be read counts as one. Absent before there was a pass.
  absl::optional<int64_t> damaged() const;

 private:
  // What a pass has found so far.
  struct Pass {
    std::string next;  // Where it goes on; empty: at the beginning.
    int64_t damaged = 0;
    std::string first;
  };

  absl::Status Look(const kv::Entry& entry);
  absl::StatusOr<bool> LookAtBatch();

  const StoreParts* const parts_;
  Pass pass_;
  absl::Time due_ = absl::InfinitePast();
  // -1: absent.
  std::atomic<int64_t> damaged_{-1};
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_KEY_CHECK_H_
