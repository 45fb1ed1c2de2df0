// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/random_uid.h"

#include "absl/types/span.h"
#include "libs/base/hex.h"

namespace keyward::store {

absl::StatusOr<std::string> RandomBytes(size_t size,
                                        crypto::RandomSource& random) {
  std::string bytes(size, '\0');
  const absl::Status filled = random.Fill(absl::MakeSpan(&bytes[0], size));
  if (!filled.ok()) return filled;
  return bytes;
}

absl::StatusOr<std::string> NewUid(crypto::RandomSource& random) {
  const absl::StatusOr<std::string> bytes = RandomBytes(16, random);
  if (!bytes.ok()) return bytes;
  return HexEncode(*bytes);
}

}  // namespace keyward::store
