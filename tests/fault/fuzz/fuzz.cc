// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace keyward::fuzz {

void Fail(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
  std::abort();
}

uint8_t Choices::Byte() {
  if (rest_.empty()) return 0;
  const auto byte = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

size_t Choices::Below(size_t bound) {
  size_t number = Byte();
  if (bound > 256) number = number << 8 | Byte();
  return number % bound;
}

absl::string_view Choices::Bytes(size_t count) {
  const absl::string_view bytes = rest_.substr(0, count);
  rest_.remove_prefix(std::min(count, rest_.size()));
  return bytes;
}

}  // namespace keyward::fuzz
