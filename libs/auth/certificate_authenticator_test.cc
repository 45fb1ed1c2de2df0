// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/certificate_authenticator.h"

#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/test_files.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const absl::Time kBegin = TestCertificatesBegin();
const absl::Time kNoon = kBegin + absl::Hours(12);
const absl::Time kEnd = kBegin + absl::Hours(24);

class CertificateAuthenticatorTest : public ::testing::Test {
 protected:
  absl::StatusOr<Credential> Authenticate(const std::string& leaf,
                                          const std::string& chain = "",
                                          absl::Time now = kNoon) const {
    return authenticator_.Authenticate(leaf, chain, now);
  }

  // Expects UNAUTHENTICATED and answers the message.
  std::string Refusal(const std::string& leaf, const std::string& chain = "",
                      absl::Time now = kNoon) const {
    const absl::Status status = Authenticate(leaf, chain, now).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(status), kUnauthenticated);
    EXPECT_THAT(std::string(status.message()), StartsWith("certificate: "));
    return std::string(status.message());
  }

  const CertificateAuthenticator authenticator_{
      TrustBundles::Create({{"corp", TestCertificate("corp-ca")},
                            {"other", TestCertificate("other-ca")}})
          .value()};
};

TEST_F(CertificateAuthenticatorTest, ProvesTheWorkloadOfACertificate) {
  const auto credential = Authenticate(TestCertificate("payments"));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->principal().ToString(), "spiffe://corp/payments");
  EXPECT_EQ(credential->principal().kind(), Principal::Kind::kSpiffe);
  EXPECT_EQ(credential->method(), AuthenticationMethod::kMutualTls);
  EXPECT_THAT(credential->id(), StartsWith("certificate:"));
  EXPECT_EQ(credential->id().size(), 12u + 64u);
  EXPECT_EQ(credential->expire_time(), kEnd);
}

TEST_F(CertificateAuthenticatorTest, AcceptsWhatTheStandardLeavesFree) {
  EXPECT_TRUE(Authenticate(TestCertificate("payments-no-eku")).ok());
  EXPECT_TRUE(Authenticate(TestCertificate("payments-with-dns")).ok());
}

TEST_F(CertificateAuthenticatorTest, FollowsTheChainThatItsHolderSent) {
  const std::string leaf = TestCertificate("payments-by-intermediate");
  EXPECT_TRUE(Authenticate(leaf, TestCertificate("intermediate")).ok());
  // gRPC's property has what was sent; the root may be among it.
  EXPECT_TRUE(Authenticate(leaf, TestCertificate("corp-ca") +
                                     TestCertificate("intermediate"))
                  .ok());
  Refusal(leaf);
}

// The credential is remembered and keeps streams open until it expires: with
// the leaf's end it would outlive the authority that vouches for it.
TEST_F(CertificateAuthenticatorTest, P1_ExpiresWithTheFirstOfTheChain) {
  const std::string leaf = TestCertificate("payments-by-short-intermediate");
  const std::string chain = TestCertificate("short-intermediate");
  const absl::Time end = kBegin + absl::Hours(18);
  const auto credential = Authenticate(leaf, chain);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->expire_time(), end);
  EXPECT_TRUE(Authenticate(leaf, chain, end - absl::Seconds(1)).ok());
  EXPECT_THAT(Refusal(leaf, chain, end), HasSubstr("expired"));
}

TEST_F(CertificateAuthenticatorTest, P1_RefusesWhatAnotherDomainSigned) {
  Refusal(TestCertificate("by-other-domain"));
  // Its authority sent along does not make it one of ours.
  Refusal(TestCertificate("by-other-domain"), TestCertificate("other-ca"));
}

TEST_F(CertificateAuthenticatorTest, P1_RefusesWhatNoAuthoritySigned) {
  Refusal(TestCertificate("by-nobody"));
  Refusal(TestCertificate("by-nobody"), TestCertificate("by-nobody"));
  Refusal(TestCertificate("by-a-leaf"), TestCertificate("payments"));
}

TEST_F(CertificateAuthenticatorTest, P1_RefusesUnknownTrustDomains) {
  EXPECT_THAT(Refusal(TestCertificate("unknown-domain")),
              HasSubstr("not configured"));
}

