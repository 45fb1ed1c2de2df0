// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_BUFFERED_RANDOM_H_
#define KEYWARD_LIBS_CRYPTO_BUFFERED_RANDOM_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/base/mutex.h"
#include "libs/crypto/random.h"

namespace keyward::crypto {

// Draws from another source for many at once, since a generator takes as long
// for 16 bytes as for hundreds.
//
// For identifiers, which are told once they are made. Not for keys and nonces:
// what has been drawn and not yet been given lies in memory, and whoever reads
// it there knows what comes. Bytes that were given are wiped.
//
// A child process does not get what its parent gets: the kernel zeroes the
// buffer in it (MADV_WIPEONFORK). Where it cannot, nothing is buffered.
//
// Thread-safe. The source outlives it.
class BufferedRandom final : public RandomSource {
 public:
  // How much is drawn at once.
  static constexpr size_t kDrawn = 2048;

  explicit BufferedRandom(RandomSource* source);
  BufferedRandom(const BufferedRandom&) = delete;
  BufferedRandom& operator=(const BufferedRandom&) = delete;
  // Wipes what was not given.
  ~BufferedRandom() override;

  // As the source. Of what is longer than an eighth of the buffer nothing comes
  // from it.
  absl::Status Fill(absl::Span<char> out) override;

 private:
  // A page of its own. In a child process all of it is zero.
  struct Buffer {
    size_t left;
    char bytes[kDrawn];
  };

  RandomSource* const source_;
  Mutex mu_;
  // Null if nothing is buffered.
  Buffer* const buffer_ ABSL_PT_GUARDED_BY(mu_);
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_BUFFERED_RANDOM_H_
