// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/certificate_authority.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/test_certificates.h"
#include "libs/crypto/x509.h"

namespace keyward::crypto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kYear = absl::Hours(24 * 365);

class CertificateAuthorityTest : public testing::Test {
 protected:
  static CertificateAuthority::LeafRequest Request() {
    CertificateAuthority::LeafRequest request;
    request.spiffe_id = "spiffe://keyward.internal/workload/payments";
    request.lifetime = absl::Hours(24);
    return request;
  }

  absl::Status IssueStatus(const CertificateAuthority::LeafRequest& request) {
    return ca_->Issue(request, kNow, random_).status();
  }

  FakeRandom random_;
  const std::unique_ptr<CertificateAuthority> ca_ =
      CertificateAuthority::Create("keyward.internal", kNow, kYear, random_)
          .value();
};

TEST_F(CertificateAuthorityTest, CertificateIsASpiffeSigningCertificate) {
  const CertificateInfo info =
      ParseCertificatePem(ca_->certificate_pem()).value();
  EXPECT_TRUE(info.is_ca);
  EXPECT_TRUE(info.has_key_usage);
  EXPECT_TRUE(info.allows_certificate_signing);
  EXPECT_FALSE(info.allows_digital_signature);
  EXPECT_THAT(info.uri_sans, ElementsAre("spiffe://keyward.internal"));
  EXPECT_EQ(info.subject, "CN=Keyward development CA,O=Keyward");
  EXPECT_EQ(info.not_before, kNow - CertificateAuthority::kBackdating);
  EXPECT_EQ(info.not_after, kNow + kYear);
  EXPECT_EQ(ca_->trust_domain(), "keyward.internal");
}

TEST_F(CertificateAuthorityTest, LeafIsAnSvid) {
  const auto leaf = ca_->Issue(Request(), kNow, random_).value();
  const CertificateInfo info =
      ParseCertificatePem(leaf.certificate_pem).value();
  EXPECT_FALSE(info.is_ca);
  EXPECT_TRUE(info.has_key_usage);
  EXPECT_TRUE(info.allows_digital_signature);
  EXPECT_FALSE(info.allows_certificate_signing);
  EXPECT_FALSE(info.allows_crl_signing);
  EXPECT_TRUE(info.has_extended_key_usage);
  EXPECT_TRUE(info.allows_client_auth);
  EXPECT_TRUE(info.allows_server_auth);
  EXPECT_THAT(info.uri_sans,
              ElementsAre("spiffe://keyward.internal/workload/payments"));
  EXPECT_THAT(info.dns_sans, IsEmpty());
  EXPECT_EQ(info.common_name, "payments");
  EXPECT_EQ(info.not_before, kNow - CertificateAuthority::kBackdating);
  EXPECT_EQ(info.not_after, kNow + absl::Hours(24));
}

TEST_F(CertificateAuthorityTest, LeafVerifiesAndMatchesItsKey) {
  const auto leaf = ca_->Issue(Request(), kNow, random_).value();
  EXPECT_EQ(
      VerifyClientChain(leaf.certificate_pem, ca_->certificate_pem(), kNow)
          .status(),
      absl::OkStatus());
  EXPECT_EQ(CheckPrivateKeyMatches(leaf.certificate_pem,
                                   leaf.private_key_pem.ExposeSecret()),
            absl::OkStatus());
}

TEST_F(CertificateAuthorityTest, LeafOfAnotherCaOfTheSameNameDoesNotVerify) {
  const auto other =
      CertificateAuthority::Create("keyward.internal", kNow, kYear, random_)
          .value();
  const auto leaf = other->Issue(Request(), kNow, random_).value();
  EXPECT_EQ(
      VerifyClientChain(leaf.certificate_pem, ca_->certificate_pem(), kNow)
          .status()
          .code(),
      absl::StatusCode::kUnauthenticated);
}

