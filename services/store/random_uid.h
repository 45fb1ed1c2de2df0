// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_RANDOM_UID_H_
#define KEYWARD_SERVICES_STORE_RANDOM_UID_H_

#include <string>

#include "absl/status/statusor.h"
#include "libs/crypto/random.h"

namespace keyward::store {

// `size` random bytes that are no secret. Errors of `random`.
absl::StatusOr<std::string> RandomBytes(size_t size,
                                        crypto::RandomSource& random);

// A new uid: 128 random bits as 32 hexadecimal digits, never given twice.
// Errors of `random`.
absl::StatusOr<std::string> NewUid(crypto::RandomSource& random);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_RANDOM_UID_H_
