// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/certificate_builder.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"
#include "libs/crypto/sha256.h"
#include "libs/crypto/test_certificates.h"

namespace keyward::crypto {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// A key and a certificate for it.
struct Issued {
  PkeyPtr key;
  X509Ptr certificate;

  std::string pem() const {
    return CertificateToPem(certificate.get()).value();
  }
  std::string key_pem() const {
    return std::string(PrivateKeyToPem(key.get())->ExposeSecret());
  }
};

CertificateFields Fields(const std::string& name, bool is_ca) {
  CertificateFields fields;
  fields.common_name = name;
  fields.not_before = kNow - absl::Hours(1);
  fields.not_after = kNow + absl::Hours(1);
  fields.is_ca = is_ca;
  return fields;
}

// Issues what `fields` say, by `issuer` or by itself.
Issued Make(const CertificateFields& fields, const Issued* issuer = nullptr) {
  FakeRandom random;
  Issued issued;
  issued.key = NewP256Key().value();
  issued.certificate =
      BuildCertificate(fields, issued.key.get(),
                       issuer == nullptr ? nullptr : issuer->certificate.get(),
                       issuer == nullptr ? issued.key.get() : issuer->key.get(),
                       random)
          .value();
  return issued;
}

TEST(ParseCertificateTest, ReadsWhatOpensslWrote) {
  const CertificateInfo info = ParseCertificatePem(kTestCertificate).value();
  EXPECT_EQ(HexEncode(AsBytes(info.sha256)), kTestCertificateSha256);
  EXPECT_EQ(info.subject, "CN=db.example.com,CN=old,O=Example\\, Inc.,C=DE");
  EXPECT_EQ(info.common_name, "db.example.com");
  EXPECT_THAT(info.dns_sans, ElementsAre("db.example.com", "*.example.com"));
  EXPECT_THAT(info.uri_sans, ElementsAre("spiffe://example.com/db"));
  EXPECT_THAT(info.ip_sans, ElementsAre("192.0.2.7", "2001:db8::1"));
  EXPECT_EQ(info.serial_hex, "0a1b2c");
  EXPECT_EQ(info.not_before,
            absl::FromCivil(absl::CivilSecond(2026, 11, 24, 17, 0, 42),
                            absl::UTCTimeZone()));
  EXPECT_EQ(info.not_after,
            absl::FromCivil(absl::CivilSecond(2036, 11, 21, 17, 0, 42),
                            absl::UTCTimeZone()));
}

TEST(ParseCertificateTest, ReadsUsages) {
  const CertificateInfo info = ParseCertificatePem(kTestCertificate).value();
  EXPECT_FALSE(info.is_ca);
  EXPECT_TRUE(info.has_key_usage);
  EXPECT_TRUE(info.allows_digital_signature);
  EXPECT_FALSE(info.allows_certificate_signing);
  EXPECT_FALSE(info.allows_crl_signing);
  EXPECT_TRUE(info.has_extended_key_usage);
  EXPECT_TRUE(info.allows_server_auth);
  EXPECT_FALSE(info.allows_client_auth);
}

TEST(ParseCertificateTest, ReadsACa) {
  const CertificateInfo info =
      ParseCertificatePem(Make(Fields("ca", true)).pem()).value();
  EXPECT_TRUE(info.is_ca);
  EXPECT_TRUE(info.allows_certificate_signing);
  EXPECT_TRUE(info.allows_crl_signing);
  EXPECT_FALSE(info.allows_digital_signature);
  EXPECT_FALSE(info.has_extended_key_usage);
  EXPECT_TRUE(info.allows_client_auth);
}

TEST(ParseCertificateTest, DerAndPemSayTheSame) {
  const Issued issued = Make(Fields("a", false));
  const CertificateInfo from_der =
      ParseCertificateDer(CertificateToDer(issued.certificate.get()).value())
          .value();
  EXPECT_EQ(from_der.sha256, ParseCertificatePem(issued.pem())->sha256);
  EXPECT_EQ(from_der.common_name, "a");
}

TEST(ParseCertificateTest, P1_NameWithANulInsideIsRefused) {
  for (const std::string& evil :
       {"good.example\0.evil.example"s, "good example"s, "\x1b[2J"s,
        "g\xc3\xb6od"s, ""s}) {
    CertificateFields uri = Fields("a", false);
    uri.uri_names = {evil};
    CertificateFields dns = Fields("a", false);
    dns.dns_names = {"fine.example", evil};
    for (const CertificateFields& fields : {uri, dns}) {
      EXPECT_EQ(ParseCertificatePem(Make(fields).pem()).status().code(),
                absl::StatusCode::kInvalidArgument)
          << HexEncode(evil);
    }
  }
}

TEST(ParseCertificateTest, ManyNamesAreRefused) {
  CertificateFields fields = Fields("a", false);
  fields.dns_names.assign(kMaxAlternativeNames, "a.example");
  EXPECT_EQ(ParseCertificatePem(Make(fields).pem())->dns_sans.size(),
            kMaxAlternativeNames);
  fields.dns_names.push_back("a.example");
  EXPECT_EQ(ParseCertificatePem(Make(fields).pem()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ParseCertificateTest, DuplicateExtensionsAreRefused) {
  CertificateFields fields = Fields("a", false);
  fields.uri_names = {"spiffe://example.org/a"};
  Issued issued = Make(fields);
  X509* const certificate = issued.certificate.get();
  const int index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  ASSERT_EQ(X509_add_ext(certificate, X509_get_ext(certificate, index), -1), 1);
  ASSERT_GT(X509_sign(certificate, issued.key.get(), EVP_sha256()), 0);
  EXPECT_EQ(ParseCertificatePem(issued.pem()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(ParseCertificateTest, CommonNameThatIsNotPlainTextCountsAsNone) {
  EXPECT_EQ(ParseCertificatePem(Make(Fields("a\nb", false)).pem())->common_name,
            "");
  EXPECT_EQ(ParseCertificatePem(Make(Fields("", false)).pem())->common_name,
            "");
}

TEST(ParseCertificateTest, SubjectIsEscapedToAscii) {
  const CertificateInfo info =
      ParseCertificatePem(Make(Fields("a\n\xc3\xa4,b", false)).pem()).value();
  EXPECT_EQ(info.subject, "CN=a\\0A\\C3\\A4\\,b,O=Keyward");
}

TEST(ParseCertificateTest, TruncatedOrChangedInputNeverCrashes) {
  const std::string der =
      CertificateToDer(ReadCertificates(kTestCertificate)->front().get())
          .value();
  for (size_t i = 0; i < der.size(); ++i) {
    EXPECT_EQ(ParseCertificateDer(der.substr(0, i)).status().code(),
              absl::StatusCode::kInvalidArgument);
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x81);
    const auto parsed = ParseCertificateDer(changed);
    if (parsed.ok()) {
      EXPECT_NE(HexEncode(AsBytes(parsed->sha256)), kTestCertificateSha256);
    } else {
      EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    }
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST(ParseCertificatesPemTest, KeepsTheOrder) {
  const std::string pem =
      Make(Fields("leaf", false)).pem() + Make(Fields("ca", true)).pem();
  const auto infos = ParseCertificatesPem(pem).value();
  ASSERT_EQ(infos.size(), 2u);
  EXPECT_EQ(infos[0].common_name, "leaf");
  EXPECT_EQ(infos[1].common_name, "ca");
  EXPECT_EQ(ParseCertificatesPem("").status().code(),
            absl::StatusCode::kInvalidArgument);
}

class VerifyClientChainTest : public testing::Test {
 protected:
  static absl::StatusCode Verify(const std::string& chain,
                                 const std::string& bundle,
                                 absl::Time at = kNow) {
    const absl::StatusOr<absl::Time> end = VerifyClientChain(chain, bundle, at);
    EXPECT_EQ(ERR_peek_error(), 0u);
    return end.status().code();
  }

  const Issued ca_ = Make(Fields("ca", true));
  const Issued leaf_ = Make(Fields("leaf", false), &ca_);
};

TEST_F(VerifyClientChainTest, AcceptsALeafOfTheBundle) {
  EXPECT_EQ(Verify(leaf_.pem(), ca_.pem()), absl::StatusCode::kOk);
  const Issued other = Make(Fields("other", true));
  EXPECT_EQ(Verify(leaf_.pem(), other.pem() + ca_.pem()),
            absl::StatusCode::kOk);
}

TEST_F(VerifyClientChainTest, RefusesALeafOfAnotherCa) {
  const Issued other = Make(Fields("ca", true));
  EXPECT_EQ(Verify(leaf_.pem(), other.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, RefusesASelfSignedCertificateInTheChain) {
  const Issued self = Make(Fields("self", false));
  EXPECT_EQ(Verify(self.pem() + self.pem(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
  // Sending the foreign CA along does not make it trusted.
  const Issued foreign = Make(Fields("foreign", true));
  const Issued leaf = Make(Fields("leaf", false), &foreign);
  EXPECT_EQ(Verify(leaf.pem() + foreign.pem(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, ChecksTheTimeItIsGiven) {
  const std::string leaf = leaf_.pem();
  const absl::Duration hour = absl::Hours(1);
  const absl::Duration second = absl::Seconds(1);
  EXPECT_EQ(Verify(leaf, ca_.pem(), kNow - hour), absl::StatusCode::kOk);
  EXPECT_EQ(Verify(leaf, ca_.pem(), kNow - hour - second),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Verify(leaf, ca_.pem(), kNow + hour - second),
            absl::StatusCode::kOk);
  EXPECT_EQ(Verify(leaf, ca_.pem(), kNow + hour + second),
            absl::StatusCode::kUnauthenticated);
}

// From the end that it tells on it refuses the same chain.
TEST_F(VerifyClientChainTest, TellsTheEarliestEndOfThePath) {
  EXPECT_EQ(VerifyClientChain(leaf_.pem(), ca_.pem(), kNow).value(),
            kNow + absl::Hours(1));
  // An authority that ends before its leaf ends the path.
  CertificateFields fields = Fields("ca", true);
  fields.not_after = kNow + absl::Minutes(5);
  const Issued ca = Make(fields);
  const std::string leaf = Make(Fields("leaf", false), &ca).pem();
  const absl::Time end = VerifyClientChain(leaf, ca.pem(), kNow).value();
  EXPECT_EQ(end, fields.not_after);
  EXPECT_EQ(Verify(leaf, ca.pem(), end - absl::Seconds(1)),
            absl::StatusCode::kOk);
  EXPECT_EQ(Verify(leaf, ca.pem(), end), absl::StatusCode::kUnauthenticated);
}

// What was sent along and is not on the path ends nothing.
TEST_F(VerifyClientChainTest, TheEndOfAStrangersCertificateDoesNotCount) {
  CertificateFields fields = Fields("stranger", true);
  fields.not_after = kNow + absl::Minutes(1);
  const Issued stranger = Make(fields);
  EXPECT_EQ(VerifyClientChain(leaf_.pem() + stranger.pem(),
                              ca_.pem() + stranger.pem(), kNow)
                .value(),
            kNow + absl::Hours(1));
}

TEST_F(VerifyClientChainTest, RefusesALeafThatSignsAnother) {
  const Issued child = Make(Fields("child", false), &leaf_);
  EXPECT_EQ(Verify(child.pem() + leaf_.pem(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, RefusesACaBelowAPathLengthOfZero) {
  const Issued middle = Make(Fields("middle", true), &ca_);
  const Issued leaf = Make(Fields("leaf", false), &middle);
  EXPECT_EQ(Verify(leaf.pem() + middle.pem(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, RefusesALeafForServersOnly) {
  CertificateFields fields = Fields("server", false);
  fields.extended_key_usage = "serverAuth";
  const Issued server = Make(fields, &ca_);
  EXPECT_EQ(Verify(server.pem(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, RefusesAForgedSignature) {
  std::string der = CertificateToDer(leaf_.certificate.get()).value();
  der.back() = static_cast<char>(der.back() ^ 1);
  const X509Ptr forged = ParseDerCertificate(der).value();
  EXPECT_EQ(Verify(CertificateToPem(forged.get()).value(), ca_.pem()),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, RefusesAWeakKey) {
  Issued weak;
  weak.key.reset(EVP_RSA_gen(1024));
  ASSERT_NE(weak.key, nullptr);
  FakeRandom random;
  weak.certificate =
      BuildCertificate(Fields("weak", false), weak.key.get(),
                       ca_.certificate.get(), ca_.key.get(), random)
          .value();
  EXPECT_EQ(Verify(weak.pem(), ca_.pem()), absl::StatusCode::kUnauthenticated);
}

TEST_F(VerifyClientChainTest, SaysWhyAndRefusesWhatDoesNotParse) {
  EXPECT_THAT(std::string(VerifyClientChain(leaf_.pem(), ca_.pem(),
                                            kNow + absl::Hours(2))
                              .status()
                              .message()),
              HasSubstr("certificate has expired"));
  EXPECT_EQ(Verify("", ca_.pem()), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Verify(leaf_.pem(), ""), absl::StatusCode::kInvalidArgument);
}

TEST(CheckPrivateKeyMatchesTest, TellsTheRightKeyFromAnother) {
  EXPECT_EQ(CheckPrivateKeyMatches(kTestCertificate, kTestPkcs8Key),
            absl::OkStatus());
  EXPECT_EQ(
      CheckPrivateKeyMatches(kTestCertificate,
                             absl::StrCat(kTestEcParameters, kTestSec1Key)),
      absl::OkStatus());
  const Issued other = Make(Fields("a", false));
  EXPECT_EQ(CheckPrivateKeyMatches(kTestCertificate, other.key_pem()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckPrivateKeyMatches(kTestCertificate, "").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckPrivateKeyMatches("", kTestPkcs8Key).code(),
            absl::StatusCode::kInvalidArgument);
}

absl::Status PayloadStatus(const std::string& payload) {
  const absl::Status status = CheckTlsCertificatePayload(payload).status();
  EXPECT_EQ(ERR_peek_error(), 0u);
  return status;
}

TEST(CheckTlsCertificatePayloadTest, AcceptsTheKeyAnywhere) {
  const Issued ca = Make(Fields("ca", true));
  const Issued leaf = Make(Fields("leaf", false), &ca);
  for (const std::string& payload :
       {leaf.pem() + ca.pem() + leaf.key_pem(),
        leaf.key_pem() + leaf.pem() + ca.pem(),
        leaf.pem() + leaf.key_pem() + ca.pem(), leaf.pem() + leaf.key_pem()}) {
    const auto info = CheckTlsCertificatePayload(payload);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->common_name, "leaf");
    EXPECT_EQ(info->not_after, kNow + absl::Hours(1));
  }
}

TEST(CheckTlsCertificatePayloadTest, AcceptsAnRsaKey) {
  Issued rsa;
  rsa.key.reset(EVP_RSA_gen(2048));
  FakeRandom random;
  rsa.certificate = BuildCertificate(Fields("rsa", false), rsa.key.get(),
                                     nullptr, rsa.key.get(), random)
                        .value();
  EXPECT_EQ(PayloadStatus(rsa.pem() + rsa.key_pem()), absl::OkStatus());
}

TEST(CheckTlsCertificatePayloadTest, RefusesAKeyOfAnotherCertificate) {
  const Issued ca = Make(Fields("ca", true));
  const Issued leaf = Make(Fields("leaf", false), &ca);
  EXPECT_EQ(PayloadStatus(leaf.pem() + ca.key_pem()).code(),
            absl::StatusCode::kInvalidArgument);
  // The right ones in the wrong order: a server would send the CA's.
  const absl::Status status =
      PayloadStatus(ca.pem() + leaf.pem() + leaf.key_pem());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("must be the leaf"));
}

TEST(CheckTlsCertificatePayloadTest, RefusesWhatIsMissingOrTooMuch) {
  const Issued leaf = Make(Fields("leaf", false));
  for (const std::string& payload :
       {std::string(), "hunter2"s, leaf.pem(), leaf.key_pem(),
        leaf.pem() + leaf.key_pem() + leaf.key_pem(),
        leaf.pem() + kTestEncryptedPkcs8Key}) {
    EXPECT_EQ(PayloadStatus(payload).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(CheckTlsCertificatePayloadTest, RefusesACa) {
  const Issued ca = Make(Fields("ca", true));
  EXPECT_EQ(PayloadStatus(ca.pem() + ca.key_pem()).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::crypto
