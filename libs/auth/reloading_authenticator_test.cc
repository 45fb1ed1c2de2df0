// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reloading_authenticator.h"

#include <stdlib.h>

#include <fstream>
#include <string>

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

TEST_F(ReloadingAuthenticatorTest, GivesInternalServicesNoTokens) {
  config::v1::StoreConfig config;
  config.add_trust_domains()->set_name("corp");
  const AuthSettings settings = AuthSettingsOf(config);
  EXPECT_EQ(settings.trust_domains.size(), 1u);
  EXPECT_TRUE(settings.jwt_issuers.empty());
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
}

}  // namespace
}  // namespace keyward::auth
