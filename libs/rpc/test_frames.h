// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Frames of HTTP/2, for tests of what reads them.

#ifndef KEYWARD_LIBS_RPC_TEST_FRAMES_H_
#define KEYWARD_LIBS_RPC_TEST_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace keyward::rpc::test_frames {

enum Type : uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPushPromise,
  kPing,
  kGoAway,
  kWindowUpdate,
  kContinuation,
  kUnknown = 77,
};
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kEndHeaders = 4;

inline constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string BigEndian(uint64_t number, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(number >> (8 * bytes) & 255);
  return text;
}

inline std::string FrameOf(Type type, uint8_t flags, uint32_t stream,
                           const std::string& payload) {
  return BigEndian(payload.size(), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + BigEndian(stream, 4) + payload;
}

inline std::string Frame(Type type, uint8_t flags, size_t length,
                         uint32_t stream = 0) {
  return FrameOf(type, flags, stream, std::string(length, 'p'));
}

inline std::string Setting(uint16_t id, uint32_t value) {
  return BigEndian(id, 2) + BigEndian(value, 4);
}

inline absl::Span<const uint8_t> Bytes(const std::string& text) {
  return absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(text.data()),
                             text.size());
}

}  // namespace keyward::rpc::test_frames

#endif  // KEYWARD_LIBS_RPC_TEST_FRAMES_H_
