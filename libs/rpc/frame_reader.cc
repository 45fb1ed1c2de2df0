// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace keyward::rpc {
namespace {

constexpr uint16_t kMaxConcurrentStreams = 3;

uint32_t BigEndian(const uint8_t* bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

absl::optional<FrameReader::Frame> FrameReader::Next(
    absl::Span<const uint8_t>* bytes) {
  while (!bytes->empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes->size());
      Skip(bytes->subspan(0, skipped));
      bytes->remove_prefix(skipped);
      continue;
    }
    const size_t taken = std::min(kHeaderBytes - kept_bytes_, bytes->size());
    std::memcpy(kept_.data() + kept_bytes_, bytes->data(), taken);
    kept_bytes_ += taken;
    bytes->remove_prefix(taken);
    if (kept_bytes_ < kHeaderBytes) break;
    kept_bytes_ = 0;
    Frame frame;
    frame.length = BigEndian(kept_.data(), 3);
    frame.type = kept_[3];
    frame.flags = kept_[4];
    // Without the reserved bit.
    frame.stream = BigEndian(kept_.data() + 5, 4) & 0x7fff'ffff;
    skip_ = frame.length;
    in_settings_ = frame.type == kSettings;
    return frame;
  }
  return absl::nullopt;
}

void FrameReader::Skip(absl::Span<const uint8_t> payload) {
  skip_ -= payload.size();
  while (in_settings_ && !payload.empty()) {
    const size_t taken = std::min(kSettingBytes - kept_bytes_, payload.size());
    std::memcpy(kept_.data() + kept_bytes_, payload.data(), taken);
    kept_bytes_ += taken;
    payload.remove_prefix(taken);
    if (kept_bytes_ < kSettingBytes) break;
    kept_bytes_ = 0;
    if (BigEndian(kept_.data(), 2) == kMaxConcurrentStreams) {
      max_concurrent_streams_ = BigEndian(kept_.data() + 2, 4);
    }
  }
  // A length that is no multiple of a setting's.
  if (skip_ == 0) kept_bytes_ = 0;
}

}  // namespace keyward::rpc
