// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/buffered_random.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/crypto/wipe.h"

namespace keyward::crypto {
namespace {

// Zeroed pages that a child process finds zeroed again; null if there are none.
void* MapWipedOnFork(size_t size) {
  void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (madvise(mapped, size, MADV_WIPEONFORK) == 0) return mapped;
  munmap(mapped, size);
  return nullptr;
}

}  // namespace

BufferedRandom::BufferedRandom(RandomSource* source)
    : source_(source),
      buffer_(static_cast<Buffer*>(MapWipedOnFork(sizeof(Buffer)))) {}

BufferedRandom::~BufferedRandom() {
  MutexLock lock(&mu_);
  if (buffer_ == nullptr) return;
  WipeBytes(buffer_, sizeof(Buffer));
  munmap(buffer_, sizeof(Buffer));
}

absl::Status BufferedRandom::Fill(absl::Span<char> out) {
  if (buffer_ == nullptr || out.size() > kDrawn / 8) return source_->Fill(out);
  MutexLock lock(&mu_);
  if (buffer_->left < out.size()) {
    // Nothing is left of a draw that failed.
    buffer_->left = 0;
    absl::Status drawn = source_->Fill(absl::MakeSpan(buffer_->bytes));
    if (!drawn.ok()) return drawn;
    buffer_->left = kDrawn;
  }
  char* const given = buffer_->bytes + (kDrawn - buffer_->left);
  std::memcpy(out.data(), given, out.size());
  WipeBytes(given, out.size());
  buffer_->left -= out.size();
  return absl::OkStatus();
}

}  // namespace keyward::crypto
