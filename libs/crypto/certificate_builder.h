// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_CERTIFICATE_BUILDER_H_
#define KEYWARD_LIBS_CRYPTO_CERTIFICATE_BUILDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/random.h"

namespace keyward::crypto {

// What goes into a certificate, for certificate_authority.cc and for tests
// that need bad ones. Nothing is checked here: the values become DER as they
// are.
struct CertificateFields {
  // The common name; the organization is always "Keyward".
  std::string common_name;
  std::vector<std::string> uri_names;
  std::vector<std::string> dns_names;
  // As text; those that are none make building fail.
  std::vector<std::string> ip_addresses;
  absl::Time not_before;
  absl::Time not_after;
  // A CA that signs leaves, otherwise a leaf for both sides of TLS.
  bool is_ca = false;
  // OpenSSL's text of the extended key usage of a leaf.
  std::string extended_key_usage = "serverAuth,clientAuth";
};

// A new ECDSA P-256 key; INTERNAL if OpenSSL fails.
absl::StatusOr<PkeyPtr> NewP256Key();

// A certificate for `subject_key`, signed by `issuer_key` in the name of
// `issuer` (null: self-signed). Its serial number has 127 random bits. Errors
// of `random`; INTERNAL if OpenSSL fails.
absl::StatusOr<X509Ptr> BuildCertificate(const CertificateFields& fields,
                                         EVP_PKEY* subject_key, X509* issuer,
                                         EVP_PKEY* issuer_key,
                                         RandomSource& random);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_CERTIFICATE_BUILDER_H_
