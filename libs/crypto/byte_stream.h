// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_BYTE_STREAM_H_
#define KEYWARD_LIBS_CRYPTO_BYTE_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/steady_time.h"

namespace keyward::crypto {

// One end of a connection, for clients that ask and wait: SocketStream, in the
// clear, and TlsStream. Calls block, at most until their deadline. Destroying
// it closes the connection at once. For one thread at a time.
//
// After an error the connection is of no more use: how much of a message has
// gone is not known.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Sends all of `bytes`. OK says that the system took them, not that the peer
  // did. UNAVAILABLE if the connection is broken; DEADLINE_EXCEEDED if the
  // peer did not take them in time; INTERNAL if what the peer sends is no TLS.
  virtual absl::Status Write(absl::string_view bytes, SteadyTime deadline) = 0;

  // Waits for something to arrive and puts it into the front of `out`, which
  // is not empty; how much. 0 means that the peer has ended its side in order.
  // Errors as Write; a TLS connection that is cut is UNAVAILABLE, not the end.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> out,
                                      SteadyTime deadline) = 0;

 protected:
  ByteStream() = default;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_BYTE_STREAM_H_
