// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/certificate_builder.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"
#include "libs/crypto/x509.h"

namespace keyward::crypto {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

CertificateFields Fields(bool is_ca) {
  CertificateFields fields;
  fields.common_name = "a";
  fields.not_before = kNow;
  fields.not_after = kNow + absl::Hours(1);
  fields.is_ca = is_ca;
  return fields;
}

class CertificateBuilderTest : public testing::Test {
 protected:
  X509Ptr Build(const CertificateFields& fields) {
    return BuildCertificate(fields, key_.get(), nullptr, key_.get(), random_)
        .value();
  }

  // Whether the one extension of this kind is critical: a reader that does
  // not know it must refuse the certificate.
  static bool IsCritical(const X509* certificate, int nid) {
    const int index = X509_get_ext_by_NID(certificate, nid, -1);
    EXPECT_GE(index, 0);
    EXPECT_EQ(X509_get_ext_by_NID(certificate, nid, index), -1);
    return X509_EXTENSION_get_critical(X509_get_ext(certificate, index)) == 1;
  }

  FakeRandom random_;
  const PkeyPtr key_ = NewP256Key().value();
};

TEST_F(CertificateBuilderTest, KeyIsOnP256) {
  char name[32] = {};
  size_t size = 0;
  ASSERT_EQ(EVP_PKEY_get_group_name(key_.get(), name, sizeof(name), &size), 1);
  EXPECT_STREQ(name, "prime256v1");
  EXPECT_NE(EVP_PKEY_eq(key_.get(), NewP256Key()->get()), 1);
}

TEST_F(CertificateBuilderTest, CertificateIsOfVersion3AndSignedOverSha256) {
  const X509Ptr certificate = Build(Fields(false));
  EXPECT_EQ(X509_get_version(certificate.get()), 2);
  EXPECT_EQ(X509_get_signature_nid(certificate.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_verify(certificate.get(), key_.get()), 1);
  EXPECT_EQ(X509_verify(certificate.get(), NewP256Key()->get()), 0);
  ClearOpensslErrors();
}

TEST_F(CertificateBuilderTest, ConstraintsAndUsageAreCritical) {
  for (const bool is_ca : {false, true}) {
    const X509Ptr certificate = Build(Fields(is_ca));
    EXPECT_TRUE(IsCritical(certificate.get(), NID_basic_constraints));
    EXPECT_TRUE(IsCritical(certificate.get(), NID_key_usage));
  }
}

TEST_F(CertificateBuilderTest, CaMaySignLeavesOnly) {
  EXPECT_EQ(X509_get_pathlen(Build(Fields(true)).get()), 0);
  EXPECT_EQ(X509_get_pathlen(Build(Fields(false)).get()), -1);
}

TEST_F(CertificateBuilderTest, LeafNamesTheKeyOfItsIssuer) {
  const PkeyPtr ca_key = NewP256Key().value();
  const X509Ptr ca = BuildCertificate(Fields(true), ca_key.get(), nullptr,
                                      ca_key.get(), random_)
                         .value();
  const X509Ptr leaf = BuildCertificate(Fields(false), key_.get(), ca.get(),
                                        ca_key.get(), random_)
                           .value();
  EXPECT_EQ(X509_NAME_cmp(X509_get_issuer_name(leaf.get()),
                          X509_get_subject_name(ca.get())),
            0);
  EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf.get()),
                                  X509_get0_subject_key_id(ca.get())),
            0);
  EXPECT_NE(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(leaf.get()),
                                  X509_get0_subject_key_id(ca.get())),
            0);
  EXPECT_EQ(X509_check_issued(ca.get(), leaf.get()), X509_V_OK);
}

TEST_F(CertificateBuilderTest, TimesBeyond2049AreWrittenAsTheyAre) {
  CertificateFields fields = Fields(false);
  fields.not_after = absl::FromUnixSeconds(4'000'000'000);  // In 2096.
  const X509Ptr certificate = Build(fields);
  EXPECT_EQ(ParseCertificatePem(CertificateToPem(certificate.get()).value())
                ->not_after,
            fields.not_after);
}

TEST_F(CertificateBuilderTest, CommaInANameBeginsNoOtherName) {
  CertificateFields fields = Fields(false);
  fields.uri_names = {"spiffe://a/b,DNS:evil.example"};
  const X509Ptr certificate = Build(fields);
  const CertificateInfo info =
      ParseCertificatePem(CertificateToPem(certificate.get()).value()).value();
  EXPECT_EQ(info.uri_sans, fields.uri_names);
  EXPECT_TRUE(info.dns_sans.empty());
}

TEST_F(CertificateBuilderTest, WhatIsNoAddressFails) {
  CertificateFields fields = Fields(false);
  fields.ip_addresses = {"localhost"};
  EXPECT_EQ(BuildCertificate(fields, key_.get(), nullptr, key_.get(), random_)
                .status()
                .code(),
            absl::StatusCode::kInternal);
}

TEST_F(CertificateBuilderTest, FailsWithItsGenerator) {
  random_.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(
      BuildCertificate(Fields(false), key_.get(), nullptr, key_.get(), random_)
          .status(),
      absl::InternalError("broken"));
}

}  // namespace
}  // namespace keyward::crypto
