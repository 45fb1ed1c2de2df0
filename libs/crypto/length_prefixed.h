// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_LENGTH_PREFIXED_H_
#define KEYWARD_LIBS_CRYPTO_LENGTH_PREFIXED_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace keyward::crypto {

// Builds what is authenticated but not encrypted: a sequence of parts, each
// preceded by its length as 4 bytes, big-endian. Without lengths, ("ab", "c")
// and ("a", "bc") would be the same bytes, and a ciphertext of one would open
// as the other. Begin each sequence with a part that says what it is, so that
// two uses of one key never meet.
//
// A value type; safe for use by one thread at a time.
class LengthPrefixed {
 public:
  LengthPrefixed() { bytes_.reserve(kUsualBytes); }

  // Appends a part of at most 2^32-1 bytes; a longer one, which nothing here
  // can be, ends the process.
  LengthPrefixed& Add(absl::string_view part);

  // Appends the part of the 8 bytes of `number`, big-endian.
  LengthPrefixed& AddNumber(uint64_t number);

  // What was built so far.
  const std::string& bytes() const& { return bytes_; }
  std::string bytes() && { return std::move(bytes_); }

 private:
  // What most sequences fit into, so that they are not copied as they grow.
  static constexpr size_t kUsualBytes = 256;

  std::string bytes_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_LENGTH_PREFIXED_H_
