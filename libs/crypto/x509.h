// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_X509_H_
#define KEYWARD_LIBS_CRYPTO_X509_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {

// X.509 certificates (RFC 5280): reading, verifying, and checking the payload
// of a secret of type TLS_CERTIFICATE. Reading a certificate proves nothing:
// only VerifyClientChain, or TLS itself, says that its contents are true.
// Safe for concurrent use.

// The most subject alternative names of a certificate. A workload has one or
// two; ten thousand would cost every request that looks through them.
inline constexpr size_t kMaxAlternativeNames = 256;

// What a certificate says.
struct CertificateInfo {
  // Of the DER form; in hexadecimal it is the credential's id in records.
  Sha256Digest sha256{};
  // The subject as RFC 2253 text in ASCII, other characters escaped; may be
  // empty. At most 4 KiB.
  std::string subject;
  // The value of the last common name of the subject; empty if there is none.
  std::string common_name;
  // Subject alternative names, in the certificate's order, as they are
  // written: printable ASCII without spaces. Addresses as text.
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;
  // Valid from the first to the last of these seconds, both included.
  absl::Time not_before;
  absl::Time not_after;
  // Lower-case hexadecimal, without a sign: "0a1b".
  std::string serial_hex;
  // The basic constraints say that it is a certificate authority.
  bool is_ca = false;
  // Key usage. Without that extension everything is allowed, and so all are
  // true.
  bool has_key_usage = false;
  bool allows_digital_signature = true;
  bool allows_certificate_signing = true;
  bool allows_crl_signing = true;
  // Extended key usage; as above.
  bool has_extended_key_usage = false;
  bool allows_server_auth = true;
  bool allows_client_auth = true;
};

// Reads one certificate in PEM (the first of the text, as in a chain: the
// leaf) or DER form. INVALID_ARGUMENT if it does not parse, has malformed or
// duplicate extensions, a name with a byte that is not printable ASCII (one
// with a NUL inside is cut there by careless readers and then means another
// name), or values above the bounds. Never quotes the input.
absl::StatusOr<CertificateInfo> ParseCertificatePem(absl::string_view pem);
absl::StatusOr<CertificateInfo> ParseCertificateDer(absl::string_view der);

// All certificates of a text, in its order; at least one. Errors as above.
absl::StatusOr<std::vector<CertificateInfo>> ParseCertificatesPem(
    absl::string_view pem);

// Verifies that the first certificate of `chain_pem` is valid for a TLS client
// at the time `at`, by a path through the others of that text to a
// certificate of `bundle_pem` and to nothing else that the system trusts:
// signatures, validity, CA constraints, purpose (an extended key usage, if
// present, includes clientAuth), keys of 112 bits of security or more, at most
// 8 intermediates. UNAUTHENTICATED with OpenSSL's reason if not;
// INVALID_ARGUMENT if one of the texts does not parse. Revocation is not
// checked.
//
// The moment at which that path ends: the earliest not_after of the
// certificates on it, those of the bundle included. From then on OpenSSL
// refuses it, one second before X.509 does. Another path through the same
// certificates, if there is one, may be good for longer.
absl::StatusOr<absl::Time> VerifyClientChain(absl::string_view chain_pem,
                                             absl::string_view bundle_pem,
                                             absl::Time at);

// OK if the private key belongs to the first certificate of
// `certificate_pem`; FAILED_PRECONDITION if it is another's; INVALID_ARGUMENT
// if something does not parse.
absl::Status CheckPrivateKeyMatches(absl::string_view certificate_pem,
                                    absl::string_view private_key_pem);

// Checks the payload of a TLS_CERTIFICATE: PEM text of a certificate chain,
// leaf first, and the leaf's private key without a passphrase, before, between
// or after the certificates. The leaf's information (the version's expiry is
// its `not_after`; an expired certificate is no error).
//
// INVALID_ARGUMENT, with a message for the user that quotes nothing of the
// payload, unless the text parses completely, has exactly one private key,
// which matches the first certificate, and the leaf is no CA certificate.
absl::StatusOr<CertificateInfo> CheckTlsCertificatePayload(
    absl::string_view payload);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_X509_H_
