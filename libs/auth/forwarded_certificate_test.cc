// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/forwarded_certificate.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/test_files.h"
#include "libs/auth/xfcc.h"
#include "libs/base/hex.h"
#include "libs/crypto/sha256.h"
#include "libs/crypto/x509.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kProxy[] = "spiffe://corp/mesh";
constexpr char kPayments[] = "spiffe://corp/payments";

// As Envoy and nginx encode: whatever is not unreserved (RFC 3986, 2.3).
std::string Encoded(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                       absl::string_view("-._~").find(c) != std::string::npos;
    if (plain) {
      out += c;
    } else {
      absl::StrAppend(&out, "%", absl::AsciiStrToUpper(HexEncode({&c, 1})));
    }
  }
  return out;
}

std::string Cert(absl::string_view name) {
  return absl::StrCat("Cert=\"", Encoded(TestCertificate(name)), "\"");
}

std::string Fingerprint(absl::string_view name) {
  const auto info = crypto::ParseCertificatePem(TestCertificate(name));
  return HexEncode(crypto::AsBytes(info.value().sha256));
}

absl::StatusOr<ForwardedCertificate> Read(absl::string_view header) {
  return ReadForwardedCertificate(header, kProxy);
}

std::string Refusal(absl::string_view header) {
  const auto read = Read(header);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << header;
  return std::string(read.status().message());
}

TEST(ForwardedCertificateTest, ReadsTheCallersIdAsEnvoyTellsIt) {
  const std::string hash(64, 'a');
  const auto read =
      Read(absl::StrCat("By=", kProxy, ";Hash=", hash,
                        ";Chain=\"x\";Subject=\"CN=a\";URI=", kPayments,
                        ";DNS=payments.corp;DNS=www.corp"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->id.ToString(), kPayments);
  EXPECT_EQ(read->sha256, hash);
  EXPECT_EQ(read->not_before, absl::InfinitePast());
  EXPECT_EQ(read->not_after, absl::InfiniteFuture());
}

TEST(ForwardedCertificateTest, NeedsNoMoreThanTheId) {
  const auto read = Read(absl::StrCat("URI=", kPayments));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->id.ToString(), kPayments);
  EXPECT_EQ(read->sha256, "");
}

TEST(ForwardedCertificateTest, TakesTheIdOutOfTheCertificate) {
  for (const char* name : {"payments", "payments-with-dns"}) {
    const auto read = Read(absl::StrCat("By=", kProxy, ";", Cert(name)));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->id.ToString(), kPayments);
    EXPECT_EQ(read->sha256, Fingerprint(name));
    EXPECT_EQ(read->not_before, TestCertificatesBegin());
    EXPECT_EQ(read->not_after, TestCertificatesBegin() + absl::Hours(24));
  }
}

TEST(ForwardedCertificateTest, TakesAHashInUpperCaseForTheSame) {
  const auto read =
      Read(absl::StrCat("URI=", kPayments, ";Hash=", std::string(64, 'A')));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->sha256, std::string(64, 'a'));
}

TEST(ForwardedCertificateTest, P1_WhatTheHeaderTellsMustAgree) {
  const std::string cert = Cert("payments");
  const std::string hash = absl::StrCat(";Hash=", Fingerprint("payments"));
  EXPECT_TRUE(Read(absl::StrCat(cert, hash, ";URI=", kPayments)).ok());
  EXPECT_EQ(Refusal(absl::StrCat(cert, ";URI=spiffe://corp/admin")),
            "URI is not the one of Cert");
  EXPECT_EQ(Refusal(absl::StrCat(cert, ";URI=")), "URI is not the one of Cert");
  EXPECT_EQ(Refusal(absl::StrCat(cert, ";Hash=", Fingerprint("store"))),
            "Hash is not of Cert");
}

// An element that the caller has sent, and one that the proxy has added.
TEST(ForwardedCertificateTest, P1_AnAppendedElementIsNotTheFirstNorTheLast) {
  for (const char* header :
       {"URI=spiffe://corp/payments,URI=spiffe://corp/web",
        "URI=spiffe://corp/payments,URI=spiffe://corp/payments",
        "URI=spiffe://corp/payments,By=spiffe://corp/mesh",
        "DNS=a,URI=spiffe://corp/payments"}) {
    EXPECT_THAT(Refusal(header), HasSubstr("more than one element"));
  }
}

