// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/authenticator.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/signing_key_for_testing.h"
#include "libs/auth/test_files.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNoon = TestCertificatesBegin() + absl::Hours(12);

class AuthenticatorTest : public ::testing::Test {
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
    config.service_identities = {{"spiffe://corp/service/store", "store"}};
    return config;
  }

  // A token of an hour, from now on.
  std::string Token(absl::string_view subject = "alice") const {
    const int64_t now = absl::ToUnixSeconds(clock_.Now());
    return key_.Sign("ES256",
                     absl::StrCat(R"({"iss":"https://corp","aud":"keyward",)",
                                  R"("sub":")", subject, R"(","iat":)", now,
                                  R"(,"exp":)", now + 3600, "}"));
  }

  absl::StatusOr<Credential> WithCertificate(absl::string_view name) {
    certificate_ = TestCertificate(name);
    RequestCredentials request;
    request.certificate_pem = certificate_;
    return authenticator_->Authenticate(request);
  }

  absl::StatusOr<Credential> WithHeaders(
      const std::vector<std::string>& headers,
      absl::string_view certificate = "") {
    if (!certificate.empty()) certificate_ = TestCertificate(certificate);
    RequestCredentials request;
    request.authorization = headers;
    if (!certificate.empty()) request.certificate_pem = certificate_;
    return authenticator_->Authenticate(request);
  }

  static void ExpectRefused(const absl::StatusOr<Credential>& result) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(result.status()), kUnauthenticated);
  }

  FakeClock clock_{kNoon};
  const SigningKeyForTesting key_ = SigningKeyForTesting::Ec("k1", "P-256");
  std::string certificate_;
  std::unique_ptr<Authenticator> authenticator_ =
      Authenticator::Create(Config(), 1024, &clock_).value();
};

TEST_F(AuthenticatorTest, ProvesACallerByCertificateOrToken) {
  EXPECT_EQ(WithCertificate("payments")->principal().ToString(),
            "spiffe://corp/payments");
  EXPECT_EQ(WithHeaders({"Bearer " + Token()})->principal().ToString(),
            "oidc:corp:alice");
  EXPECT_TRUE(WithHeaders({"bearer " + Token()}).ok());
}

TEST_F(AuthenticatorTest, P1_RefusesARequestWithoutACredential) {
  const auto result = WithHeaders({});
  ExpectRefused(result);
  EXPECT_THAT(result.status().message(), HasSubstr("no credential"));
}

TEST_F(AuthenticatorTest, P1_LetsATokenAloneDecide) {
  EXPECT_EQ(WithHeaders({"Bearer " + Token("bob")}, "payments")
                ->principal()
                .ToString(),
            "oidc:corp:bob");
}

// The certificate beside it is good: it must not matter.
TEST_F(AuthenticatorTest, P1_NeverFallsBackFromABadTokenToTheCertificate) {
  ASSERT_TRUE(WithCertificate("payments").ok());
  const auto other = SigningKeyForTesting::Ec("k1", "P-256");
  for (const std::string& header :
       {std::string(), std::string("Bearer"), std::string("Bearer "),
        std::string("Bearer x"), std::string("Basic YTpi"),
        std::string("Bearer  ") + Token(), Token(), "Bearer " + Token() + " ",
        "Bearer " + other.Sign("ES256", "{}")}) {
    ExpectRefused(WithHeaders({header}, "payments"));
  }
}

TEST_F(AuthenticatorTest, P8_RefusesTwoAuthorizationHeaders) {
  const std::string good = "Bearer " + Token();
  ExpectRefused(WithHeaders({good, good}));
  ExpectRefused(WithHeaders({"", good}, "payments"));
}

TEST_F(AuthenticatorTest, P1_ARememberedCertificateEndsWithItsIntermediate) {
  certificate_ = TestCertificate("payments-by-short-intermediate");
  const std::string chain = TestCertificate("short-intermediate");
  RequestCredentials request;
  request.certificate_pem = certificate_;
  request.chain_pem = chain;
  ASSERT_TRUE(authenticator_->Authenticate(request).ok());
  clock_.Advance(absl::Hours(6) - absl::Seconds(1));
  EXPECT_TRUE(authenticator_->Authenticate(request).ok());
  clock_.Advance(absl::Seconds(1));
  ExpectRefused(authenticator_->Authenticate(request));
}

