// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/tls_material.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/test_certificates.h"

namespace keyward::rpc {
namespace {

constexpr char kId[] = "spiffe://test.domain/workload/a";

class CheckTlsMaterialTest : public testing::Test {
 protected:
  absl::Status Check(TlsMaterial material) {
    return CheckTlsMaterial(material, absl::Now());
  }

  const TestAuthority authority_{"authority"};
  TlsMaterial material_ = authority_.Issue(kId);
};

TEST_F(CheckTlsMaterialTest, AcceptsWhatAnAuthorityIssued) {
  EXPECT_EQ(Check(std::move(material_)), absl::OkStatus());
}

TEST_F(CheckTlsMaterialTest, AcceptsIntermediatesAndSeveralAuthorities) {
  material_.certificate_chain += authority_.pem();
  material_.authorities += TestAuthority("another").pem();
  EXPECT_EQ(Check(std::move(material_)), absl::OkStatus());
}

TEST_F(CheckTlsMaterialTest, RefusesAnEmptyCertificateAKeyOrABundle) {
  TlsMaterial no_chain = CopyOf(material_);
  no_chain.certificate_chain.clear();
  TlsMaterial no_key = CopyOf(material_);
  no_key.private_key = crypto::SecretBuffer();
  TlsMaterial no_authority = CopyOf(material_);
  no_authority.authorities.clear();
  EXPECT_EQ(Check(std::move(no_chain)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Check(std::move(no_key)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Check(std::move(no_authority)).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CheckTlsMaterialTest, RefusesEveryTruncationOfTheCertificate) {
  const std::string whole = material_.certificate_chain;
  // The last line break may be missing.
  for (size_t size = 0; size + 1 < whole.size(); ++size) {
    TlsMaterial cut = CopyOf(material_);
    cut.certificate_chain.resize(size);
    ASSERT_EQ(Check(std::move(cut)).code(), absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST_F(CheckTlsMaterialTest, RefusesABundleWhoseSecondCertificateIsCut) {
  const std::string second = TestAuthority("another").pem();
  material_.authorities += second.substr(0, second.size() / 2);
  EXPECT_EQ(Check(std::move(material_)).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CheckTlsMaterialTest, RefusesAnotherCertificatesKey) {
  material_.private_key = authority_.Issue(kId).private_key.Clone();
  const absl::Status status = Check(std::move(material_));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), "issued together"));
}

TEST_F(CheckTlsMaterialTest, RefusesAnExpiredAndANotYetValidCertificate) {
  TestAuthority::Leaf expired{{kId}};
  expired.not_after = absl::Now() - absl::Minutes(1);
  TestAuthority::Leaf early{{kId}};
  early.not_before = absl::Now() + absl::Minutes(10);
  EXPECT_EQ(Check(authority_.Issue(expired)).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Check(authority_.Issue(early)).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(CheckTlsMaterialTest, P5_NoMessageQuotesTheKey) {
  const std::string key(material_.private_key.ExposeSecret());
  material_.certificate_chain = key;
  const absl::Status status = Check(std::move(material_));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(absl::StrContains(status.message(), key.substr(30, 20)));
}

TEST_F(CheckTlsMaterialTest, RefusesMoreCertificatesThanAChainHas) {
  for (size_t i = 0; i < kMaxChainCertificates; ++i) {
    material_.certificate_chain += authority_.pem();
  }
  EXPECT_EQ(Check(std::move(material_)).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::rpc
