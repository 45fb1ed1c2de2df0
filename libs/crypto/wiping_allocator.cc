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

// glibc's word before a block: the size of both, and flags in its lowest bits.
size_t Header(const void* block) {
  return static_cast<const size_t*>(block)[-1];
}

// Whether the block was mapped by itself. Freeing it gives its pages back to
// the kernel, which wipes pages before anyone sees them again, and growing it
// moves pages instead of bytes.
bool IsMapped(const void* block) {
  constexpr size_t kIsMmapped = 2;
  return (Header(block) & kIsMmapped) != 0;
}

// What malloc_usable_size says of a block that is not mapped by itself, without
// its look at the block behind this one, which nobody has in a cache.
size_t UsableSize(const void* block) {
  constexpr size_t kFlags = 7;
  return (Header(block) & ~kFlags) - sizeof(size_t);
}

void Wipe(void* block) {
  memset(block, 0, UsableSize(block));
  // The bytes are looked at, for all that a compiler knows.
  __asm__ __volatile__("" : : "r"(block) : "memory");
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
  if (!keyward::crypto::IsMapped(block)) keyward::crypto::Wipe(block);
  // Keeps errno.
  __libc_free(block);
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
