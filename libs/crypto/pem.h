// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_PEM_H_
#define KEYWARD_LIBS_CRYPTO_PEM_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// PEM text (RFC 7468) and the OpenSSL objects in it, for the sources of this
// library alone. Safe for concurrent use.

// Text longer than this is refused before it is parsed: a bundle of some
// hundred certificates.
inline constexpr size_t kMaxPemText = size_t{1} << 20;

// The most certificates of one text.
inline constexpr size_t kMaxPemCertificates = 256;

// What a PEM text holds, in its order.
struct PemContents {
  std::vector<X509Ptr> certificates;
  std::vector<PkeyPtr> private_keys;
};

// Reads all blocks of `pem`: CERTIFICATE, and PRIVATE KEY, EC PRIVATE KEY and
// RSA PRIVATE KEY without a passphrase. "EC PARAMETERS", which openssl writes
// before a key, and text between blocks are skipped. INVALID_ARGUMENT for any
// other block, for an encrypted key, for what does not parse and above the
// bounds; the message names what is wrong and quotes nothing.
absl::StatusOr<PemContents> ReadPem(absl::string_view pem);

// The certificates of a text that has at least one, and no private key (which
// would have got there by mistake, and should not pass unnoticed).
// INVALID_ARGUMENT otherwise, and as above.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(absl::string_view pem);

// The one private key of a text. INVALID_ARGUMENT if there are none or
// several, and as above.
absl::StatusOr<PkeyPtr> ReadPrivateKey(absl::string_view pem);

// A certificate from DER; INVALID_ARGUMENT if it is none or if bytes follow
// it.
absl::StatusOr<X509Ptr> ParseDerCertificate(absl::string_view der);

// The certificate as DER and as PEM; INTERNAL if OpenSSL fails.
absl::StatusOr<std::string> CertificateToDer(const X509* certificate);
absl::StatusOr<std::string> CertificateToPem(const X509* certificate);

// A private key as PKCS#8 (RFC 5208), unencrypted, DER and PEM, and back from
// DER. INTERNAL, for parsing INVALID_ARGUMENT, if OpenSSL fails.
absl::StatusOr<SecretBuffer> PrivateKeyToDer(const EVP_PKEY* key);
absl::StatusOr<SecretBuffer> PrivateKeyToPem(const EVP_PKEY* key);
absl::StatusOr<PkeyPtr> ParseDerPrivateKey(absl::string_view der);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_PEM_H_
