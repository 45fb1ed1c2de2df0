// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_LOCKED_ARENA_H_
#define KEYWARD_LIBS_CRYPTO_LOCKED_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/base/mutex.h"

namespace keyward::crypto {

// How much of the memory for secrets the system has refused to lock.
struct MemoryLockReport {
  // Bytes mapped for secrets now, and how many of them could be swapped out.
  uint64_t mapped_bytes = 0;
  uint64_t unlocked_bytes = 0;
  // How often locking was refused since the process began, and the last
  // errno: ENOMEM or EPERM mean that RLIMIT_MEMLOCK is too small.
  uint64_t refusals = 0;
  int last_errno = 0;

  bool all_locked() const { return unlocked_bytes == 0; }
};

// Memory for secrets: locked into RAM (no swap), left out of core dumps,
// between inaccessible guard pages so that running over the end of some other
// buffer cannot reach it, and wiped when freed.
//
// Small blocks come from slabs of one size class each, which are kept for
// reuse until the process ends: making a 32-byte key costs a lock and a pop,
// not system calls. Larger blocks are mapped one by one and given back.
//
// If the system refuses to lock, the memory is used all the same and the
// report says so; whether that is acceptable is for the operator to see, in
// the start log and in the operator status.
//
// Safe for concurrent use. Must outlive its blocks.
class LockedArena {
 public:
  // A block of `capacity` bytes at `data`; nothing at all if both are zero.
  struct Block {
    char* data = nullptr;
    size_t capacity = 0;
  };

  LockedArena();
  ~LockedArena() = default;
  LockedArena(const LockedArena&) = delete;
  LockedArena& operator=(const LockedArena&) = delete;

  // At least `size` bytes (of which there is at least one), all zero. Ends
  // the process if the system has no memory, as operator new does.
  Block Allocate(size_t size);

  // Wipes and frees a block of this arena's; does nothing with an empty one.
  void Free(Block block);

  MemoryLockReport report() const;

  // The arena of the process. The one object of this library that is shared
  // by the whole process: what may be locked is a limit of the process, and
  // locked pages are too few to give each object its own.
  static LockedArena& Process();

 private:
  struct SizeClass {
    size_t block_size = 0;
    Mutex mu;
    // Zeroed blocks. Its capacity covers every block that exists, so that
    // freeing never allocates.
    std::vector<char*> free ABSL_GUARDED_BY(mu);
    size_t blocks ABSL_GUARDED_BY(mu) = 0;
  };

  // Powers of two from 32 bytes (a key) to 16 KiB. Above, the four system
  // calls of a mapping are small beside wiping and encrypting the content.
  static constexpr size_t kSmallest = 32;
  static constexpr size_t kLargest = size_t{16} << 10;
  static constexpr int kClasses = 10;

  void AddSlab(SizeClass* size_class)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(size_class->mu);
  char* Map(size_t size);
  void Unmap(char* data, size_t size);

  SizeClass classes_[kClasses];
  mutable Mutex report_mu_;
  MemoryLockReport report_ ABSL_GUARDED_BY(report_mu_);
  // The mappings that could not be locked; normally none.
  std::vector<char*> unlocked_ ABSL_GUARDED_BY(report_mu_);
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_LOCKED_ARENA_H_