TEST_F(CertificateAuthenticatorTest, P1_RefusesExpiredAndFutureCertificates) {
  const std::string leaf = TestCertificate("payments");
  EXPECT_TRUE(Authenticate(leaf, "", kBegin).ok());
  EXPECT_TRUE(Authenticate(leaf, "", kEnd - absl::Seconds(1)).ok());
  EXPECT_THAT(Refusal(leaf, "", kBegin - absl::Seconds(1)),
              HasSubstr("not yet valid"));
  EXPECT_THAT(Refusal(leaf, "", kEnd + absl::Seconds(1)), HasSubstr("expired"));
}

TEST_F(CertificateAuthenticatorTest, P8_RefusesAnythingButOneSpiffeId) {
  for (const char* name : {"no-name", "dns-only"}) {
    EXPECT_THAT(Refusal(TestCertificate(name)), HasSubstr("no SPIFFE id"))
        << name;
  }
  for (const char* name : {"two-ids", "id-and-url"}) {
    EXPECT_THAT(Refusal(TestCertificate(name)), HasSubstr("more than one URI"))
        << name;
  }
  EXPECT_THAT(Refusal(TestCertificate("url-only")), HasSubstr("spiffe://"));
  EXPECT_THAT(Refusal(TestCertificate("domain-only")), HasSubstr("path"));
  EXPECT_THAT(Refusal(TestCertificate("encoded-id")), HasSubstr("path"));
  EXPECT_THAT(Refusal(TestCertificate("dotted-id")), HasSubstr("segments"));
}

TEST_F(CertificateAuthenticatorTest, P8_RefusesCertificatesThatMaySign) {
  EXPECT_THAT(Refusal(TestCertificate("authority-leaf")),
              HasSubstr("an authority's"));
  EXPECT_THAT(Refusal(TestCertificate("signing-leaf")), HasSubstr("signing"));
  EXPECT_THAT(Refusal(TestCertificate("crl-leaf")), HasSubstr("signing"));
  EXPECT_THAT(Refusal(TestCertificate("corp-ca")), HasSubstr("path"));
}

TEST_F(CertificateAuthenticatorTest, P8_RefusesOtherUsages) {
  EXPECT_THAT(Refusal(TestCertificate("no-key-usage")),
              HasSubstr("digitalSignature"));
  EXPECT_THAT(Refusal(TestCertificate("no-digital-signature")),
              HasSubstr("digitalSignature"));
  EXPECT_THAT(Refusal(TestCertificate("server-only")), HasSubstr("clientAuth"));
  EXPECT_THAT(Refusal(TestCertificate("client-only")), HasSubstr("serverAuth"));
}

TEST_F(CertificateAuthenticatorTest, P8_RefusesAnIntermediateWithAnId) {
  EXPECT_THAT(Refusal(TestCertificate("by-intermediate-with-id"),
                      TestCertificate("intermediate-with-id")),
              HasSubstr("intermediate"));
}

TEST_F(CertificateAuthenticatorTest, BoundsWhatItReads) {
  const std::string leaf = TestCertificate("payments");
  EXPECT_THAT(Refusal(leaf + std::string(20000, '\n')), HasSubstr("too long"));
  EXPECT_THAT(Refusal(leaf, std::string(70000, '\n')), HasSubstr("too long"));
  std::string many;
  for (int i = 0; i < 9; ++i) many += TestCertificate("intermediate");
  EXPECT_THAT(Refusal(leaf, many), HasSubstr("too long"));
  EXPECT_THAT(Refusal(leaf + leaf), HasSubstr("more than one"));
}

TEST_F(CertificateAuthenticatorTest, RefusesBytesThatAreNoCertificate) {
  for (const std::string& text :
       {std::string("x"), std::string("-----BEGIN CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n"
                    "-----END CERTIFICATE-----\n")}) {
    Refusal(text);
    Refusal(TestCertificate("payments"), text);
  }
}

TEST_F(CertificateAuthenticatorTest, P1_RefusesEveryCertificateWithAFlip) {
  const std::string leaf = TestCertificate("payments");
  const size_t begin = leaf.find('\n') + 1;
  const size_t end = leaf.rfind("\n-----END");
  for (size_t i = begin; i < end; i += 3) {
    std::string flipped = leaf;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    const auto credential = Authenticate(flipped);
    if (flipped != leaf && flipped[i] != '\n') {
      EXPECT_FALSE(credential.ok()) << i;
    }
  }
}

}  // namespace
}  // namespace keyward::auth