TEST_F(AuthenticatorTest, P1_RefusesTheCertificateOfAResumedSession) {
  certificate_ = TestCertificate("payments");
  RequestCredentials request;
  request.certificate_pem = certificate_;
  ASSERT_TRUE(authenticator_->Authenticate(request).ok());
  request.session_resumed = true;
  ExpectRefused(authenticator_->Authenticate(request));
}

TEST_F(AuthenticatorTest, MapsServiceIdentitiesToSystemPrincipals) {
  const auto credential = WithCertificate("store");
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->principal().ToString(), "system:store");
  EXPECT_EQ(credential->principal().kind(), Principal::Kind::kSystem);
  EXPECT_THAT(credential->id(), HasSubstr("certificate:"));
  // The second time, from the cache, too.
  EXPECT_EQ(WithCertificate("store")->principal().ToString(), "system:store");
}

TEST_F(AuthenticatorTest, P1_MapsNoTokenToASystemPrincipal) {
  EXPECT_EQ(WithHeaders({"Bearer " + Token("spiffe://corp/service/store")})
                ->principal()
                .ToString(),
            "oidc:corp:spiffe://corp/service/store");
  EXPECT_EQ(
      WithHeaders({"Bearer " + Token("system:store")})->principal().kind(),
      Principal::Kind::kOidc);
}

TEST_F(AuthenticatorTest, P1_ForgetsCachedCredentialsWhenTheyExpire) {
  const std::string header = "Bearer " + Token();
  ASSERT_TRUE(WithHeaders({header}).ok());
  ASSERT_TRUE(WithCertificate("payments").ok());
  clock_.Advance(absl::Seconds(3599));
  EXPECT_TRUE(WithHeaders({header}).ok());
  clock_.Advance(absl::Seconds(1));
  ExpectRefused(WithHeaders({header}));
  clock_.Advance(absl::Hours(12));
  ExpectRefused(WithCertificate("payments"));
}

TEST_F(AuthenticatorTest, P1_ForgetsCachedCredentialsWhenTrustIsWithdrawn) {
  const std::string header = "Bearer " + Token();
  ASSERT_TRUE(WithHeaders({header}).ok());
  ASSERT_TRUE(WithCertificate("payments").ok());
  AuthConfig config = Config();
  config.trust_domains = {{"corp", TestCertificate("other-ca")}};
  config.jwt_issuers.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(WithHeaders({header}));
  ExpectRefused(WithCertificate("payments"));
}

TEST_F(AuthenticatorTest, P1_ForgetsAServiceWhoseMappingIsWithdrawn) {
  ASSERT_EQ(WithCertificate("store")->principal().kind(),
            Principal::Kind::kSystem);
  AuthConfig config = Config();
  config.service_identities.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  EXPECT_EQ(WithCertificate("store")->principal().ToString(),
            "spiffe://corp/service/store");
}

TEST_F(AuthenticatorTest, P1_BelievesACredentialAgainOnlyUnderTheNewRules) {
  const Credential token = WithHeaders({"Bearer " + Token()}).value();
  const Credential certificate = WithCertificate("payments").value();
  RequestCredentials request;
  request.certificate_pem = certificate_;
  // The same, another end apart, while nothing that they rest on changes.
  AuthConfig config = Config();
  config.trust_domains.push_back({"other", TestCertificate("other-ca")});
  config.jwt_issuers[0].leeway = absl::Seconds(7);
  ASSERT_TRUE(authenticator_->Update(config).ok());
  EXPECT_EQ(authenticator_->Reauthenticate(token, {})->expire_time(),
            token.expire_time() + absl::Seconds(7));
  EXPECT_EQ(authenticator_->Reauthenticate(certificate, request)->expire_time(),
            certificate.expire_time());
  // Each without what it rests on, and the other with it.
  config.jwt_issuers.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(token, {}));
  EXPECT_TRUE(authenticator_->Reauthenticate(certificate, request).ok());
  config = Config();
  config.trust_domains = {{"corp", TestCertificate("other-ca")}};
  config.service_identities.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  EXPECT_TRUE(authenticator_->Reauthenticate(token, {}).ok());
  ExpectRefused(authenticator_->Reauthenticate(certificate, request));
  // Without the certificate there is nothing to verify.
  ExpectRefused(authenticator_->Reauthenticate(certificate, {}));
}

