// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/tls_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"

namespace keyward::crypto {
namespace {

using ContextPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, SSL_free>;
using BioMethodPtr = OpensslPtr<BIO_METHOD, BIO_meth_free>;

// 112 bits: RSA of 2048 and curves of 224.
constexpr int kSecurityLevel = 2;

// For TLS 1.2; those of TLS 1.3 are all of this kind.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM";

// A BIO of our own, because that of OpenSSL writes without MSG_NOSIGNAL, and a
// server that goes away must not end this process.
int FdOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

int SendBytes(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      send(FdOf(bio), data, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int ReceiveBytes(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(FdOf(bio), out, static_cast<size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(got);
}

// NOLINTNEXTLINE(runtime/int)
long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bool IsAddress(const std::string& name) {
  // inet_pton would read up to a NUL.
  if (name.find('\0') != std::string::npos) return false;
  in6_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

absl::Status CannotStart() {
  return OpensslError(absl::StatusCode::kInternal, "cannot start TLS");
}

// To OpenSSL an empty name is no demand at all, and one that begins with "." is
// any name below it.
bool IsDnsName(absl::string_view name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

absl::Status Trust(SSL_CTX* context, const std::string& pem) {
  if (pem.empty()) {
    return SSL_CTX_set_default_verify_paths(context) == 1 ? absl::OkStatus()
                                                          : CannotStart();
  }
  const absl::StatusOr<std::vector<X509Ptr>> authorities =
      ReadCertificates(pem);
  if (!authorities.ok()) return authorities.status();
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) return CannotStart();
  }
  return absl::OkStatus();
}

absl::StatusOr<ContextPtr> NewContext(const TlsServerIdentity& server) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return CannotStart();
  // What RestrictTls has excluded for the service's own connections.
  SSL_CTX_clear_options(context.get(), SSL_OP_NO_TLSv1_2);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_COMPRESSION |
                          SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_security_level(context.get(), kSecurityLevel);
  // The rest of a message may lie elsewhere after a wait.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), 0) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) {
    return CannotStart();
  }
  absl::Status trusted = Trust(context.get(), server.trusted_certificates);
  if (!trusted.ok()) return trusted;
  return context;
}

absl::Status ExpectName(SSL* ssl, const std::string& name) {
  const auto no_name = [] {
    ClearOpensslErrors();
    return absl::InvalidArgumentError(
        "the name that the server must bear is neither a DNS name nor an "
        "address");
  };
  X509_VERIFY_PARAM* const param = SSL_get0_param(ssl);
  if (IsAddress(name)) {
    return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1
               ? absl::OkStatus()
               : no_name();
  }
  if (!IsDnsName(name)) return no_name();
  X509_VERIFY_PARAM_set_hostflags(param,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) != 1 ||
      SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) {
    return no_name();
  }
  return absl::OkStatus();
}

// What the oldest entry of OpenSSL's queue, the cause, means here.
absl::Status ProtocolError() {
  switch (ERR_GET_REASON(ERR_peek_error())) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      ClearOpensslErrors();
      return absl::UnavailableError("the server cut the connection");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return OpensslError(absl::StatusCode::kFailedPrecondition,
                          "the server refuses TLS 1.2 or later with forward "
                          "secrecy and without a client certificate");
    default:
      return OpensslError(absl::StatusCode::kInternal,
                          "what the server sends is no TLS as expected");
  }
}

}  // namespace

