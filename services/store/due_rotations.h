// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_DUE_ROTATIONS_H_
#define KEYWARD_SERVICES_STORE_DUE_ROTATIONS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "services/store/own_change.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Rotates the keys that have sealed so often that they are marked for it
// (seal_counter.h), on record. Nobody need remember to, and the old version
// still has half of its seals left for the time that this takes.
//
// Blocks; one call at a time.
class DueRotations {
 public:
  static constexpr size_t kBatch = 50;

  // All must outlive this.
  DueRotations(const StoreParts* parts, OwnChanges* own)
      : parts_(parts), own_(own) {}

  // Rotates what is marked, up to kBatch keys. Answers whether something was
  // done: more may be left.
  absl::StatusOr<bool> RunOnce(SteadyTime deadline);

 private:
  absl::Status RotateOne(const kv::Entry& marker, SteadyTime deadline);

  const StoreParts* const parts_;
  OwnChanges* const own_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_DUE_ROTATIONS_H_
