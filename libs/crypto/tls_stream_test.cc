// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/tls_stream.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/crypto/certificate_builder.h"
#include "libs/crypto/listener_for_testing.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"
#include "libs/crypto/random.h"
#include "libs/crypto/socket_stream.h"
#include "libs/crypto/tls_policy.h"

namespace keyward::crypto {
namespace {

using ContextPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, SSL_free>;
using ::testing::HasSubstr;

// A certificate, its key, and who signed it.
struct Identity {
  PkeyPtr key;
  X509Ptr certificate;

  std::string pem() const {
    return CertificateToPem(certificate.get()).value();
  }
};

Identity MakeIdentity(const CertificateFields& fields, const Identity* issuer) {
  SystemRandom random;
  Identity made;
  made.key = NewP256Key().value();
  made.certificate =
      BuildCertificate(fields, made.key.get(),
                       issuer == nullptr ? nullptr : issuer->certificate.get(),
                       issuer == nullptr ? made.key.get() : issuer->key.get(),
                       random)
          .value();
  return made;
}

CertificateFields Fields() {
  CertificateFields fields;
  fields.common_name = "common.example.com";
  fields.dns_names = {"db.example.com"};
  fields.ip_addresses = {"127.0.0.1"};
  fields.not_before = absl::Now() - absl::Hours(2);
  fields.not_after = absl::Now() + absl::Hours(2);
  return fields;
}

Identity MakeCa(const std::string& name) {
  CertificateFields fields = Fields();
  fields.common_name = name;
  fields.dns_names.clear();
  fields.ip_addresses.clear();
  fields.is_ca = true;
  return MakeIdentity(fields, nullptr);
}

class TlsStreamTest : public testing::Test {
 protected:
  TlsStreamTest() : ca_(MakeCa("right")) {}

  SteadyTime In(absl::Duration time) { return clock_.SteadyNow() + time; }

  // A server with a certificate of these fields, by `ca_`.
  ContextPtr NewServer(const CertificateFields& fields) {
    return NewServerOf(MakeIdentity(fields, &ca_));
  }

  static ContextPtr NewServerOf(const Identity& identity) {
    ContextPtr context(SSL_CTX_new(TLS_server_method()));
    EXPECT_EQ(
        SSL_CTX_use_certificate(context.get(), identity.certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()), 1);
    return context;
  }

  // Serves `context`, and after the handshake says back what it hears.
  static ListenerForTesting::Serve Echo(const ContextPtr& context) {
    return After(context, [](SSL* ssl, int) {
      char some[64];
      for (;;) {
        const int got = SSL_read(ssl, some, sizeof(some));
        if (got <= 0 || SSL_write(ssl, some, got) != got) break;
      }
      SSL_shutdown(ssl);
    });
  }

  static ListenerForTesting::Serve After(
      const ContextPtr& context, std::function<void(SSL* ssl, int fd)> then) {
    SSL_CTX* const raw = context.get();
    return [raw, then = std::move(then)](int fd) {
      // A client that hangs must fail its test, not hold it.
      const timeval patience{60, 0};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      const SslPtr ssl(SSL_new(raw));
      SSL_set_fd(ssl.get(), fd);
      if (SSL_accept(ssl.get()) == 1) then(ssl.get(), fd);
      return true;
    };
  }

  absl::StatusOr<std::unique_ptr<TlsStream>> Connect(
      uint16_t port, const std::string& name,
      absl::Duration time = absl::Seconds(60)) {
    return ConnectTrusting(ca_.pem(), port, name, time);
  }

  absl::StatusOr<std::unique_ptr<TlsStream>> ConnectTrusting(
      const std::string& authorities, uint16_t port, const std::string& name,
      absl::Duration time = absl::Seconds(60)) {
    auto socket =
        SocketStream::Connect("127.0.0.1", port, clock_, In(absl::Seconds(60)));
    if (!socket.ok()) return socket.status();
    return TlsStream::Connect(*std::move(socket), {authorities, name},
                              In(time));
  }

