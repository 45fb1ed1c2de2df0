// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CHECKPOINT_SIZE_H_
#define KEYWARD_SERVICES_STORE_CHECKPOINT_SIZE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::store {

// A checkpoint has three short lines and a few signatures.
inline constexpr size_t kMaxCheckpointBytes = 4096;

// The tree size that `note`, a C2SP checkpoint (origin, size, root hash, an
// empty line, signatures), speaks of. INVALID_ARGUMENT if it is none. The
// signature is not checked: the store keeps for audit what audit's gateway
// handed it, and audit checks.
absl::StatusOr<uint64_t> CheckpointSize(absl::string_view note);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CHECKPOINT_SIZE_H_