// A token stays a token's, whatever certificate the connection has.
TEST_F(AuthenticatorTest, P1_NoCertificateStandsInForATokenThatIsGone) {
  const Credential token =
      WithHeaders({"Bearer " + Token()}, "payments").value();
  RequestCredentials request;
  request.certificate_pem = certificate_;
  AuthConfig config = Config();
  config.jwt_issuers.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(token, request));
}

TEST_F(AuthenticatorTest, P1_ACredentialOfAnotherPrincipalIsNoneAgain) {
  const Credential store = WithCertificate("store").value();
  RequestCredentials request;
  request.certificate_pem = certificate_;
  EXPECT_TRUE(authenticator_->Reauthenticate(store, request).ok());
  AuthConfig config = Config();
  config.service_identities.clear();
  ASSERT_TRUE(authenticator_->Update(config).ok());
  ExpectRefused(authenticator_->Reauthenticate(store, request));
}

TEST_F(AuthenticatorTest, CountsGenerations) {
  EXPECT_EQ(authenticator_->generation(), 1u);
  ASSERT_TRUE(authenticator_->Update(Config()).ok());
  EXPECT_EQ(authenticator_->generation(), 2u);
}

TEST_F(AuthenticatorTest, KeepsTheOldConfigurationWhenTheNewOneIsBad) {
  AuthConfig config = Config();
  config.jwt_issuers[0].jwks = "{}";
  EXPECT_EQ(authenticator_->Update(config).code(),
            absl::StatusCode::kInvalidArgument);
  config = Config();
  config.trust_domains[0].bundle_pem = "garbage";
  EXPECT_EQ(authenticator_->Update(config).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(authenticator_->generation(), 1u);
  EXPECT_TRUE(WithCertificate("payments").ok());
}

TEST_F(AuthenticatorTest, RefusesServiceIdentitiesThatCannotBe) {
  for (const auto& [id, name] :
       std::vector<std::pair<std::string, std::string>>{
           {"store", "store"},
           {"spiffe://corp", "store"},
           {"spiffe://nowhere/store", "store"},
           {"spiffe://corp/store", "system:store"},
           {"spiffe://corp/store", ""}}) {
    AuthConfig config = Config();
    config.service_identities = {{id, name}};
    EXPECT_EQ(authenticator_->Update(config).code(),
              absl::StatusCode::kInvalidArgument)
        << id;
  }
  AuthConfig config = Config();
  for (int i = 0; i < 17; ++i) {
    config.service_identities[absl::StrCat("spiffe://corp/s", i)] = "store";
  }
  EXPECT_EQ(authenticator_->Update(config).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AuthenticatorTest, P8_BelievesNobodyWithoutAConfiguration) {
  authenticator_ = Authenticator::Create({}, 64, &clock_).value();
  ExpectRefused(WithCertificate("payments"));
  ExpectRefused(WithHeaders({"Bearer " + Token()}));
}

TEST_F(AuthenticatorTest, ErrorsRepeatNothingOfTheHeader) {
  for (const char* header : {"Basic hunter2", "Bearer hunter2", "hunter2"}) {
    const auto result = WithHeaders({header});
    ExpectRefused(result);
    EXPECT_THAT(result.status().message(), Not(HasSubstr("hunter2")));
  }
  ExpectRefused(WithHeaders({"Bearer " + std::string(1 << 20, 'a')}));
}

// Once an Update has returned, nobody is believed who was only believed before
// it, however many threads are verifying at that moment.
TEST_F(AuthenticatorTest, P1_HoldsWithdrawalsUnderConcurrency) {
  const std::string header = "Bearer " + Token();
  AuthConfig without = Config();
  without.jwt_issuers.clear();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const std::vector<std::string> headers = {header};
      RequestCredentials request;
      request.authorization = headers;
      while (!stop.load()) (void)authenticator_->Authenticate(request);
    });
  }
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(authenticator_->Update(without).ok());
    ExpectRefused(WithHeaders({header}));
    ASSERT_TRUE(authenticator_->Update(Config()).ok());
    EXPECT_TRUE(WithHeaders({header}).ok());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace keyward::auth
