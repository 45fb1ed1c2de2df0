// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/pem.h"

#include <openssl/err.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/test_certificates.h"

namespace keyward::crypto {
namespace {

using testing::HasSubstr;

// The status of reading `pem`, and that no trace of it is left for the next
// user of the thread's error queue.
absl::Status StatusOf(absl::string_view pem) {
  const absl::Status status = ReadPem(pem).status();
  EXPECT_EQ(ERR_peek_error(), 0u);
  return status;
}

TEST(ReadPemTest, ReadsCertificatesAndKeysInAnyOrder) {
  const PemContents contents =
      ReadPem(absl::StrCat(kTestEcParameters, kTestSec1Key, kTestCertificate,
                           kTestPkcs8Key, kTestCertificate))
          .value();
  EXPECT_EQ(contents.certificates.size(), 2u);
  EXPECT_EQ(contents.private_keys.size(), 2u);
}

TEST(ReadPemTest, SkipsTextBetweenBlocks) {
  const PemContents contents =
      ReadPem(absl::StrCat("Bag Attributes\n  x: y\n", kTestCertificate,
                           "# comment\n"))
          .value();
  EXPECT_EQ(contents.certificates.size(), 1u);
}

TEST(ReadPemTest, OfNothingIsNothing) {
  EXPECT_TRUE(ReadPem("")->certificates.empty());
  EXPECT_TRUE(ReadPem("no PEM at all")->certificates.empty());
}

TEST(ReadPemTest, RefusesEncryptedKeysAndSaysSo) {
  for (const char* pem : {kTestEncryptedPkcs8Key, kTestEncryptedSec1Key}) {
    const absl::Status status = StatusOf(pem);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("passphrase"));
  }
}

TEST(ReadPemTest, RefusesOtherBlocks) {
  EXPECT_EQ(StatusOf("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ReadPemTest, RefusesABlockThatIsCut) {
  const std::string pem = kTestCertificate;
  // Cut anywhere after the first line, it does not parse; before, it is no
  // block.
  for (size_t size = pem.find('\n') + 1; size < pem.size() - 1; size += 7) {
    EXPECT_EQ(StatusOf(pem.substr(0, size)).code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST(ReadPemTest, RefusesContentThatIsNoCertificateOrKey) {
  for (const char* name : {"CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY"}) {
    EXPECT_EQ(StatusOf(absl::StrCat("-----BEGIN ", name,
                                    "-----\naGVsbG8gd29ybGQ=\n-----END ", name,
                                    "-----\n"))
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(ReadPemTest, P5_ErrorsQuoteNothing) {
  const absl::Status status = StatusOf(
      "-----BEGIN hunter2-----\naHVudGVyMg==\n-----END hunter2-----\n");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("aHVudGVyMg")));
}

TEST(ReadPemTest, BoundsWhatItReads) {
  EXPECT_EQ(StatusOf(std::string(kMaxPemText + 1, ' ')).code(),
            absl::StatusCode::kInvalidArgument);
  std::string many;
  for (size_t i = 0; i < kMaxPemCertificates; ++i) many += kTestCertificate;
  EXPECT_EQ(StatusOf(many), absl::OkStatus());
  EXPECT_EQ(StatusOf(many + kTestCertificate).code(),
            absl::StatusCode::kInvalidArgument);
  std::string keys;
  for (int i = 0; i < 5; ++i) keys += kTestPkcs8Key;
  EXPECT_EQ(StatusOf(keys).code(), absl::StatusCode::kInvalidArgument);
}

TEST(ReadCertificatesTest, NeedsACertificateAndRefusesAKey) {
  EXPECT_EQ(ReadCertificates(kTestCertificate)->size(), 1u);
  EXPECT_EQ(ReadCertificates("").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCertificates(absl::StrCat(kTestCertificate, kTestPkcs8Key))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ReadPrivateKeyTest, NeedsExactlyOne) {
  EXPECT_TRUE(ReadPrivateKey(kTestPkcs8Key).ok());
  EXPECT_EQ(ReadPrivateKey(kTestCertificate).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPrivateKey(absl::StrCat(kTestPkcs8Key, kTestPkcs8Key))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DerTest, CertificateSurvivesARoundTrip) {
  const std::vector<X509Ptr> read = ReadCertificates(kTestCertificate).value();
  const std::string der = CertificateToDer(read.front().get()).value();
  const X509Ptr again = ParseDerCertificate(der).value();
  EXPECT_EQ(CertificateToPem(again.get()).value(), kTestCertificate);
}

TEST(DerTest, CertificateRefusesBytesBeforeAndAfter) {
  const std::vector<X509Ptr> read = ReadCertificates(kTestCertificate).value();
  const std::string der = CertificateToDer(read.front().get()).value();
  for (const std::string& bad :
       {der + "x", "x" + der, der.substr(1), der.substr(0, der.size() - 1),
        std::string()}) {
    EXPECT_EQ(ParseDerCertificate(bad).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(DerTest, KeySurvivesARoundTrip) {
  const PkeyPtr key = ReadPrivateKey(kTestSec1Key).value();
  EXPECT_EQ(PrivateKeyToPem(key.get())->ExposeSecret(), kTestPkcs8Key);
  const SecretBuffer der = PrivateKeyToDer(key.get()).value();
  const PkeyPtr again = ParseDerPrivateKey(der.ExposeSecret()).value();
  EXPECT_EQ(PrivateKeyToPem(again.get())->ExposeSecret(), kTestPkcs8Key);
}

TEST(DerTest, KeyRefusesBytesAfterAndTruncation) {
  const PkeyPtr key = ReadPrivateKey(kTestPkcs8Key).value();
  const SecretBuffer der = PrivateKeyToDer(key.get()).value();
  const std::string bytes(der.ExposeSecret());
  EXPECT_EQ(ParseDerPrivateKey(bytes + "x").status().code(),
            absl::StatusCode::kInvalidArgument);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseDerPrivateKey(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
}

}  // namespace
}  // namespace keyward::crypto
