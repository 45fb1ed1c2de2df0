// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reloading_authenticator.h"

#include <stdlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/auth/signing_key_for_testing.h"
#include "libs/auth/test_files.h"
#include "libs/base/fake_clock.h"

namespace keyward::auth {
namespace {

class ReloadingAuthenticatorTest : public ::testing::Test {
 protected:
  ReloadingAuthenticatorTest() {
    std::string pattern = ::testing::TempDir() + "/auth_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("ca.pem", TestCertificate("corp-ca"));
    Write("jwks.json",
          JwksForTesting({SigningKeyForTesting::Ec("k", "P-256").PublicJwk()}));
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::trunc) << text;
  }

  config::v1::GatewayConfig GatewayConfig() const {
    config::v1::GatewayConfig config;
    auto* domain = config.add_trust_domains();
    domain->set_name("corp");
    domain->set_bundle_file(folder_ + "/ca.pem");
    auto* issuer = config.add_jwt_issuers();
    issuer->set_id("corp");
    issuer->set_issuer("https://corp");
    issuer->add_audiences("keyward");
    issuer->add_algorithms("ES256");
    issuer->set_jwks_file(folder_ + "/jwks.json");
    issuer->mutable_leeway()->set_seconds(1);
    issuer->mutable_leeway()->set_nanos(500000000);
    (*config.mutable_service_identities())["spiffe://corp/service/store"] =
        "store";
    return config;
  }

  static bool Accepts(ReloadingAuthenticator* authenticator,
                      absl::string_view certificate) {
    const std::string pem = TestCertificate(certificate);
    RequestCredentials request;
    request.certificate_pem = pem;
    return authenticator->authenticator()->Authenticate(request).ok();
  }

  FakeClock clock_{TestCertificatesBegin() + absl::Hours(12)};
  std::string folder_;
};

TEST_F(ReloadingAuthenticatorTest, TakesItsSettingsFromTheConfiguration) {
  const AuthSettings settings = AuthSettingsOf(GatewayConfig());
  ASSERT_EQ(settings.jwt_issuers.size(), 1u);
  EXPECT_EQ(settings.jwt_issuers[0].issuer.leeway, absl::Milliseconds(1500));
  EXPECT_EQ(settings.jwt_issuers[0].issuer.audiences.size(), 1u);
  EXPECT_EQ(settings.service_identities.size(), 1u);
  ASSERT_EQ(settings.trust_domains.size(), 1u);
  EXPECT_EQ(settings.trust_domains[0].name, "corp");
}

TEST_F(ReloadingAuthenticatorTest, GivesInternalServicesNoTokensAndNoProxies) {
  config::v1::StoreConfig config;
  config.add_trust_domains()->set_name("corp");
  const AuthSettings settings = AuthSettingsOf(config);
  EXPECT_EQ(settings.trust_domains.size(), 1u);
  EXPECT_TRUE(settings.jwt_issuers.empty());
  EXPECT_TRUE(settings.trusted_proxies_file.empty());
  EXPECT_TRUE(settings.service_identities.empty());
}

TEST_F(ReloadingAuthenticatorTest, TakesUpAChangedBundle) {
  const auto authenticator = ReloadingAuthenticator::Create(
                                 AuthSettingsOf(GatewayConfig()), 64, &clock_)
                                 .value();
  EXPECT_TRUE(Accepts(authenticator.get(), "payments"));
  Write("ca.pem", TestCertificate("other-ca"));
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kSettling);
  EXPECT_TRUE(Accepts(authenticator.get(), "payments"));
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kApplied);
  EXPECT_FALSE(Accepts(authenticator.get(), "payments"));
  EXPECT_TRUE(Accepts(authenticator.get(), "by-other-domain"));
}

TEST_F(ReloadingAuthenticatorTest, TakesItsProxiesFromTheirFile) {
  config::v1::GatewayConfig config = GatewayConfig();
  EXPECT_EQ(AuthSettingsOf(config).trusted_proxies_file, "");
  config.mutable_forwarded_client_cert()->set_trusted_proxies_file("/proxies");
  config.mutable_store()->set_spiffe_id("spiffe://corp/keyward/store");
  config.mutable_audit()->set_spiffe_id("spiffe://corp/keyward/audit");
  AuthSettings settings = AuthSettingsOf(config);
  EXPECT_EQ(settings.trusted_proxies_file, "/proxies");
  EXPECT_EQ(settings.internal_services.front(), "spiffe://corp/keyward/store");
  EXPECT_EQ(settings.internal_services.back(), "spiffe://corp/keyward/audit");
  config::v1::StandaloneConfig standalone;
  *standalone.mutable_forwarded_client_cert() = config.forwarded_client_cert();
  EXPECT_EQ(AuthSettingsOf(standalone).trusted_proxies_file, "/proxies");
}

TEST_F(ReloadingAuthenticatorTest, TakesUpChangedProxies) {
  Write("proxies", "spiffe://corp/payments # the mesh\n");
  config::v1::GatewayConfig config = GatewayConfig();
  config.mutable_forwarded_client_cert()->set_trusted_proxies_file(folder_ +
                                                                   "/proxies");
  const auto authenticator =
      ReloadingAuthenticator::Create(AuthSettingsOf(config), 64, &clock_)
          .value();
  const auto caller = [&] {
    const std::string pem = TestCertificate("payments");
    const std::vector<std::string> headers = {"URI=spiffe://corp/web"};
    RequestCredentials request;
    request.certificate_pem = pem;
    request.forwarded_client_cert = headers;
    return authenticator->authenticator()
        ->Authenticate(request)
        ->principal()
        .ToString();
  };
  EXPECT_EQ(caller(), "spiffe://corp/web");
  // One line that is none takes nobody out, and lets nobody in.
  Write("proxies", "spiffe://corp/payments, spiffe://corp/other\n");
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(authenticator->files()->Poll().status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(caller(), "spiffe://corp/web");
  Write("proxies", "# nobody\n");
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kApplied);
  EXPECT_EQ(caller(), "spiffe://corp/payments");
}

TEST_F(ReloadingAuthenticatorTest, KeepsTheLastGoodFiles) {
  const auto authenticator = ReloadingAuthenticator::Create(
                                 AuthSettingsOf(GatewayConfig()), 64, &clock_)
                                 .value();
  Write("jwks.json", "{}");
  EXPECT_EQ(authenticator->files()->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(authenticator->files()->Poll().status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(authenticator->authenticator()->generation(), 1u);
  EXPECT_TRUE(Accepts(authenticator.get(), "payments"));
}

TEST_F(ReloadingAuthenticatorTest, P8_DoesNotStartWithoutItsFiles) {
  Write("ca.pem", "");
  EXPECT_EQ(ReloadingAuthenticator::Create(AuthSettingsOf(GatewayConfig()), 64,
                                           &clock_)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  config::v1::GatewayConfig config = GatewayConfig();
  config.mutable_trust_domains(0)->set_bundle_file(folder_ + "/nothing");
  EXPECT_EQ(ReloadingAuthenticator::Create(AuthSettingsOf(config), 64, &clock_)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  Write("ca.pem", TestCertificate("corp-ca"));
  config = GatewayConfig();
  config.mutable_forwarded_client_cert()->set_trusted_proxies_file(folder_ +
                                                                   "/nothing");
  EXPECT_EQ(ReloadingAuthenticator::Create(AuthSettingsOf(config), 64, &clock_)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward::auth
