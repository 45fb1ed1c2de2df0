// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_SHA256_H_
#define KEYWARD_LIBS_CRYPTO_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "absl/strings/string_view.h"

namespace keyward::crypto {

// SHA-256 (FIPS 180-4). Hashing cannot fail: where OpenSSL cannot hash at
// all, the process ends.

inline constexpr size_t kSha256Size = 32;

// The 32 bytes of a digest.
using Sha256Digest = std::array<uint8_t, kSha256Size>;

// The digest's bytes as text that functions here take; valid as long as the
// digest.
inline absl::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// The digest of `bytes`. Reuses a context of the calling thread, so that
// hashing something small, such as a node of a Merkle tree, allocates nothing.
// Not for secrets: the context keeps up to 63 of the last bytes until the
// thread hashes again.
Sha256Digest Sha256(absl::string_view bytes);

// The digest of the concatenation of `parts`, without building it.
Sha256Digest Sha256(std::initializer_list<absl::string_view> parts);

// A digest of what comes in pieces. Safe for use by one thread at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  ~Sha256Hasher();

  // Appends `bytes` to what is hashed.
  void Update(absl::string_view bytes);

  // The digest of everything since construction or since the last Finish();
  // the hasher starts anew.
  Sha256Digest Finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_SHA256_H_
