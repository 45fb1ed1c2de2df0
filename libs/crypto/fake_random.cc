// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/fake_random.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/mutex.h"

namespace keyward::crypto {
namespace {

// SplitMix64, a generator of eight lines with good statistics and no secrecy.
uint64_t Next(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

absl::Status FakeRandom::Fill(absl::Span<char> out) {
  MutexLock l(&mu_);
  if (!failure_.ok()) return failure_;
  const size_t queued = std::min(queued_.size(), out.size());
  std::copy_n(queued_.begin(), queued, out.begin());
  queued_.erase(0, queued);
  for (char& c : out.subspan(queued)) c = static_cast<char>(Next(&state_));
  return absl::OkStatus();
}

void FakeRandom::Queue(absl::string_view bytes) {
  MutexLock l(&mu_);
  queued_.append(bytes.data(), bytes.size());
}

void FakeRandom::FailWith(absl::Status status) {
  MutexLock l(&mu_);
  failure_ = std::move(status);
}

}  // namespace keyward::crypto
