// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/secret_buffer.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "libs/crypto/constant_time.h"
#include "libs/crypto/locked_arena.h"
#include "libs/crypto/wipe.h"

namespace keyward::crypto {

SecretBuffer::SecretBuffer(size_t size) : size_(size) {
  if (size > kMaxSize) {
    std::fputs("keyward: a secret of impossible size\n", stderr);
    std::abort();
  }
  if (size != 0) block_ = LockedArena::Process().Allocate(size);
}

SecretBuffer SecretBuffer::CopyOf(absl::string_view bytes) {
  SecretBuffer buffer(bytes.size());
  if (!bytes.empty()) {
    std::memcpy(buffer.block_.data, bytes.data(), bytes.size());
  }
  return buffer;
}

SecretBuffer SecretBuffer::TakeFrom(std::string* bytes) {
  SecretBuffer buffer = CopyOf(*bytes);
  WipeString(bytes);
  return buffer;
}

SecretBuffer::SecretBuffer(SecretBuffer&& other) noexcept
    : block_(std::exchange(other.block_, {})),
      size_(std::exchange(other.size_, 0)) {}

SecretBuffer& SecretBuffer::operator=(SecretBuffer&& other) noexcept {
  if (this == &other) return *this;
  LockedArena::Process().Free(block_);
  block_ = std::exchange(other.block_, {});
  size_ = std::exchange(other.size_, 0);
  return *this;
}

SecretBuffer::~SecretBuffer() { LockedArena::Process().Free(block_); }

void SecretBuffer::Truncate(size_t size) {
  if (size >= size_) return;
  WipeBytes(block_.data + size, size_ - size);
  size_ = size;
}

bool SecretBuffer::Equals(const SecretBuffer& other) const {
  return Equals(other.ExposeSecret());
}

bool SecretBuffer::Equals(absl::string_view other) const {
  return ConstantTimeEquals(ExposeSecret(), other);
}

MemoryLockReport MemoryLockStatus() { return LockedArena::Process().report(); }

}  // namespace keyward::crypto
