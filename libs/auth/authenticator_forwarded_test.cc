// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Callers of trusted proxies, from the request to the credential.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/authenticator.h"
#include "libs/auth/signing_key_for_testing.h"
#include "libs/auth/test_files.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;

const absl::Time kNoon = TestCertificatesBegin() + absl::Hours(12);

// The proxy's certificate is the one of testdata/store.pem, a caller's with a
// certificate of its own the one of testdata/payments.pem.
constexpr char kProxy[] = "spiffe://corp/service/store";
constexpr char kWeb[] = "URI=spiffe://corp/web";

class AuthenticatorForwardedTest : public ::testing::Test {
 protected:
  AuthConfig Config() const {
    AuthConfig config;
    config.trust_domains = {{"corp", TestCertificate("corp-ca")}};
    config.jwt_issuers = {{.id = "corp",
                           .issuer = "https://corp",
                           .audiences = {"keyward"},
                           .algorithms = {"ES256"},
                           .jwks = JwksForTesting({key_.PublicJwk()}),
                           .leeway = absl::ZeroDuration()}};
    config.trusted_proxies = {kProxy};
    config.internal_services = {"spiffe://corp/keyward/audit"};
    return config;
  }

  RequestCredentials Request(const std::string& certificate,
                             const std::vector<std::string>& headers) const {
    RequestCredentials request;
    request.certificate_pem = certificate;
    request.forwarded_client_cert = headers;
    return request;
  }

  absl::StatusOr<Credential> Authenticate(
      const std::string& certificate, const std::vector<std::string>& headers) {
    return authenticator_->Authenticate(Request(certificate, headers));
  }

  static void ExpectRefused(const absl::StatusOr<Credential>& result,
                            absl::string_view reason) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(result.status()), kUnauthenticated);
    EXPECT_THAT(std::string(result.status().message()),
                HasSubstr(std::string(reason)));
  }

  FakeClock clock_{kNoon};
  const SigningKeyForTesting key_ = SigningKeyForTesting::Ec("k1", "P-256");
  const std::string proxy_ = TestCertificate("store");
  const std::string payments_ = TestCertificate("payments");
  std::unique_ptr<Authenticator> authenticator_ =
      Authenticator::Create(Config(), 1024, &clock_).value();
};

TEST_F(AuthenticatorForwardedTest, ATrustedProxySaysWhoCalls) {
  // The second time, from the cache, too.
  for (int i = 0; i < 2; ++i) {
    const auto caller = Authenticate(proxy_, {kWeb});
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ(caller->principal().ToString(), "spiffe://corp/web");
    EXPECT_EQ(caller->method(), AuthenticationMethod::kForwarded);
    EXPECT_EQ(caller->forwarded_by(), kProxy);
  }
  // One proxy speaks for many.
  EXPECT_EQ(
      Authenticate(proxy_, {"URI=spiffe://corp/b"})->principal().ToString(),
      "spiffe://corp/b");
  EXPECT_EQ(Authenticate(proxy_, {kWeb})->principal().ToString(),
            "spiffe://corp/web");
}

TEST_F(AuthenticatorForwardedTest, P1_AHeaderOfAnyoneElseNeverCounts) {
  for (const std::vector<std::string>& headers :
       {std::vector<std::string>{kWeb}, std::vector<std::string>{kWeb, kWeb},
        std::vector<std::string>{"garbage"},
        std::vector<std::string>{
            absl::StrCat("By=", kProxy, ";URI=spiffe://corp/web")}}) {
    const auto caller = Authenticate(payments_, headers);
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ(caller->principal().ToString(), "spiffe://corp/payments");
    EXPECT_EQ(caller->method(), AuthenticationMethod::kMutualTls);
    EXPECT_EQ(caller->forwarded_by(), "");
    ExpectRefused(Authenticate("", headers), "no credential");
  }
  // Nor after the proxy has sent the same.
  ASSERT_TRUE(Authenticate(proxy_, {kWeb}).ok());
  EXPECT_EQ(Authenticate(payments_, {kWeb})->principal().ToString(),
            "spiffe://corp/payments");
}

// What is remembered of a header is remembered of its proxy's alone.
TEST_F(AuthenticatorForwardedTest, P1_WhatOneProxySaidIsNotAnothersWord) {
  AuthConfig config = Config();
  config.trusted_proxies = {kProxy, "spiffe://corp/payments"};
  ASSERT_TRUE(authenticator_->Update(config).ok());
  const std::vector<std::string> headers = {
      absl::StrCat("By=", kProxy, ";URI=spiffe://corp/web")};
  ASSERT_TRUE(Authenticate(proxy_, headers).ok());
  ExpectRefused(Authenticate(payments_, headers), "By is not");
  ASSERT_TRUE(Authenticate(proxy_, {kWeb}).ok());
  EXPECT_EQ(Authenticate(payments_, {kWeb})->forwarded_by(),
            "spiffe://corp/payments");
}

TEST_F(AuthenticatorForwardedTest, P1_AProxyIsNobodyWithoutTheHeader) {
  ExpectRefused(Authenticate(proxy_, {}), "missing");
  ExpectRefused(Authenticate(proxy_, {kWeb, kWeb}), "more than once");
  ExpectRefused(Authenticate(proxy_, {""}), "x-forwarded-client-cert");
  ExpectRefused(Authenticate(proxy_, {std::string(1 << 20, 'a')}),
                "longer than");
}