class TlsStream::Session {
 public:
  static absl::StatusOr<std::unique_ptr<Session>> Create(
      int fd, const TlsServerIdentity& server) {
    absl::StatusOr<ContextPtr> context = NewContext(server);
    if (!context.ok()) return context.status();
    auto session = std::make_unique<Session>();
    // No type of its own: a process has 127 of them to give away.
    session->method_.reset(
        BIO_meth_new(BIO_TYPE_SOURCE_SINK, "keyward socket"));
    if (session->method_ == nullptr) return CannotStart();
    BIO_METHOD* const method = session->method_.get();
    BIO_meth_set_write(method, SendBytes);
    BIO_meth_set_read(method, ReceiveBytes);
    BIO_meth_set_ctrl(method, Control);
    BioPtr bio(BIO_new(method));
    session->ssl_.reset(SSL_new(context->get()));
    if (bio == nullptr || session->ssl_ == nullptr) return CannotStart();
    BIO_set_data(bio.get(), reinterpret_cast<void*>(intptr_t{fd}));
    BIO_set_init(bio.get(), 1);
    BIO* const owned = bio.release();
    SSL_set_bio(session->ssl_.get(), owned, owned);
    absl::Status named = ExpectName(session->ssl_.get(), server.name);
    if (!named.ok()) return named;
    return session;
  }

  SSL* ssl() { return ssl_.get(); }

 private:
  // The connection's BIO points at the method.
  BioMethodPtr method_;
  SslPtr ssl_;
};

TlsStream::TlsStream(std::unique_ptr<SocketStream> socket,
                     std::unique_ptr<Session> session)
    : socket_(std::move(socket)), session_(std::move(session)) {}

absl::StatusOr<std::unique_ptr<TlsStream>> TlsStream::Connect(
    std::unique_ptr<SocketStream> socket, const TlsServerIdentity& server,
    SteadyTime deadline) {
  absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Create(socket->fd_, server);
  if (!session.ok()) return session.status();
  auto stream = std::unique_ptr<TlsStream>(
      new TlsStream(std::move(socket), *std::move(session)));
  SSL* const ssl = stream->session_->ssl();
  for (;;) {
    ClearOpensslErrors();
    const int result = SSL_connect(ssl);
    if (result == 1) break;
    const long verified = SSL_get_verify_result(ssl);  // NOLINT(runtime/int)
    if (verified != X509_V_OK) {
      ClearOpensslErrors();
      return absl::UnauthenticatedError(
          absl::StrCat("the server does not prove who it is: ",
                       X509_verify_cert_error_string(verified)));
    }
    absl::Status waited = stream->Continue(result, deadline);
    if (!waited.ok()) return waited;
  }
  return stream;
}

TlsStream::~TlsStream() {
  // Not after a failure, and once: a full socket keeps nobody waiting here.
  if (SSL_is_init_finished(session_->ssl()) != 0) {
    SSL_shutdown(session_->ssl());
  }
  ClearOpensslErrors();
}

absl::Status TlsStream::Write(absl::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    if (socket_->clock_.SteadyNow() >= deadline) {
      return absl::DeadlineExceededError("the server did not read in time");
    }
    ClearOpensslErrors();
    size_t sent = 0;
    const int result =
        SSL_write_ex(session_->ssl(), bytes.data(), bytes.size(), &sent);
    if (result == 1) {
      bytes.remove_prefix(sent);
      continue;
    }
    absl::Status waited = Continue(result, deadline);
    if (!waited.ok()) return waited;
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> TlsStream::Read(absl::Span<char> out,
                                       SteadyTime deadline) {
  for (;;) {
    if (socket_->clock_.SteadyNow() >= deadline) {
      return absl::DeadlineExceededError("the server did not answer in time");
    }
    ClearOpensslErrors();
    size_t got = 0;
    const int result =
        SSL_read_ex(session_->ssl(), out.data(), out.size(), &got);
    if (result == 1) return got;
    if (SSL_get_error(session_->ssl(), result) == SSL_ERROR_ZERO_RETURN) {
      return size_t{0};
    }
    absl::Status waited = Continue(result, deadline);
    if (!waited.ok()) return waited;
  }
}

absl::Status TlsStream::Continue(int result, SteadyTime deadline) {
  switch (SSL_get_error(session_->ssl(), result)) {
    case SSL_ERROR_WANT_READ:
      return socket_->Wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return socket_->Wait(POLLOUT, deadline);
    case SSL_ERROR_SSL:
      return ProtocolError();
    case SSL_ERROR_ZERO_RETURN:
    default:
      ClearOpensslErrors();
      return absl::UnavailableError("the connection to the server is broken");
  }
}

}  // namespace keyward::crypto
