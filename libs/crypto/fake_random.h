// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_FAKE_RANDOM_H_
#define KEYWARD_LIBS_CRYPTO_FAKE_RANDOM_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/mutex.h"
#include "libs/crypto/random.h"

namespace keyward::crypto {

// "Random" bytes that a test can predict: the same seed gives the same bytes,
// in every run, and anyone can compute them. Safe for concurrent use.
class FakeRandom final : public RandomSource {
 public:
  explicit FakeRandom(uint64_t seed = 1) : state_(seed) {}

  absl::Status Fill(absl::Span<char> out) override;

  // The next bytes are `bytes`, before the sequence goes on: for published
  // test vectors, and for what a broken generator would give.
  void Queue(absl::string_view bytes);

  // All calls from now on return `status`; OK ends that.
  void FailWith(absl::Status status);

 private:
  Mutex mu_;
  uint64_t state_ ABSL_GUARDED_BY(mu_);
  std::string queued_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_FAKE_RANDOM_H_
