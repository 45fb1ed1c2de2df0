// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/locked_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "libs/base/mutex.h"
#include "libs/crypto/wipe.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace keyward::crypto {
namespace {

// The page size of every platform that this is built for; larger pages would
// make mprotect below fail loudly, not silently protect too little.
constexpr size_t kPage = 4096;

// Enough blocks of the small classes for a burst, little enough that a start
// under the usual limit of 8 MiB can lock one slab of every class.
constexpr size_t kSlab = size_t{64} << 10;

constexpr size_t RoundUpToPages(size_t size) {
  return (size + kPage - 1) / kPage * kPage;
}

// Under the address sanitizer, using a freed block is an error as it would be
// for the heap.
void Poison([[maybe_unused]] char* data, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_POISON_MEMORY_REGION(data, size);
#endif
}

void Unpoison([[maybe_unused]] char* data, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(data, size);
#endif
}

[[noreturn]] void DieOutOfMemory() {
  std::fputs("keyward: no memory left for secrets\n", stderr);
  std::abort();
}

}  // namespace

LockedArena::LockedArena() {
  static_assert(kSmallest << (kClasses - 1) == kLargest);
  for (int i = 0; i < kClasses; ++i) classes_[i].block_size = kSmallest << i;
}

LockedArena::Block LockedArena::Allocate(size_t size) {
  if (size > kLargest) {
    const size_t mapped = RoundUpToPages(size);
    return {Map(mapped), mapped};
  }
  int i = 0;
  while (classes_[i].block_size < size) ++i;
  SizeClass& size_class = classes_[i];
  MutexLock l(&size_class.mu);
  if (size_class.free.empty()) AddSlab(&size_class);
  char* const data = size_class.free.back();
  size_class.free.pop_back();
  Unpoison(data, size_class.block_size);
  return {data, size_class.block_size};
}

void LockedArena::Free(Block block) {
  if (block.data == nullptr) return;
  WipeBytes(block.data, block.capacity);
  if (block.capacity > kLargest) {
    Unmap(block.data, block.capacity);
    return;
  }
  int i = 0;
  while (classes_[i].block_size < block.capacity) ++i;
  Poison(block.data, block.capacity);
  MutexLock l(&classes_[i].mu);
  classes_[i].free.push_back(block.data);
}

void LockedArena::AddSlab(SizeClass* size_class) {
  // At least four blocks, or the largest classes would map for each.
  const size_t size = std::max(kSlab, 4 * size_class->block_size);
  const size_t blocks = size / size_class->block_size;
  size_class->blocks += blocks;
  size_class->free.reserve(size_class->blocks);
  char* const slab = Map(size);
  for (size_t i = blocks; i-- > 0;) {
    size_class->free.push_back(slab + i * size_class->block_size);
  }
  Poison(slab, size);
}

char* LockedArena::Map(size_t size) {
  void* const mapping = mmap(nullptr, size + 2 * kPage, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) DieOutOfMemory();
  char* const data = static_cast<char*>(mapping) + kPage;
  if (mprotect(data, size, PROT_READ | PROT_WRITE) != 0) DieOutOfMemory();
  // Before anything is stored. It fails only where the kernel is built
  // without core dumps.
  madvise(data, size, MADV_DONTDUMP);
  const bool locked = mlock(data, size) == 0;
  const int error = errno;
  MutexLock l(&report_mu_);
  report_.mapped_bytes += size;
  if (!locked) {
    report_.unlocked_bytes += size;
    ++report_.refusals;
    report_.last_errno = error;
    unlocked_.push_back(data);
  }
  return data;
}

void LockedArena::Unmap(char* data, size_t size) {
  munmap(data - kPage, size + 2 * kPage);
  MutexLock l(&report_mu_);
  report_.mapped_bytes -= size;
  const auto it = std::find(unlocked_.begin(), unlocked_.end(), data);
  if (it == unlocked_.end()) return;
  unlocked_.erase(it);
  report_.unlocked_bytes -= size;
}

MemoryLockReport LockedArena::report() const {
  MutexLock l(&report_mu_);
  return report_;
}

LockedArena& LockedArena::Process() {
  // Never destroyed: buffers of other static objects may outlive it.
  static LockedArena* const arena = new LockedArena;
  return *arena;
}

}  // namespace keyward::crypto
