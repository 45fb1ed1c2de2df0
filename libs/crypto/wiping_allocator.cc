// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/wiping_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(KEYWARD_THREAD_SANITIZER)

namespace keyward::crypto {

bool IsWipingAllocatorActive() { return false; }

}  // namespace keyward::crypto

#else

extern "C" {

// glibc's own, under the names that it keeps for replacements.
void* __libc_malloc(size_t size);                // NOLINT
void* __libc_realloc(void* block, size_t size);  // NOLINT
void __libc_free(void* block);                   // NOLINT

}  // extern "C"

namespace keyward::crypto {
namespace {

// Whether the block was mapped by itself: glibc's flag in the size before it.
// Freeing it gives its pages back to the kernel, which wipes pages before
// anyone sees them again, and growing it moves pages instead of bytes.
bool IsMapped(const void* block) {
  constexpr size_t kIsMmapped = 2;
  return (static_cast<const size_t*>(block)[-1] & kIsMmapped) != 0;
}

// The function that this file has taken the place of.
template <typename Function>
Function* Replaced(const char* name) {
  auto* const function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) {
    fprintf(stderr, "keyward: no %s in the libraries\n", name);
    abort();
  }
  return function;
}

}  // namespace

bool IsWipingAllocatorActive() {
  return dlsym(RTLD_DEFAULT, "free") == reinterpret_cast<void*>(&free);
}

}  // namespace keyward::crypto

extern "C" {

__attribute__((used)) void free(void* block) noexcept {
  if (block == nullptr) return;
  const int error = errno;
  if (!keyward::crypto::IsMapped(block)) {
    explicit_bzero(block, malloc_usable_size(block));
  }
  __libc_free(block);
  errno = error;
}

__attribute__((used)) void* realloc(void* block, size_t size) noexcept {
  if (block == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  if (keyward::crypto::IsMapped(block)) return __libc_realloc(block, size);
  const size_t old_size = malloc_usable_size(block);
  // In place, unless more than half of the block would be wasted.
  if (size <= old_size && size >= old_size / 2) {
    explicit_bzero(static_cast<char*>(block) + size, old_size - size);
    return block;
  }
  void* const moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, old_size < size ? old_size : size);
  free(block);
  return moved;
}

__attribute__((used)) void* reallocarray(void* block, size_t count,
                                         size_t size) noexcept {
  size_t total = 0;
  if (__builtin_mul_overflow(count, size, &total)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, total);
}

__attribute__((used)) SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
  static auto* const replaced =
      keyward::crypto::Replaced<SSL_CTX*(const SSL_METHOD*)>("SSL_CTX_new");
  SSL_CTX* const context = replaced(method);
  if (context != nullptr) {
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
  }
  return context;
}

}  // extern "C"

#endif
