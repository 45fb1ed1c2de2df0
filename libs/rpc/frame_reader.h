// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_FRAME_READER_H_
#define KEYWARD_LIBS_RPC_FRAME_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace keyward::rpc {

// The frames in what one side of an HTTP/2 connection sends (RFC 9113, section
// 4.1), whatever pieces it comes in. Nothing is checked, and of payloads only
// the one setting that is of interest is looked at.
//
// Not thread-safe.
class FrameReader {
 public:
  enum Type : uint8_t {
    kData = 0,
    kHeaders = 1,
    kResetStream = 3,
    kSettings = 4,
    kPing = 6,
    kContinuation = 9,
  };
  static constexpr uint8_t kAck = 1;
  static constexpr uint8_t kEndStream = 1;
  static constexpr uint8_t kEndHeaders = 4;

  // What stands before a frame's payload.
  struct Frame {
    uint8_t type = 0;
    uint8_t flags = 0;
    uint32_t stream = 0;
    size_t length = 0;

    bool Has(uint8_t flag) const { return (flags & flag) != 0; }
  };

  // A client begins with a preface.
  explicit FrameReader(bool has_preface)
      : skip_(has_preface ? kPrefaceBytes : 0) {}

  // The next frame that begins in `bytes`, of which what was read is removed.
  // Nothing once they are used up.
  absl::optional<Frame> Next(absl::Span<const uint8_t>* bytes);

  // The last SETTINGS_MAX_CONCURRENT_STREAMS that was read, if any was.
  absl::optional<uint32_t> max_concurrent_streams() const {
    return max_concurrent_streams_;
  }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;
  static constexpr size_t kSettingBytes = 6;

  void Skip(absl::Span<const uint8_t> payload);

  // Bytes until the next frame begins.
  size_t skip_;
  bool in_settings_ = false;
  // The header of a frame, or a setting, as far as it has come.
  std::array<uint8_t, kHeaderBytes> kept_{};
  size_t kept_bytes_ = 0;
  absl::optional<uint32_t> max_concurrent_streams_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_FRAME_READER_H_
