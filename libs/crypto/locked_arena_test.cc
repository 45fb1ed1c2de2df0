// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/locked_arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

// The sanitizers replace mlock by a function that does nothing and succeeds.
#if defined(__SANITIZE_ADDRESS__) || defined(KEYWARD_THREAD_SANITIZER)
constexpr bool kLockingWorks = false;
#else
constexpr bool kLockingWorks = true;
#endif

bool IsZero(const char* data, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (data[i] != 0) return false;
  }
  return true;
}

// The VmFlags line of /proc/self/smaps for the mapping that holds `address`.
std::string VmFlags(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    const std::vector<std::string> range =
        absl::StrSplit(line.substr(0, line.find(' ')), '-');
    uint64_t begin = 0;
    uint64_t end = 0;
    if (range.size() == 2 && absl::SimpleHexAtoi(range[0], &begin) &&
        absl::SimpleHexAtoi(range[1], &end)) {
      const auto value = reinterpret_cast<uint64_t>(address);
      inside = begin <= value && value < end;
    }
    if (inside && line.rfind("VmFlags:", 0) == 0) return line + " ";
  }
  return "";
}

TEST(LockedArenaTest, BlocksAreZeroAndLargeEnough) {
  LockedArena arena;
  for (const size_t size :
       {1, 31, 32, 33, 64, 4096, 16384, 16385, 65536, 1 << 20}) {
    const LockedArena::Block block = arena.Allocate(size);
    ASSERT_GE(block.capacity, size);
    EXPECT_TRUE(IsZero(block.data, block.capacity)) << size;
    std::memset(block.data, 0xff, block.capacity);
    arena.Free(block);
  }
}

TEST(LockedArenaTest, P5_FreedBlockIsWipedBeforeItIsUsedAgain) {
  LockedArena arena;
  const LockedArena::Block block = arena.Allocate(100);
  std::memset(block.data, 's', block.capacity);
  arena.Free(block);
  const LockedArena::Block again = arena.Allocate(100);
  ASSERT_EQ(again.data, block.data);
  EXPECT_TRUE(IsZero(again.data, again.capacity));
  arena.Free(again);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(LockedArenaTest, P5_FreedBlockIsWipedAtOnce) {
  LockedArena arena;
  const LockedArena::Block block = arena.Allocate(100);
  std::memset(block.data, 's', block.capacity);
  arena.Free(block);
  // The slab is still mapped and nothing else uses it.
  EXPECT_TRUE(IsZero(block.data, block.capacity));
}
#endif

TEST(LockedArenaTest, BlocksDoNotOverlap) {
  LockedArena arena;
  std::vector<LockedArena::Block> blocks;
  std::set<char*> addresses;
  for (int i = 0; i < 5000; ++i) {
    blocks.push_back(arena.Allocate(32));
    addresses.insert(blocks.back().data);
  }
  EXPECT_EQ(addresses.size(), blocks.size());
  char* previous = nullptr;
  for (char* const address : addresses) {
    if (previous != nullptr) {
      EXPECT_GE(address - previous, 32);
    }
    previous = address;
  }
  for (const LockedArena::Block& block : blocks) arena.Free(block);
}

TEST(LockedArenaTest, SlabsAreReused) {
  LockedArena arena;
  arena.Free(arena.Allocate(32));
  const uint64_t mapped = arena.report().mapped_bytes;
  for (int i = 0; i < 100'000; ++i) arena.Free(arena.Allocate(32));
  EXPECT_EQ(arena.report().mapped_bytes, mapped);
}

TEST(LockedArenaTest, LargeBlocksAreGivenBack) {
  LockedArena arena;
  const LockedArena::Block block = arena.Allocate(100'000);
  EXPECT_EQ(arena.report().mapped_bytes, block.capacity);
  arena.Free(block);
  EXPECT_EQ(arena.report().mapped_bytes, 0u);
}

TEST(LockedArenaTest, FreeOfNothingDoesNothing) {
  LockedArena arena;
  arena.Free({});
  EXPECT_EQ(arena.report().mapped_bytes, 0u);
}

TEST(LockedArenaTest, P5_PagesAreLockedAndLeftOutOfCoreDumps) {
  LockedArena arena;
  for (const size_t size : {32, 100'000}) {
    const LockedArena::Block block = arena.Allocate(size);
    const std::string flags = VmFlags(block.data);
    EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
    if (kLockingWorks && arena.report().all_locked()) {
      EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;
    }
    arena.Free(block);
  }
}

TEST(LockedArenaTest, P5_RefusedLocksAreReported) {
  if (!kLockingWorks) GTEST_SKIP() << "mlock is replaced by the sanitizer";
  // In a child, since the limit cannot be raised again. Privileges that
  // override the limit would make the test meaningless, so they are dropped.
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none = {0, 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(10);
    if (geteuid() == 0 && setuid(65534) != 0) _exit(11);
    LockedArena arena;
    const LockedArena::Block block = arena.Allocate(32);
    const LockedArena::Block large = arena.Allocate(100'000);
    const MemoryLockReport report = arena.report();
    if (report.all_locked()) _exit(1);
    if (report.refusals != 2 || report.unlocked_bytes != report.mapped_bytes) {
      _exit(2);
    }
    if (report.last_errno != ENOMEM && report.last_errno != EPERM) _exit(3);
    block.data[0] = 'x';  // It is usable all the same.
    arena.Free(large);
    if (arena.report().unlocked_bytes != report.unlocked_bytes - large.capacity)
      _exit(4);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(LockedArenaDeathTest, RunningOverTheEndHitsAGuardPage) {
  LockedArena arena;
  const LockedArena::Block block = arena.Allocate(100'000);
  EXPECT_DEATH(*const_cast<volatile char*>(block.data + block.capacity) = 1,
               "");
  EXPECT_DEATH(*const_cast<volatile char*>(block.data - 1) = 1, "");
  arena.Free(block);
}

TEST(LockedArenaTest, ServesManyThreads) {
  LockedArena arena;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&arena, t] {
      for (int i = 0; i < 2'000; ++i) {
        const LockedArena::Block block = arena.Allocate(32 << (i % 11));
        std::memset(block.data, t + 1, block.capacity);
        for (size_t j = 0; j < block.capacity; j += 31) {
          if (block.data[j] != t + 1) ADD_FAILURE() << "shared block";
        }
        arena.Free(block);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace keyward::crypto
