// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_TLS_STREAM_H_
#define KEYWARD_LIBS_CRYPTO_TLS_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/byte_stream.h"
#include "libs/crypto/socket_stream.h"

namespace keyward::crypto {

// Who the server of a TlsStream must prove to be.
struct TlsServerIdentity {
  // The certificates (PEM) of the authorities that the server's own must come
  // from; those of the system if empty.
  std::string trusted_certificates;
  // The name that it must bear: a name of the DNS, or an IP address as text.
  std::string name;
};

// A client's TLS connection to a server of somebody else's: TLS 1.2 or later,
// in a process of RestrictTls too, since databases that speak nothing newer are
// still about; with forward secrecy, and no key below 112 bits of security. No
// client certificate, no tickets, no renegotiation, no compression.
//
// The name counts only as a subject alternative name, not as a common name, and
// is sent to the server (SNI) if it is of the DNS. What was decrypted is wiped
// once it is read.
class TlsStream final : public ByteStream {
 public:
  // Shakes hands over `socket`, as a client.
  //
  //   UNAUTHENTICATED      the server did not prove who it is: another
  //                        authority, another name, expired; the message says
  //                        which
  //   INVALID_ARGUMENT     `server` has certificates that do not parse, or a
  //                        name that is none
  //   FAILED_PRECONDITION  the server asks for a client certificate or has no
  //                        version or cipher in common
  //   UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL as ByteStream's
  //
  // A server of TLS 1.3 may refuse a client without certificate only later, in
  // the first Read: FAILED_PRECONDITION, too.
  static absl::StatusOr<std::unique_ptr<TlsStream>> Connect(
      std::unique_ptr<SocketStream> socket, const TlsServerIdentity& server,
      SteadyTime deadline);

  // Says goodbye to the server, without waiting for it.
  ~TlsStream() override;

  absl::Status Write(absl::string_view bytes, SteadyTime deadline) override;
  absl::StatusOr<size_t> Read(absl::Span<char> out,
                              SteadyTime deadline) override;

 private:
  class Session;

  TlsStream(std::unique_ptr<SocketStream> socket,
            std::unique_ptr<Session> session);

  // Waits until OpenSSL can go on after `result` of one of its calls; an error
  // if it cannot.
  absl::Status Continue(int result, SteadyTime deadline);

  const std::unique_ptr<SocketStream> socket_;
  const std::unique_ptr<Session> session_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_TLS_STREAM_H_
