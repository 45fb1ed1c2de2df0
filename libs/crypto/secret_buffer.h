// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_SECRET_BUFFER_H_
#define KEYWARD_LIBS_CRYPTO_SECRET_BUFFER_H_

#include <cstddef>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/locked_arena.h"
#include "libs/crypto/wipe.h"  // IWYU pragma: export

namespace keyward::crypto {

// A key or a payload in memory: locked into RAM, left out of core dumps, and
// wiped when the buffer is destroyed, assigned to or shortened.
//
// It cannot be copied by accident, printed, logged or formatted. Reading it
// takes a call of ExposeSecret(), so that every place that looks at a secret
// can be found by that name.
//
// Not safe for concurrent use, except that several threads may read one.
class SecretBuffer {
 public:
  // The largest buffer: far above any secret or key (64 KiB), so that reaching
  // it is an error of this program and ends it, whoever sent the length.
  static constexpr size_t kMaxSize = size_t{16} << 20;

  // An empty buffer, which owns no memory.
  SecretBuffer() = default;

  // `size` bytes, all zero. Ends the process above kMaxSize and if the system
  // has no memory.
  explicit SecretBuffer(size_t size);

  // A copy of `bytes`, which stays where it is: wiping it is the caller's.
  static SecretBuffer CopyOf(absl::string_view bytes);

  // Takes the content of `*bytes`, which is wiped and left empty.
  static SecretBuffer TakeFrom(std::string* bytes);

  // The source is left empty.
  SecretBuffer(SecretBuffer&& other) noexcept;
  SecretBuffer& operator=(SecretBuffer&& other) noexcept;
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  ~SecretBuffer();

  // The length is no secret.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The content. The view is valid until the buffer is destroyed, moved from,
  // assigned to or shortened. Whatever it is copied into is the caller's to
  // wipe.
  absl::string_view ExposeSecret() const { return {block_.data, size_}; }

  // The content for writing, valid as long.
  absl::Span<char> MutableSecret() { return {block_.data, size_}; }

  // A second buffer with the same content.
  SecretBuffer Clone() const { return CopyOf(ExposeSecret()); }

  // Drops and wipes what lies beyond the first `size` bytes; does nothing if
  // there are no more than that.
  void Truncate(size_t size);

  // Whether the contents are the same, in time that depends on the lengths
  // alone (see ConstantTimeEquals).
  bool Equals(const SecretBuffer& other) const;
  bool Equals(absl::string_view other) const;

  // Secrets are not printable, not even by mistake in a log line or a test's
  // message.
  friend std::ostream& operator<<(std::ostream&, const SecretBuffer&) = delete;

 private:
  LockedArena::Block block_;
  size_t size_ = 0;
};

// How much of the memory for secrets is locked, for the start log and the
// operator status.
MemoryLockReport MemoryLockStatus();

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_SECRET_BUFFER_H_
