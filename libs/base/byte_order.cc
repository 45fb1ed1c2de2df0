// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/byte_order.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace keyward {
namespace {

template <typename Integer>
void Put(std::string* out, Integer value) {
  char bytes[sizeof(Integer)];
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[i] = static_cast<char>(value >> (8 * (sizeof(Integer) - 1 - i)));
  }
  out->append(bytes, sizeof(Integer));
}

template <typename Integer>
absl::StatusOr<Integer> Take(absl::string_view* in) {
  absl::StatusOr<absl::string_view> bytes = TakeBytes(in, sizeof(Integer));
  if (!bytes.ok()) return bytes.status();
  Integer value = 0;
  for (const char byte : *bytes) {
    value = static_cast<Integer>((value << 8) | static_cast<uint8_t>(byte));
  }
  return value;
}

}  // namespace

void PutBigEndian16(std::string* out, uint16_t value) { Put(out, value); }
void PutBigEndian32(std::string* out, uint32_t value) { Put(out, value); }
void PutBigEndian64(std::string* out, uint64_t value) { Put(out, value); }

std::string BigEndian64(uint64_t value) {
  std::string out;
  Put(&out, value);
  return out;
}

absl::StatusOr<uint16_t> TakeBigEndian16(absl::string_view* in) {
  return Take<uint16_t>(in);
}
absl::StatusOr<uint32_t> TakeBigEndian32(absl::string_view* in) {
  return Take<uint32_t>(in);
}
absl::StatusOr<uint64_t> TakeBigEndian64(absl::string_view* in) {
  return Take<uint64_t>(in);
}

absl::StatusOr<absl::string_view> TakeBytes(absl::string_view* in,
                                            uint64_t count) {
  if (in->size() < count) {
    return absl::DataLossError(absl::StrCat(
        "truncated: ", count, " bytes needed, ", in->size(), " left"));
  }
  const absl::string_view bytes = in->substr(0, count);
  in->remove_prefix(count);
  return bytes;
}

}  // namespace keyward