TEST(ForwardedCertificateTest, P1_NoOneChoosesAmongSeveralIds) {
  EXPECT_EQ(Refusal("URI=spiffe://corp/payments;URI=https://corp/payments"),
            "more than one URI");
  EXPECT_EQ(Refusal("URI=spiffe://corp/payments;uri=spiffe://corp/payments"),
            "more than one URI");
  EXPECT_EQ(Refusal(Cert("two-ids")),
            "Cert: it carries more than one URI name");
  EXPECT_EQ(Refusal(absl::StrCat(Cert("two-ids"), ";URI=", kPayments)),
            "Cert: it carries more than one URI name");
  EXPECT_EQ(Refusal(absl::StrCat(Cert("payments"), ";", Cert("payments"))),
            "a key is repeated");
  EXPECT_EQ(
      Refusal(absl::StrCat("By=", kProxy, ";By=", kProxy, ";URI=", kPayments)),
      "a key is repeated");
}

TEST(ForwardedCertificateTest, P1_AHeaderThatAnotherProxyMadeIsRefused) {
  for (const char* by : {"spiffe://corp/other", "spiffe://corp/mesh/", "",
                         "spiffe://corp/MESH"}) {
    EXPECT_EQ(Refusal(absl::StrCat("By=", by, ";URI=", kPayments)),
              "By is not the SPIFFE id of the proxy that sent it");
  }
}

TEST(ForwardedCertificateTest, P8_RefusesAHeaderThatNamesNoWorkload) {
  for (const char* header :
       {"By=spiffe://corp/mesh", "DNS=payments.corp", "Subject=\"CN=payments\"",
        "URI=", "URI=https://corp/payments", "URI=spiffe://corp",
        "URI=spiffe://corp/", "URI=spiffe://CORP/payments",
        "URI=spiffe://corp/../payments", "URI=\"spiffe://corp/pay ments\"",
        "URI=spiffe://corp/pay%6dents", "URI=system:store",
        "URI=oidc:corp:alice", "payments", ""}) {
    Refusal(header);
  }
}

TEST(ForwardedCertificateTest, P8_RefusesWhatIsNotTheHashOfACertificate) {
  for (const std::string& hash :
       {std::string(), std::string("a"), std::string(63, 'a'),
        std::string(40, 'a'), std::string(65, 'a'), std::string(64, 'g')}) {
    EXPECT_EQ(Refusal(absl::StrCat("URI=", kPayments, ";Hash=", hash)),
              "Hash must be a SHA-256 digest in hexadecimal");
  }
}

TEST(ForwardedCertificateTest, P8_RefusesWhatIsNotAWorkloadsCertificate) {
  for (const char* name : {"corp-ca", "signing-leaf", "authority-leaf",
                           "server-only", "dns-only", "no-name"}) {
    EXPECT_THAT(Refusal(Cert(name)), HasSubstr("Cert: ")) << name;
    // Not even if its id is told beside it.
    Refusal(absl::StrCat(Cert(name), ";URI=", kPayments));
  }
  const std::string pem = TestCertificate("payments");
  const std::string good = Encoded(pem);
  for (const std::string& cert :
       {std::string(), std::string("x"), std::string("%"), good + "%",
        good + "%4", good + "%4g", good + "%%", good + good,
        good.substr(0, good.size() / 2), Encoded(good)}) {
    Refusal(absl::StrCat("Cert=\"", cert, "\""));
    Refusal(absl::StrCat("Cert=\"", cert, "\";URI=", kPayments));
  }
  // A form's spaces are plus signs; here they stay what they are.
  std::string form = pem;
  for (size_t at = 0; (at = form.find(' ', at)) != std::string::npos;) {
    form[at] = '+';
  }
  Refusal(absl::StrCat("Cert=\"", Encoded(form), "\""));
}

TEST(ForwardedCertificateTest, ErrorsRepeatNothingOfTheHeader) {
  for (const char* header :
       {"hunter2", "URI=hunter2", "By=hunter2;URI=spiffe://corp/a",
        "Hash=hunter2;URI=spiffe://corp/a", "Cert=hunter2", "Cert=%hunter2",
        "URI=hunter2,URI=hunter2"}) {
    EXPECT_THAT(Refusal(header), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace keyward::auth
