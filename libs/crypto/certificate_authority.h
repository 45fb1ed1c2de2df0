// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_CERTIFICATE_AUTHORITY_H_
#define KEYWARD_LIBS_CRYPTO_CERTIFICATE_AUTHORITY_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// The development CA: one self-signed ECDSA P-256 certificate authority that
// issues SPIFFE X.509-SVIDs of its own trust domain, so that a fresh
// installation speaks mutual TLS before anyone has set up a PKI. It keeps no
// record of what it issued and revokes nothing: leaves are short-lived, and a
// deny rule can name a certificate.
//
// Safe for concurrent use.
class CertificateAuthority {
 public:
  // What a leaf certificate is to say.
  struct LeafRequest {
    // The one URI name: spiffe://TRUST_DOMAIN/PATH of this trust domain, with
    // a path of segments [A-Za-z0-9._-]+ other than "." and "..".
    std::string spiffe_id;
    // Names by which TLS clients without SPIFFE know a server: at most
    // kMaxLeafNames in all. DNS names are letters, digits, "-" and ".", at
    // most 253 characters, without wildcards.
    std::vector<std::string> dns_names;
    std::vector<std::string> ip_addresses;
    // From now; at least a minute and at most kMaxLeafLifetime.
    absl::Duration lifetime;
  };

  struct Leaf {
    // PEM of the certificate alone; there are no intermediates.
    std::string certificate_pem;
    // PEM of its new private key, PKCS#8 without a passphrase.
    SecretBuffer private_key_pem;
  };

  static constexpr size_t kMaxLeafNames = 16;
  static constexpr absl::Duration kMaxLeafLifetime = absl::Hours(24 * 398);
  static constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 3653);

  // Certificates are valid from this long before they are made, since the
  // clocks of those who check them may be behind.
  static constexpr absl::Duration kBackdating = absl::Minutes(5);

  // Makes a CA for `trust_domain` (1 to 255 characters [a-z0-9._-], as SPIFFE
  // has it) that is valid until `now` + `lifetime` (an hour to kMaxLifetime).
  // Its certificate names spiffe://TRUST_DOMAIN, may sign leaves and no other
  // CA. INVALID_ARGUMENT for values out of bounds; errors of `random` (for the
  // serial number; keys come from OpenSSL's own generator); INTERNAL if
  // OpenSSL fails.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> Create(
      absl::string_view trust_domain, absl::Time now, absl::Duration lifetime,
      RandomSource& random);

  // As Create, for a key that ExportKey gave: ends the making of a CA that was
  // cut short. INVALID_ARGUMENT also if the key does not parse.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> CreateFor(
      const SecretBuffer& key_der, absl::string_view trust_domain,
      absl::Time now, absl::Duration lifetime, RandomSource& random);

  // The CA of a certificate and a key that ExportKey gave. INVALID_ARGUMENT if
  // they do not parse or the certificate is not one that Create makes (a CA's
  // with one SPIFFE name without a path); FAILED_PRECONDITION if the key is
  // not the certificate's.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> Load(
      absl::string_view certificate_pem, const SecretBuffer& key_der);

  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;
  ~CertificateAuthority();

  // What others need to verify what it issues; public.
  const std::string& certificate_pem() const { return certificate_pem_; }
  const std::string& trust_domain() const { return trust_domain_; }

  // The private key as PKCS#8 DER, to be wrapped by a Seal (label
  // kCertificateAuthority) and stored in no other form. INTERNAL if OpenSSL
  // fails.
  absl::StatusOr<SecretBuffer> ExportKey() const;

  // Issues a leaf with a new P-256 key: key usage digitalSignature, extended
  // key usage serverAuth and clientAuth, no CA. INVALID_ARGUMENT if the request
  // is out of the bounds above (the message names the field of LeafRequest);
  // FAILED_PRECONDITION if the CA itself would expire before the leaf; others
  // as Create.
  absl::StatusOr<Leaf> Issue(const LeafRequest& request, absl::Time now,
                             RandomSource& random) const;

 private:
  class Material;

  // With the key of `key_der`, or a new one if that is null.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> Make(
      const SecretBuffer* key_der, absl::string_view trust_domain,
      absl::Time now, absl::Duration lifetime, RandomSource& random);

  CertificateAuthority(std::unique_ptr<Material> material,
                       std::string certificate_pem, std::string trust_domain,
                       absl::Time not_after);

  absl::Status CheckRequest(const LeafRequest& request, absl::Time now) const;

  const std::unique_ptr<Material> material_;
  const std::string certificate_pem_;
  const std::string trust_domain_;
  const absl::Time not_after_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_CERTIFICATE_AUTHORITY_H_