TEST_F(CertificateAuthorityTest, LeafHasTheOtherNamesAsked) {
  CertificateAuthority::LeafRequest request = Request();
  request.dns_names = {"localhost", "gateway.example.com"};
  request.ip_addresses = {"127.0.0.1", "::1"};
  const auto leaf = ca_->Issue(request, kNow, random_).value();
  const CertificateInfo info =
      ParseCertificatePem(leaf.certificate_pem).value();
  EXPECT_THAT(info.dns_sans, ElementsAre("localhost", "gateway.example.com"));
  EXPECT_THAT(info.ip_sans, ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(info.uri_sans.size(), 1u);
}

TEST_F(CertificateAuthorityTest, EveryLeafHasItsOwnKeyAndSerial) {
  const auto a = ca_->Issue(Request(), kNow, random_).value();
  const auto b = ca_->Issue(Request(), kNow, random_).value();
  EXPECT_FALSE(a.private_key_pem.Equals(b.private_key_pem));
  EXPECT_NE(ParseCertificatePem(a.certificate_pem)->serial_hex,
            ParseCertificatePem(b.certificate_pem)->serial_hex);
}

TEST_F(CertificateAuthorityTest, SerialIsPositiveWhateverTheRandomBytes) {
  random_.Queue(std::string(16, '\xff'));
  const auto high = ca_->Issue(Request(), kNow, random_).value();
  EXPECT_EQ(ParseCertificatePem(high.certificate_pem)->serial_hex,
            "7f" + std::string(30, 'f'));
  random_.Queue(std::string(16, '\0'));
  const auto low = ca_->Issue(Request(), kNow, random_).value();
  EXPECT_EQ(ParseCertificatePem(low.certificate_pem)->serial_hex,
            "40" + std::string(30, '0'));
}

TEST_F(CertificateAuthorityTest, RefusesIdsThatAreNotOfItsTrustDomain) {
  for (const char* id :
       {"", "payments", "spiffe://keyward.internal", "spiffe://other/a",
        "spiffe://keyward.internal/", "spiffe://keyward.internal//a",
        "spiffe://keyward.internal/a/", "spiffe://keyward.internal/a/../b",
        "spiffe://keyward.internal/./a", "spiffe://keyward.internal.evil/a",
        "SPIFFE://keyward.internal/a", "spiffe://Keyward.internal/a",
        "spiffe://keyward.internal/a b", "spiffe://keyward.internal/a%2fb",
        "spiffe://keyward.internal/a?q", "spiffe://keyward.internal/a,URI:x",
        "spiffe://keyward.internal/\xc3\xa4", "https://keyward.internal/a"}) {
    CertificateAuthority::LeafRequest request = Request();
    request.spiffe_id = id;
    EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument)
        << id;
  }
}

TEST_F(CertificateAuthorityTest, RefusesAnIdAboveTheBound) {
  CertificateAuthority::LeafRequest request = Request();
  request.spiffe_id = "spiffe://keyward.internal/";
  request.spiffe_id.resize(2048, 'a');
  EXPECT_EQ(IssueStatus(request), absl::OkStatus());
  request.spiffe_id += 'a';
  EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificateAuthorityTest, RefusesOtherNamesThatAreNone) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("*.example.com"),
        std::string("a..b"), std::string("-a"), std::string("a-"),
        std::string("a,DNS:b"), std::string(64, 'a'), std::string(254, 'a')}) {
    CertificateAuthority::LeafRequest request = Request();
    request.dns_names = {name};
    EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  for (const char* ip : {"", "localhost", "1.2.3", "1.2.3.4/8", "::1%eth0"}) {
    CertificateAuthority::LeafRequest request = Request();
    request.ip_addresses = {ip};
    EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument)
        << ip;
  }
}

TEST_F(CertificateAuthorityTest, BoundsTheNumberOfNames) {
  CertificateAuthority::LeafRequest request = Request();
  request.dns_names.assign(CertificateAuthority::kMaxLeafNames, "a.example");
  EXPECT_EQ(IssueStatus(request), absl::OkStatus());
  request.ip_addresses = {"127.0.0.1"};
  EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificateAuthorityTest, BoundsTheLifetime) {
  CertificateAuthority::LeafRequest request = Request();
  for (const absl::Duration bad :
       {absl::ZeroDuration(), -absl::Hours(1), absl::Seconds(59),
        absl::InfiniteDuration(),
        CertificateAuthority::kMaxLeafLifetime + absl::Seconds(1)}) {
    request.lifetime = bad;
    EXPECT_EQ(IssueStatus(request).code(), absl::StatusCode::kInvalidArgument)
        << bad;
  }
  request.lifetime = absl::Minutes(1);
  EXPECT_EQ(IssueStatus(request), absl::OkStatus());
}

