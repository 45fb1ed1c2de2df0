// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/workload_certificate.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/auth/test_files.h"

namespace keyward::auth {
namespace {

// What each kind of certificate is refused for is CertificateAuthenticator's
// tests to show, which reads with the same function.
TEST(WorkloadCertificateTest, ReadsAWorkloadsIdWhateverSignedIt) {
  for (const char* name : {"payments", "payments-no-eku", "payments-with-dns",
                           "by-nobody", "by-other-domain"}) {
    const auto certificate = ReadWorkloadCertificate(TestCertificate(name));
    ASSERT_TRUE(certificate.ok()) << name << ": " << certificate.status();
    EXPECT_EQ(certificate->id.ToString(), "spiffe://corp/payments");
    EXPECT_EQ(certificate->info.not_before, TestCertificatesBegin());
  }
}

TEST(WorkloadCertificateTest, P8_RefusesWhatIsNotOneWorkloads) {
  const std::string good = TestCertificate("payments");
  for (const std::string& pem :
       {std::string(), std::string("garbage"), absl::StrCat(good, "\n", good),
        good + std::string(kMaxWorkloadCertificateBytes, '\n'),
        TestCertificate("two-ids"), TestCertificate("id-and-url"),
        TestCertificate("corp-ca"), TestCertificate("signing-leaf"),
        TestCertificate("server-only"), TestCertificate("dns-only"),
        TestCertificate("dotted-id"), TestCertificate("domain-only")}) {
    EXPECT_EQ(ReadWorkloadCertificate(pem).status().code(),
              absl::StatusCode::kInvalidArgument)
        << pem.substr(0, 100);
  }
}

}  // namespace
}  // namespace keyward::auth
