// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/wiping_allocator.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

constexpr char kMark = '\xa5';

// Above this size glibc maps a block by itself, and freed it is not readable.
constexpr size_t kLargestReadable = 100'000;

class WipingAllocatorTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(KEYWARD_THREAD_SANITIZER)
    GTEST_SKIP() << "sanitizers have an allocator of their own";
#endif
  }

  // A block full of marks, followed by another that keeps it from being given
  // back to the system when it is freed.
  char* Marked(size_t size) {
    auto* const block = static_cast<char*>(malloc(size));
    fences_.push_back(malloc(size));
    memset(block, kMark, size);
    return block;
  }

  ~WipingAllocatorTest() override {
    for (void* fence : fences_) free(fence);
  }

  std::vector<void*> fences_;
};

// glibc writes its own words into freed memory: up to four at its begin, one of
// them random and some mangled with the address, and a size at its end. A byte
// of them is the mark in every 20th process; that it is four times in a row
// happens to nobody.
constexpr size_t kWordsAtBegin = 32;
constexpr size_t kWordsAtEnd = 8;
constexpr size_t kMarksInARow = 4;

// How many marks are left in memory that was freed; where glibc writes, only
// those of which kMarksInARow stand together. By its number, so that the
// compiler does not see what is being looked at.
size_t MarksAt(uintptr_t address, size_t size) {
  size_t marks = 0;
  size_t row = 0;
  size_t doubtful = 0;
  for (size_t i = 0; i <= size; ++i) {
    const bool marked =
        i < size && *reinterpret_cast<volatile char*>(address + i) == kMark;
    if (marked) {
      ++row;
      if (i < kWordsAtBegin || i + kWordsAtEnd >= size) ++doubtful;
      continue;
    }
    marks += row >= kMarksInARow ? row : row - doubtful;
    row = 0;
    doubtful = 0;
  }
  return marks;
}

TEST_F(WipingAllocatorTest, IsActive) {
  EXPECT_TRUE(IsWipingAllocatorActive());
}