TEST_F(CertificateAuthorityTest, LeafDoesNotOutliveTheCa) {
  CertificateAuthority::LeafRequest request = Request();
  request.lifetime = kYear;
  EXPECT_EQ(IssueStatus(request), absl::OkStatus());
  request.lifetime = kYear + absl::Seconds(1);
  const absl::Status status = IssueStatus(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("expires at"));
}

TEST_F(CertificateAuthorityTest, CreateBoundsItsArguments) {
  const auto code = [this](const std::string& domain, absl::Duration lifetime) {
    return CertificateAuthority::Create(domain, kNow, lifetime, random_)
        .status()
        .code();
  };
  for (const std::string& domain :
       {std::string(), std::string("Example"), std::string("a/b"),
        std::string("a b"), std::string("a:1"), std::string(256, 'a')}) {
    EXPECT_EQ(code(domain, kYear), absl::StatusCode::kInvalidArgument)
        << domain;
  }
  EXPECT_EQ(code(std::string(255, 'a'), kYear), absl::StatusCode::kOk);
  EXPECT_EQ(code("a", absl::Minutes(59)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("a", CertificateAuthority::kMaxLifetime + absl::Seconds(1)),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificateAuthorityTest, NothingIsIssuedByABrokenGenerator) {
  random_.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(IssueStatus(Request()), absl::InternalError("broken"));
  EXPECT_EQ(CertificateAuthority::Create("a", kNow, kYear, random_).status(),
            absl::InternalError("broken"));
}

TEST_F(CertificateAuthorityTest, GoesOnFromACertificateAndAWrappedKey) {
  FakeSeal seal;
  const std::string wrapped =
      seal.Wrap(SealLabel::kCertificateAuthority, "ca", *ca_->ExportKey())
          .value();
  const auto loaded =
      CertificateAuthority::Load(
          ca_->certificate_pem(),
          seal.Unwrap(SealLabel::kCertificateAuthority, "ca", wrapped).value())
          .value();
  EXPECT_EQ(loaded->trust_domain(), "keyward.internal");
  const auto leaf = loaded->Issue(Request(), kNow, random_).value();
  EXPECT_EQ(
      VerifyClientChain(leaf.certificate_pem, ca_->certificate_pem(), kNow)
          .status(),
      absl::OkStatus());
}

TEST_F(CertificateAuthorityTest, LoadRefusesAnotherKey) {
  const auto other =
      CertificateAuthority::Create("keyward.internal", kNow, kYear, random_)
          .value();
  EXPECT_EQ(CertificateAuthority::Load(ca_->certificate_pem(),
                                       other->ExportKey().value())
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(CertificateAuthorityTest, LoadRefusesWhatIsNoCa) {
  const SecretBuffer key = ca_->ExportKey().value();
  const auto code = [&key](const std::string& pem) {
    return CertificateAuthority::Load(pem, key).status().code();
  };
  const auto leaf = ca_->Issue(Request(), kNow, random_).value();
  for (const std::string& pem :
       {std::string(), leaf.certificate_pem, std::string(kTestCertificate),
        absl::StrCat(ca_->certificate_pem(), ca_->certificate_pem())}) {
    EXPECT_EQ(code(pem), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(CertificateAuthority::Load(ca_->certificate_pem(),
                                       SecretBuffer::CopyOf("no key"))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificateAuthorityTest, IssuesFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 20; ++i) {
        const auto leaf = ca_->Issue(Request(), kNow, random_).value();
        EXPECT_EQ(VerifyClientChain(leaf.certificate_pem,
                                    ca_->certificate_pem(), kNow)
                      .status(),
                  absl::OkStatus());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace keyward::crypto
