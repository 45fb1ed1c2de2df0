// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_WORKLOAD_CERTIFICATE_H_
#define KEYWARD_LIBS_AUTH_WORKLOAD_CERTIFICATE_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/auth/spiffe_id.h"
#include "libs/crypto/x509.h"

namespace keyward::auth {

// A certificate that can be a workload's. Nothing says yet that it is: its
// signatures and its dates are looked at by whoever reads it.
struct WorkloadCertificate {
  SpiffeId id;
  crypto::CertificateInfo info;
};

inline constexpr size_t kMaxWorkloadCertificateBytes = size_t{16} << 10;

// Reads a certificate in PEM. INVALID_ARGUMENT, with the rule and nothing of
// the text, unless it is
//  - one certificate, within the bound;
//  - with exactly one URI name, which is a workload's SPIFFE id (SPIFFE's
//    X.509-SVID standard, 2); other kinds of names do not matter. More than
//    one is an error even if only one of them is a SPIFFE id, because readers
//    differ in which they take;
//  - one that signs no others: not cA, and with a key usage that has
//    digitalSignature and neither keyCertSign nor cRLSign (4.1, 4.3);
//  - without an extended key usage, or with both serverAuth and clientAuth
//    (4.4).
absl::StatusOr<WorkloadCertificate> ReadWorkloadCertificate(
    absl::string_view pem);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_WORKLOAD_CERTIFICATE_H_