TEST_F(WipingAllocatorTest, P5_FreedMemoryIsWipedAtEverySize) {
  for (const size_t size : {size_t{24}, size_t{25}, size_t{64}, size_t{1000},
                            size_t{5000}, size_t{40'000}, kLargestReadable}) {
    char* const block = Marked(size);
    const auto address = reinterpret_cast<uintptr_t>(block);
    ASSERT_EQ(MarksAt(address, size), size);
    free(block);
    EXPECT_EQ(MarksAt(address, size), 0u) << size;
  }
}

// Of what is longer glibc gives parts back, and nobody can look.
TEST_F(WipingAllocatorTest, P5_ABlockIsWipedToItsEndAndNotBeyond) {
  for (size_t size = 1; size < 3000; ++size) {
    auto* const block = static_cast<char*>(malloc(size));
    auto* const next = static_cast<char*>(malloc(size));
    fences_.push_back(malloc(size));
    const size_t usable = malloc_usable_size(block);
    memset(block, kMark, usable);
    memset(next, kMark, size);
    const auto address = reinterpret_cast<uintptr_t>(block);
    free(block);
    ASSERT_EQ(MarksAt(address, usable), 0u) << size;
    ASSERT_EQ(std::string(next, size), std::string(size, kMark));
    free(next);
  }
}

TEST_F(WipingAllocatorTest, P5_FreedStringIsWiped) {
  uintptr_t address = 0;
  {
    const std::string secret(200, kMark);
    address = reinterpret_cast<uintptr_t>(secret.data());
    fences_.push_back(malloc(200));
  }
  EXPECT_EQ(MarksAt(address, 200), 0u);
}

TEST_F(WipingAllocatorTest, P5_WhatASharedLibraryFreesIsWiped) {
  void* const block = OPENSSL_malloc(200);
  fences_.push_back(malloc(200));
  memset(block, kMark, 200);
  const auto address = reinterpret_cast<uintptr_t>(block);
  OPENSSL_free(block);
  EXPECT_EQ(MarksAt(address, 200), 0u);
}

TEST_F(WipingAllocatorTest, P5_GrowingBlockLeavesNoCopyBehind) {
  char* const block = Marked(300);
  const auto address = reinterpret_cast<uintptr_t>(block);
  auto* const moved = static_cast<char*>(realloc(block, 3000));
  ASSERT_NE(reinterpret_cast<uintptr_t>(moved), address);
  EXPECT_EQ(MarksAt(address, 300), 0u);
  EXPECT_GE(MarksAt(reinterpret_cast<uintptr_t>(moved), 300), 300u);
  free(moved);
}

TEST_F(WipingAllocatorTest, P5_ShrinkingBlockIsWipedBeyondItsNewSize) {
  for (const size_t size : {250, 20}) {
    char* const block = Marked(300);
    const auto address = reinterpret_cast<uintptr_t>(block);
    auto* const shrunk = static_cast<char*>(realloc(block, size));
    const bool in_place = reinterpret_cast<uintptr_t>(shrunk) == address;
    EXPECT_EQ(in_place, size == 250);
    EXPECT_EQ(MarksAt(reinterpret_cast<uintptr_t>(shrunk), size), size);
    EXPECT_EQ(MarksAt(address, 300), in_place ? size : 0);
    free(shrunk);
  }
}

TEST_F(WipingAllocatorTest, BlockMappedByItselfKeepsItsContent) {
  constexpr size_t kMapped = size_t{8} << 20;
  auto* const block = static_cast<char*>(malloc(kMapped));
  memset(block, kMark, kMapped);
  auto* const grown = static_cast<char*>(realloc(block, 2 * kMapped));
  EXPECT_GE(MarksAt(reinterpret_cast<uintptr_t>(grown), kMapped), kMapped);
  auto* const shrunk = static_cast<char*>(realloc(grown, 100));
  EXPECT_EQ(MarksAt(reinterpret_cast<uintptr_t>(shrunk), 100), 100u);
  free(shrunk);
}

TEST_F(WipingAllocatorTest, ReallocOfNothingAllocatesAndToNothingFrees) {
  void* const block = realloc(nullptr, 100);
  ASSERT_NE(block, nullptr);
  EXPECT_GE(malloc_usable_size(block), 100u);
  EXPECT_EQ(realloc(block, 0), nullptr);
  free(nullptr);
}

TEST_F(WipingAllocatorTest, ReallocThatFailsLeavesTheBlock) {
  char* const block = Marked(100);
  volatile size_t impossible = SIZE_MAX / 2;
  EXPECT_EQ(realloc(block, impossible), nullptr);
  EXPECT_EQ(MarksAt(reinterpret_cast<uintptr_t>(block), 100), 100u);
  free(block);
}

TEST_F(WipingAllocatorTest, ReallocarrayRefusesAProductThatOverflows) {
  char* const block = Marked(100);
  volatile size_t half = SIZE_MAX / 2;
  errno = 0;
  EXPECT_EQ(reallocarray(block, half, 3), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  void* const grown = reallocarray(block, 100, 3);
  EXPECT_EQ(MarksAt(reinterpret_cast<uintptr_t>(grown), 100), 100u);
  free(grown);
}

TEST_F(WipingAllocatorTest, FreeKeepsErrno) {
  for (const size_t size : {size_t{100}, size_t{10'000'000}}) {
    void* const block = malloc(size);
    errno = EINTR;
    free(block);
    EXPECT_EQ(errno, EINTR) << size;
  }
}

TEST_F(WipingAllocatorTest, AlignedBlocksCanBeFreed) {
  for (const size_t alignment : {16, 64, 4096}) {
    void* block = nullptr;
    ASSERT_EQ(posix_memalign(&block, alignment, 1000), 0);
    fences_.push_back(malloc(1000));
    memset(block, kMark, 1000);
    const auto address = reinterpret_cast<uintptr_t>(block);
    free(block);
    EXPECT_EQ(MarksAt(address, 1000), 0u);
  }
}

TEST_F(WipingAllocatorTest, CallocIsStillZero) {
  for (int i = 0; i < 1000; ++i) {
    auto* const block = static_cast<char*>(calloc(1, 1000 + i));
    for (int j = 0; j < 1000 + i; ++j) ASSERT_EQ(block[j], 0);
    memset(block, kMark, 1000 + i);
    free(block);
  }
}

TEST_F(WipingAllocatorTest, P5_TlsContextsWipeDecryptedRecords) {
  SSL_CTX* const context = SSL_CTX_new(TLS_method());
  ASSERT_NE(context, nullptr);
  EXPECT_NE(SSL_CTX_get_options(context) & SSL_OP_CLEANSE_PLAINTEXT, 0u);
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace keyward::crypto
