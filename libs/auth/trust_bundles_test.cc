// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/trust_bundles.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/test_files.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;

const absl::Time kNoon = TestCertificatesBegin() + absl::Hours(12);

std::unique_ptr<TrustBundles> CorpAndOther() {
  return TrustBundles::Create({{"corp", TestCertificate("corp-ca")},
                               {"other", TestCertificate("other-ca")}})
      .value();
}

std::string Refusal(std::vector<TrustDomain> domains) {
  const absl::Status status = TrustBundles::Create(std::move(domains)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(TrustBundlesTest, VerifiesAgainstTheDomainsOwnAuthorities) {
  const auto bundles = CorpAndOther();
  EXPECT_TRUE(bundles->Verify("corp", TestCertificate("payments"), kNoon).ok());
  EXPECT_TRUE(
      bundles->Verify("other", TestCertificate("by-other-domain"), kNoon).ok());
}

// The TLS handshake, which knows one pile of authorities, lets both through.
TEST(TrustBundlesTest, P1_RefusesWhatAnotherDomainsAuthoritySigned) {
  const auto bundles = CorpAndOther();
  EXPECT_EQ(bundles->Verify("corp", TestCertificate("by-other-domain"), kNoon)
                .status()
                .code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(bundles->Verify("other", TestCertificate("payments"), kNoon)
                .status()
                .code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(TrustBundlesTest, P8_RefusesADomainThatIsNotConfigured) {
  const auto bundles = CorpAndOther();
  for (const char* name : {"", "Corp", "corp2", "cor", "nowhere"}) {
    EXPECT_EQ(bundles->Verify(name, TestCertificate("payments"), kNoon)
                  .status()
                  .code(),
              absl::StatusCode::kUnauthenticated)
        << name;
  }
  EXPECT_EQ(TrustBundles::Create({})
                .value()
                ->Verify("corp", TestCertificate("payments"), kNoon)
                .status()
                .code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(TrustBundlesTest, AcceptsAnyAuthorityOfABundle) {
  const auto bundles =
      TrustBundles::Create(
          {{"corp", TestCertificate("other-ca") + TestCertificate("corp-ca")}})
          .value();
  EXPECT_TRUE(bundles->Verify("corp", TestCertificate("payments"), kNoon).ok());
}

TEST(TrustBundlesTest, TellsWhenThePathEnds) {
  const auto bundles = CorpAndOther();
  EXPECT_EQ(bundles->Verify("corp", TestCertificate("payments"), kNoon).value(),
            TestCertificatesBegin() + absl::Hours(24));
  EXPECT_EQ(bundles
                ->Verify("corp",
                         TestCertificate("payments-by-short-intermediate") +
                             TestCertificate("short-intermediate"),
                         kNoon)
                .value(),
            TestCertificatesBegin() + absl::Hours(18));
}

TEST(TrustBundlesTest, JoinsAllAuthoritiesForTheHandshake) {
  std::string without_line_end = TestCertificate("corp-ca");
  without_line_end.pop_back();
  const auto bundles =
      TrustBundles::Create(
          {{"corp", without_line_end}, {"other", TestCertificate("other-ca")}})
          .value();
  EXPECT_EQ(bundles->AllPem(),
            TestCertificate("corp-ca") + TestCertificate("other-ca"));
}

TEST(TrustBundlesTest, P8_RefusesABundleThatHoldsNoAuthorities) {
  EXPECT_THAT(Refusal({{"corp", ""}}), HasSubstr("\"corp\": the bundle"));
  EXPECT_THAT(Refusal({{"corp", "not PEM"}}), HasSubstr("the bundle"));
  EXPECT_THAT(Refusal({{"corp", TestCertificate("payments")}}),
              HasSubstr("certificate 1 of the bundle is not an authority's"));
  EXPECT_THAT(Refusal({{"corp", TestCertificate("corp-ca") +
                                    TestCertificate("authority-leaf")}}),
              HasSubstr("certificate 2 of the bundle may not sign"));
}

TEST(TrustBundlesTest, P8_RefusesATruncatedBundle) {
  const std::string bundle =
      TestCertificate("corp-ca") + TestCertificate("other-ca");
  Refusal({{"corp", bundle.substr(0, bundle.size() - 60)}});
}

TEST(TrustBundlesTest, RefusesNamesThatAreNoneOrTwice) {
  const std::string pem = TestCertificate("corp-ca");
  EXPECT_THAT(Refusal({{"Corp", pem}}), HasSubstr("trust domain"));
  EXPECT_THAT(Refusal({{"", pem}}), HasSubstr("trust domain"));
  EXPECT_THAT(Refusal({{"spiffe://corp", pem}}), HasSubstr("trust domain"));
  EXPECT_THAT(Refusal({{"corp", pem}, {"corp", pem}}), HasSubstr("twice"));
}

TEST(TrustBundlesTest, BoundsDomainsAuthoritiesAndBytes) {
  const std::string pem = TestCertificate("corp-ca");
  EXPECT_THAT(Refusal(std::vector<TrustDomain>(33, {"corp", pem})),
              HasSubstr("32"));
  std::string many;
  for (size_t i = 0; i <= TrustBundles::kMaxAuthorities; ++i) many += pem;
  EXPECT_THAT(Refusal({{"corp", many}}), HasSubstr("64"));
  EXPECT_THAT(
      Refusal({{"corp", std::string(TrustBundles::kMaxBundleBytes + 1, '#')}}),
      HasSubstr("larger"));
}

}  // namespace
}  // namespace keyward::auth
