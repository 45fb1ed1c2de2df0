// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/tls_policy.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"

namespace keyward::crypto {
namespace {

using ContextPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, SSL_free>;

// The restriction is for the whole process, so it is made once, first.
class TlsPolicyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(RestrictTls(), absl::OkStatus()); }

  // A server as gRPC makes it: any version from TLS 1.2.
  static ContextPtr NewServer() {
    FakeRandom random;
    const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
    const auto ca =
        CertificateAuthority::Create("test", now, absl::Hours(2), random)
            .value();
    CertificateAuthority::LeafRequest request;
    request.spiffe_id = "spiffe://test/server";
    request.lifetime = absl::Hours(1);
    const auto leaf = ca->Issue(request, now, random).value();
    ContextPtr context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    const auto certificates = ReadCertificates(leaf.certificate_pem).value();
    const PkeyPtr key =
        ReadPrivateKey(leaf.private_key_pem.ExposeSecret()).value();
    EXPECT_EQ(
        SSL_CTX_use_certificate(context.get(), certificates.front().get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
    return context;
  }

  // Shakes hands in memory; whether it came to an end.
  static bool Handshake(SSL* client, SSL* server) {
    BIO* client_side = nullptr;
    BIO* server_side = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&client_side, 0, &server_side, 0), 1);
    SSL_set_bio(client, client_side, client_side);
    SSL_set_bio(server, server_side, server_side);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20; ++i) {
      const int c = SSL_do_handshake(client);
      const int s = SSL_do_handshake(server);
      if (c == 1 && s == 1) return true;
    }
    return false;
  }
};

TEST_F(TlsPolicyTest, ContextsExcludeOldVersionsAndTickets) {
  const ContextPtr context(SSL_CTX_new(TLS_method()));
  EXPECT_NE(SSL_CTX_get_options(context.get()) & SSL_OP_NO_TLSv1_2, 0u);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(context.get()), TLS1_3_VERSION);
  EXPECT_EQ(SSL_CTX_get_num_tickets(context.get()), 0u);
  EXPECT_EQ(SSL_CTX_get_security_level(context.get()), 2);
}

TEST_F(TlsPolicyTest, ServerThatAllowsTls12StillSpeaksTls13Alone) {
  const ContextPtr server_context = NewServer();
  const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
  const SslPtr client(SSL_new(client_context.get()));
  const SslPtr server(SSL_new(server_context.get()));
  ASSERT_TRUE(Handshake(client.get(), server.get()));
  EXPECT_EQ(SSL_version(server.get()), TLS1_3_VERSION);
}

TEST_F(TlsPolicyTest, ClientOfTls12IsRefused) {
  const ContextPtr server_context = NewServer();
  const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
  // Undo the restriction for this client alone.
  SSL_CTX_clear_options(client_context.get(), SSL_OP_NO_TLSv1_2);
  SSL_CTX_set_min_proto_version(client_context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(client_context.get(), TLS1_2_VERSION);
  const SslPtr client(SSL_new(client_context.get()));
  const SslPtr server(SSL_new(server_context.get()));
  EXPECT_FALSE(Handshake(client.get(), server.get()));
}

TEST_F(TlsPolicyTest, P1_NoTicketIsIssuedThatCouldBeResumed) {
  const ContextPtr server_context = NewServer();
  const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
  const SslPtr client(SSL_new(client_context.get()));
  const SslPtr server(SSL_new(server_context.get()));
  ASSERT_TRUE(Handshake(client.get(), server.get()));
  // A ticket would come with the first data.
  ASSERT_EQ(SSL_write(server.get(), "x", 1), 1);
  char data;
  ASSERT_EQ(SSL_read(client.get(), &data, 1), 1);
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(client.get())), 0);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.get())), 0);
}

TEST_F(TlsPolicyTest, CanBeRepeated) {
  EXPECT_EQ(RestrictTls(), absl::OkStatus());
}

}  // namespace
}  // namespace keyward::crypto