  absl::StatusOr<std::string> ReadOnce(TlsStream& stream, absl::Duration time) {
    std::string out(64, '\0');
    const auto got = stream.Read(absl::MakeSpan(&out[0], out.size()), In(time));
    if (!got.ok()) return got.status();
    out.resize(*got);
    return out;
  }

  void ExpectRefused(const ContextPtr& context, const std::string& name,
                     const std::string& why) {
    ListenerForTesting server(Echo(context));
    const auto stream = Connect(server.port(), name);
    EXPECT_EQ(stream.status().code(), absl::StatusCode::kUnauthenticated)
        << stream.status();
    EXPECT_THAT(std::string(stream.status().message()), HasSubstr(why));
  }

  const SystemClock clock_;
  const Identity ca_;
};

TEST_F(TlsStreamTest, CarriesBytesBothWays) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(Echo(context));
  for (const std::string name : {"db.example.com", "127.0.0.1"}) {
    const auto stream = Connect(server.port(), name);
    ASSERT_TRUE(stream.ok()) << stream.status();
    ASSERT_EQ((*stream)->Write("hello", In(absl::Seconds(60))),
              absl::OkStatus());
    EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "hello");
  }
}

TEST_F(TlsStreamTest, ManyConnectionsOfOneProcess) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(Echo(context));
  for (int i = 0; i < 200; ++i) {
    const auto stream = Connect(server.port(), "db.example.com");
    ASSERT_TRUE(stream.ok()) << i << ": " << stream.status();
  }
}

TEST_F(TlsStreamTest, MuchInBothDirections) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(After(context, [](SSL* ssl, int) {
    std::string all(200'000, '\0');
    size_t have = 0;
    while (have < all.size()) {
      const int got =
          SSL_read(ssl, &all[have], static_cast<int>(all.size() - have));
      if (got <= 0) return;
      have += static_cast<size_t>(got);
    }
    SSL_write(ssl, all.data(), static_cast<int>(all.size()));
    SSL_shutdown(ssl);
  }));
  const auto stream = Connect(server.port(), "db.example.com");
  ASSERT_TRUE(stream.ok()) << stream.status();
  std::string sent;
  for (int i = 0; i < 200'000; ++i) sent.push_back(static_cast<char>(i * 7));
  ASSERT_EQ((*stream)->Write(sent, In(absl::Seconds(60))), absl::OkStatus());
  std::string heard;
  for (;;) {
    const auto some = ReadOnce(**stream, absl::Seconds(60));
    ASSERT_TRUE(some.ok()) << some.status();
    if (some->empty()) break;
    heard += *some;
  }
  EXPECT_EQ(heard, sent);
}

TEST_F(TlsStreamTest, TheNameIsSentUnlessItIsAnAddress) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(After(context, [](SSL* ssl, int) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const std::string said = name == nullptr ? "none" : name;
    SSL_write(ssl, said.data(), static_cast<int>(said.size()));
  }));
  auto stream = Connect(server.port(), "db.example.com");
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "db.example.com");
  stream = Connect(server.port(), "127.0.0.1");
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "none");
}

TEST_F(TlsStreamTest, AnotherAuthorityIsRefused) {
  const Identity other = MakeCa("wrong");
  const ContextPtr context = NewServerOf(MakeIdentity(Fields(), &other));
  ExpectRefused(context, "db.example.com", "unable to get local issuer");
}

