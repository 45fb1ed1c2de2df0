// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/length_prefixed.h"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "absl/strings/string_view.h"
#include "libs/base/byte_order.h"

namespace keyward::crypto {

LengthPrefixed& LengthPrefixed::Add(absl::string_view part) {
  if (part.size() > std::numeric_limits<uint32_t>::max()) std::abort();
  PutBigEndian32(&bytes_, static_cast<uint32_t>(part.size()));
  bytes_.append(part.data(), part.size());
  return *this;
}

LengthPrefixed& LengthPrefixed::AddNumber(uint64_t number) {
  return Add(BigEndian64(number));
}

}  // namespace keyward::crypto
