// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/payload.h"

#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace keyward::fault {
namespace {

constexpr size_t kDigits = 16;
constexpr size_t kMaxFiller = 900;

// The same in every process, unlike absl::Hash: FNV-1a.
uint64_t SeedOf(absl::string_view secret, uint64_t value) {
  uint64_t seed = 14695981039346656037u ^ value;
  for (const char c : secret) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return seed;
}

}  // namespace

std::string PayloadOf(absl::string_view secret, uint64_t value) {
  std::mt19937_64 bytes(SeedOf(secret, value));
  std::string payload = absl::StrCat(absl::Hex(value, absl::kZeroPad16), " ");
  payload.resize(payload.size() + bytes() % kMaxFiller);
  for (size_t i = kDigits + 1; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(bytes());
  }
  return payload;
}

uint64_t ValueOf(absl::string_view secret, absl::string_view payload) {
  uint64_t value = 0;
  if (!absl::SimpleHexAtoi(payload.substr(0, kDigits), &value)) return 0;
  return payload == PayloadOf(secret, value) ? value : 0;
}

}  // namespace keyward::fault