TEST_F(TlsStreamTest, AnAuthorityOfTheSameNameIsRefused) {
  const Identity other = MakeCa("right");
  const ContextPtr context = NewServerOf(MakeIdentity(Fields(), &other));
  ListenerForTesting server(Echo(context));
  EXPECT_EQ(Connect(server.port(), "db.example.com").status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(TlsStreamTest, ASelfSignedServerIsRefused) {
  ExpectRefused(NewServerOf(MakeIdentity(Fields(), nullptr)), "db.example.com",
                "self-signed");
}

TEST_F(TlsStreamTest, WithoutAuthoritiesThoseOfTheSystemCount) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(Echo(context));
  EXPECT_EQ(
      ConnectTrusting("", server.port(), "db.example.com").status().code(),
      absl::StatusCode::kUnauthenticated);
}

TEST_F(TlsStreamTest, AnotherNameIsRefused) {
  const ContextPtr context = NewServer(Fields());
  ExpectRefused(context, "other.example.com", "hostname mismatch");
  ExpectRefused(context, "example.com", "hostname mismatch");
  ExpectRefused(context, "127.0.0.2", "IP address mismatch");
}

TEST_F(TlsStreamTest, TheCommonNameIsNoneThatCounts) {
  CertificateFields fields = Fields();
  fields.dns_names.clear();
  ExpectRefused(NewServer(fields), "common.example.com", "hostname mismatch");
}

TEST_F(TlsStreamTest, ANameThatLooksLikeAnAddressIsNone) {
  CertificateFields fields = Fields();
  fields.ip_addresses.clear();
  fields.dns_names = {"127.0.0.1"};
  ExpectRefused(NewServer(fields), "127.0.0.1", "IP address mismatch");
}

TEST_F(TlsStreamTest, ExpiredAndNotYetValidAreRefused) {
  CertificateFields fields = Fields();
  fields.not_after = absl::Now() - absl::Hours(1);
  ExpectRefused(NewServer(fields), "db.example.com", "expired");
  fields = Fields();
  fields.not_before = absl::Now() + absl::Hours(1);
  ExpectRefused(NewServer(fields), "db.example.com", "not yet valid");
}

TEST_F(TlsStreamTest, ACertificateForClientsIsRefused) {
  CertificateFields fields = Fields();
  fields.extended_key_usage = "clientAuth";
  ExpectRefused(NewServer(fields), "db.example.com", "purpose");
}

TEST_F(TlsStreamTest, NamesThatAreNoneAreNoDemandsThatEverybodyMeets) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(Echo(context));
  for (const std::string& name :
       {std::string(), std::string(".example.com"), std::string("*"),
        std::string("db.example.com\0.evil", 20),
        std::string("127.0.0.1\0x", 11), std::string("db example.com"),
        std::string(300, 'a')}) {
    EXPECT_EQ(Connect(server.port(), name).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST_F(TlsStreamTest, CertificatesThatDoNotParseAreNoTrustInAnybody) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(Echo(context));
  for (const std::string authorities :
       {"x", " ", "-----BEGIN CERTIFICATE-----"}) {
    EXPECT_EQ(ConnectTrusting(authorities, server.port(), "db.example.com")
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << authorities;
  }
}

TEST_F(TlsStreamTest, OldVersionsAndWeakCiphersAreRefused) {
  const ContextPtr context = NewServer(Fields());
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  ListenerForTesting old(Echo(context));
  EXPECT_EQ(Connect(old.port(), "db.example.com").status().code(),
            absl::StatusCode::kFailedPrecondition);

  const ContextPtr weak = NewServer(Fields());
  SSL_CTX_set_max_proto_version(weak.get(), TLS1_2_VERSION);
  ASSERT_EQ(SSL_CTX_set_cipher_list(weak.get(), "ECDHE-ECDSA-AES128-SHA"), 1);
  ListenerForTesting listener(Echo(weak));
  EXPECT_EQ(Connect(listener.port(), "db.example.com").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(TlsStreamTest, AServerThatWantsAClientCertificateIsToldApart) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const ContextPtr context = NewServer(Fields());
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_verify(context.get(),
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       nullptr);
    ListenerForTesting server(Echo(context));
    const auto stream = Connect(server.port(), "db.example.com");
    const absl::Status status =
        stream.ok() ? ReadOnce(**stream, absl::Seconds(60)).status()
                    : stream.status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
}

TEST_F(TlsStreamTest, AServerThatStallsInTheHandshakeIsLeft) {
  ListenerForTesting* self = nullptr;
  ListenerForTesting server([&](int) { return self->Pause(-1); });
  self = &server;
  EXPECT_EQ(Connect(server.port(), "db.example.com", absl::Milliseconds(100))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(TlsStreamTest, AByteNowAndThenKeepsNobodyPastTheDeadline) {
  ListenerForTesting* self = nullptr;
  ListenerForTesting server([&](int fd) {
    // The head of a long handshake record, whose rest comes in drops.
    const char head[] = {0x16, 0x03, 0x03, 0x3f, 0x00, 0x02, 0x00, 0x3e, 0x00};
    if (write(fd, head, sizeof(head)) < 0) return false;
    while (self->Pause(10) && send(fd, "\0", 1, MSG_NOSIGNAL) == 1) {
    }
    return false;
  });
  self = &server;
  EXPECT_EQ(Connect(server.port(), "db.example.com", absl::Milliseconds(200))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(TlsStreamTest, AServerThatStallsLaterIsLeft) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting* self = nullptr;
  ListenerForTesting server(
      After(context, [&](SSL*, int) { self->Pause(-1); }));
  self = &server;
  const auto stream = Connect(server.port(), "db.example.com");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(ReadOnce(**stream, absl::Milliseconds(100)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ((*stream)
                ->Write(std::string(size_t{64} << 20, 'x'),
                        In(absl::Milliseconds(200)))
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(TlsStreamTest, ACutConnectionIsNoEnd) {
  const ContextPtr context = NewServer(Fields());
  bool in_order = false;
  ListenerForTesting server(After(context, [&](SSL* ssl, int) {
    SSL_write(ssl, "x", 1);
    if (in_order) SSL_shutdown(ssl);
  }));
  for (const bool order : {false, true}) {
    in_order = order;
    const auto stream = Connect(server.port(), "db.example.com");
    ASSERT_TRUE(stream.ok()) << stream.status();
    EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "x");
    const auto end = ReadOnce(**stream, absl::Seconds(60));
    if (order) {
      EXPECT_EQ(end.value(), "");
    } else {
      EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
    }
  }
}

TEST_F(TlsStreamTest, AServerThatClosesAtOnceIsUnavailable) {
  ListenerForTesting server([](int) { return true; });
  EXPECT_EQ(Connect(server.port(), "db.example.com").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(TlsStreamTest, GarbageIsNoServer) {
  ListenerForTesting server([](int fd) {
    const std::string text = "-ERR max number of clients reached\r\n";
    return write(fd, text.data(), text.size()) > 0;
  });
  EXPECT_EQ(Connect(server.port(), "db.example.com").status().code(),
            absl::StatusCode::kInternal);
}

TEST_F(TlsStreamTest, GarbageInTheMiddleIsNoAnswer) {
  const ContextPtr context = NewServer(Fields());
  ListenerForTesting server(After(context, [](SSL* ssl, int fd) {
    SSL_write(ssl, "x", 1);
    // A record of data that nobody encrypted.
    const std::string record(
        "\x17\x03\x03\0\x20+OK\r\n89012345678901234567890123456", 37);
    if (write(fd, record.data(), record.size()) < 0) return;
  }));
  const auto stream = Connect(server.port(), "db.example.com");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "x");
  EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).status().code(),
            absl::StatusCode::kInternal);
}

// Last: the restriction is for the whole process.
TEST_F(TlsStreamTest, ZSpeaksTls12InAProcessThatIsRestricted) {
  const ContextPtr context = NewServer(Fields());
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  ASSERT_EQ(RestrictTls(), absl::OkStatus());
  ListenerForTesting server(Echo(context));
  const auto stream = Connect(server.port(), "db.example.com");
  ASSERT_TRUE(stream.ok()) << stream.status();
  ASSERT_EQ((*stream)->Write("hello", In(absl::Seconds(60))), absl::OkStatus());
  EXPECT_EQ(ReadOnce(**stream, absl::Seconds(60)).value(), "hello");
}

}  // namespace
}  // namespace keyward::crypto
