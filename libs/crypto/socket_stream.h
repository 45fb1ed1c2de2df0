// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_SOCKET_STREAM_H_
#define KEYWARD_LIBS_CRYPTO_SOCKET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/byte_stream.h"

namespace keyward::crypto {

// A TCP connection in the clear: whoever is on the way reads and changes what
// goes over it. The layer below TlsStream, and what a connector gets that says
// itself that it wants no TLS.
class SocketStream final : public ByteStream {
 public:
  // Connects to `address`, an IP address as text: names are not looked up,
  // since the system's resolver keeps no deadline. `clock` must outlive the
  // stream. INVALID_ARGUMENT if it is no address; UNAVAILABLE if nobody
  // answers there; DEADLINE_EXCEEDED.
  static absl::StatusOr<std::unique_ptr<SocketStream>> Connect(
      const std::string& address, uint16_t port, const Clock& clock,
      SteadyTime deadline);

  ~SocketStream() override;

  absl::Status Write(absl::string_view bytes, SteadyTime deadline) override;
  absl::StatusOr<size_t> Read(absl::Span<char> out,
                              SteadyTime deadline) override;

 private:
  friend class TlsStream;

  SocketStream(int fd, const Clock& clock) : fd_(fd), clock_(clock) {}

  // Waits for `events` of poll.
  absl::Status Wait(short events, SteadyTime deadline);  // NOLINT(runtime/int)

  const int fd_;
  const Clock& clock_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_SOCKET_STREAM_H_
