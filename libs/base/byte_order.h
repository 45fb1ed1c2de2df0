// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_BYTE_ORDER_H_
#define KEYWARD_LIBS_BASE_BYTE_ORDER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward {

// Integers as big-endian bytes, the order of every format of Keyward: keys
// then sort as their numbers do. Pure functions, safe for concurrent use.

// Append the 2, 4 or 8 bytes of `value` to `*out`.
void PutBigEndian16(std::string* out, uint16_t value);
void PutBigEndian32(std::string* out, uint32_t value);
void PutBigEndian64(std::string* out, uint64_t value);

// The 8 bytes of `value` as a string of their own, for keys.
std::string BigEndian64(uint64_t value);

// Read 2, 4 or 8 bytes from the front of `*in` and drop them from it, so that
// a parser is a sequence of these calls. DATA_LOSS, with `*in` unchanged, if
// fewer bytes are left; the message says how many, never which.
absl::StatusOr<uint16_t> TakeBigEndian16(absl::string_view* in);
absl::StatusOr<uint32_t> TakeBigEndian32(absl::string_view* in);
absl::StatusOr<uint64_t> TakeBigEndian64(absl::string_view* in);

// Reads the first `count` bytes of `*in` and drops them from it; the result
// points into what `*in` pointed to. DATA_LOSS, with `*in` unchanged, if
// fewer bytes are left.
absl::StatusOr<absl::string_view> TakeBytes(absl::string_view* in,
                                            uint64_t count);

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_BYTE_ORDER_H_