// Only the certificate of this handshake, which chains to the proxy's own
// domain, makes it the proxy.
TEST_F(AuthenticatorForwardedTest, P1_TheProxysCertificateIsVerifiedFirst) {
  RequestCredentials request;
  const std::vector<std::string> headers = {kWeb};
  request.certificate_pem = proxy_;
  request.forwarded_client_cert = headers;
  request.session_resumed = true;
  ExpectRefused(authenticator_->Authenticate(request), "resumed");
  AuthConfig config = Config();
  config.trust_domains = {{"corp", TestCertificate("other-ca")}};
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(Authenticate(proxy_, headers), "certificate: ");
}

TEST_F(AuthenticatorForwardedTest, P1_ATokenAloneDecidesThroughAProxyToo) {
  const int64_t now = absl::ToUnixSeconds(clock_.Now());
  const std::vector<std::string> good = {absl::StrCat(
      "Bearer ",
      key_.Sign("ES256",
                absl::StrCat(R"({"iss":"https://corp","aud":"keyward",)",
                             R"("sub":"alice","iat":)", now, R"(,"exp":)",
                             now + 3600, "}")))};
  const std::vector<std::string> bad = {"Bearer x"};
  for (const std::vector<std::string>& headers :
       {std::vector<std::string>{}, std::vector<std::string>{kWeb}}) {
    RequestCredentials request = Request(proxy_, headers);
    request.authorization = good;
    EXPECT_EQ(authenticator_->Authenticate(request)->principal().ToString(),
              "oidc:corp:alice");
    request.authorization = bad;
    ExpectRefused(authenticator_->Authenticate(request), "bearer token");
  }
}

TEST_F(AuthenticatorForwardedTest, P1_EndsWithTheProxysCertificate) {
  const auto caller = Authenticate(proxy_, {kWeb});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->expire_time(), TestCertificatesBegin() + absl::Hours(24));
  clock_.Advance(absl::Hours(12) - absl::Seconds(1));
  EXPECT_TRUE(Authenticate(proxy_, {kWeb}).ok());
  clock_.Advance(absl::Seconds(1));
  ExpectRefused(Authenticate(proxy_, {kWeb}), "certificate: ");
}

TEST_F(AuthenticatorForwardedTest, P1_ForgetsCallersWithTheirProxy) {
  ASSERT_TRUE(Authenticate(proxy_, {kWeb}).ok());
  AuthConfig config = Config();
  config.trusted_proxies.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  // It is a caller like any other from now on, whatever it sends.
  const auto caller = Authenticate(proxy_, {kWeb});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->principal().ToString(), kProxy);
  EXPECT_EQ(caller->method(), AuthenticationMethod::kMutualTls);
}

TEST_F(AuthenticatorForwardedTest, P1_AsksAgainForWhatAProxyHasSaid) {
  const std::vector<std::string> headers = {kWeb};
  const RequestCredentials request = Request(proxy_, headers);
  const Credential caller = authenticator_->Authenticate(request).value();
  // Nothing that it rests on changes.
  AuthConfig config = Config();
  config.trust_domains.push_back({"other", TestCertificate("other-ca")});
  ASSERT_TRUE(authenticator_->Update(config).ok());
  const auto again = authenticator_->Reauthenticate(caller, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->principal(), caller.principal());
  EXPECT_EQ(again->forwarded_by(), kProxy);
  // The caller becomes a service of Keyward's.
  config.internal_services.push_back("spiffe://corp/web");
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(caller, request), "services");
  // The proxy is taken out.
  config = Config();
  config.trusted_proxies.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(caller, request),
                "no trusted proxy any more");
  // So is its authority.
  config = Config();
  config.trust_domains = {{"corp", TestCertificate("other-ca")}};
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(caller, request),
                "certificate: ");
}

// What was opened with a certificate of one's own does not go on as a proxy's.
TEST_F(AuthenticatorForwardedTest, P1_ACallerThatBecomesAProxyIsNoneAgain) {
  const Credential caller = Authenticate(payments_, {}).value();
  AuthConfig config = Config();
  config.trusted_proxies = {"spiffe://corp/payments"};
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(caller, Request(payments_, {})),
                "missing");
  const std::vector<std::string> headers = {kWeb};
  ExpectRefused(
      authenticator_->Reauthenticate(caller, Request(payments_, headers)),
      "another principal");
}

TEST_F(AuthenticatorForwardedTest, P1_NoProxySpeaksForAMappedService) {
  AuthConfig config = Config();
  config.service_identities = {{"spiffe://corp/rotator", "rotation"}};
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(Authenticate(proxy_, {"URI=spiffe://corp/rotator"}),
                "services");
  ExpectRefused(Authenticate(proxy_, {"URI=spiffe://corp/keyward/audit"}),
                "services");
}

TEST_F(AuthenticatorForwardedTest, KeepsTheOldRulesIfAProxyCannotBe) {
  for (const char* proxy :
       {"spiffe://nowhere/mesh", "mesh", "spiffe://corp/keyward/audit"}) {
    AuthConfig config = Config();
    config.trusted_proxies = {proxy};
    EXPECT_EQ(authenticator_->Update(config).code(),
              absl::StatusCode::kInvalidArgument);
  }
  AuthConfig config = Config();
  config.service_identities = {{kProxy, "store"}};
  EXPECT_EQ(authenticator_->Update(config).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(authenticator_->generation(), 1u);
  EXPECT_TRUE(Authenticate(proxy_, {kWeb}).ok());
}

}  // namespace
}  // namespace keyward::auth
