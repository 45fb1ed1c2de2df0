// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_GUARDED_CONNECTION_H_
#define KEYWARD_LIBS_RPC_GUARDED_CONNECTION_H_

#include <openssl/ssl.h>

#include <cstdint>

#include "absl/types/span.h"

namespace keyward::rpc {

// Whether a connection may go on whose peer has just sent `bytes`, decrypted
// from `ssl`: each connection of a server has a FrameGuard for as long as it
// lives. Always if `ssl` is a client's. If not, OpenSSL's queue of errors says
// why, as after a failed SSL_read, and the bytes are not to be used.
//
// This and NoteSent are for what stands in place of SSL_read and SSL_write
// (wiped_connection.h). Thread-safe for different connections; of one, OpenSSL
// itself takes no two calls at once.
bool MayGoOn(SSL* ssl, absl::Span<const uint8_t> bytes);

// That `bytes` are being sent on the connection.
void NoteSent(SSL* ssl, absl::Span<const uint8_t> bytes);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_GUARDED_CONNECTION_H_
