// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/certificate_authority.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "libs/crypto/certificate_builder.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/x509.h"

namespace keyward::crypto {
namespace {

constexpr absl::string_view kScheme = "spiffe://";
constexpr char kCaCommonName[] = "Keyward development CA";

// Bounds of the SPIFFE standard: of a trust domain, of an id.
constexpr size_t kMaxTrustDomain = 255;
constexpr size_t kMaxSpiffeId = 2048;
// RFC 1035.
constexpr size_t kMaxDnsName = 253;

constexpr absl::Duration kShortestLeaf = absl::Minutes(1);
constexpr absl::Duration kShortestCa = absl::Hours(1);

bool IsTrustDomain(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxTrustDomain &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '.' || c == '_' || c == '-';
         });
}

bool IsPathSegment(absl::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         std::all_of(segment.begin(), segment.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

bool IsSpiffeIdOf(absl::string_view id, absl::string_view trust_domain) {
  if (id.size() > kMaxSpiffeId || !absl::ConsumePrefix(&id, kScheme) ||
      !absl::ConsumePrefix(&id, trust_domain) ||
      !absl::ConsumePrefix(&id, "/")) {
    return false;
  }
  const std::vector<absl::string_view> segments = absl::StrSplit(id, '/');
  return std::all_of(segments.begin(), segments.end(), IsPathSegment);
}

bool IsDnsName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxDnsName) return false;
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  return std::all_of(labels.begin(), labels.end(), [](absl::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' &&
           label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) {
             return absl::ascii_isalnum(c) || c == '-';
           });
  });
}

bool IsIpAddress(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

// The last segment of the path as the common name, for people who look at the
// certificate; X.520 allows 64 characters.
std::string CommonNameOf(absl::string_view spiffe_id) {
  const absl::string_view name = spiffe_id.substr(spiffe_id.rfind('/') + 1);
  return std::string(name.substr(0, 64));
}

}  // namespace

// The certificate and its key, out of the header.
class CertificateAuthority::Material {
 public:
  Material(X509Ptr certificate, PkeyPtr key)
      : certificate(std::move(certificate)), key(std::move(key)) {}

  const X509Ptr certificate;
  const PkeyPtr key;
};

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::Create(absl::string_view trust_domain, absl::Time now,
                             absl::Duration lifetime, RandomSource& random) {
  return Make(nullptr, trust_domain, now, lifetime, random);
}

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::CreateFor(const SecretBuffer& key_der,
                                absl::string_view trust_domain, absl::Time now,
                                absl::Duration lifetime, RandomSource& random) {
  return Make(&key_der, trust_domain, now, lifetime, random);
}

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::Make(const SecretBuffer* key_der,
                           absl::string_view trust_domain, absl::Time now,
                           absl::Duration lifetime, RandomSource& random) {
  if (!IsTrustDomain(trust_domain)) {
    return absl::InvalidArgumentError(
        "trust domain: must be 1 to 255 characters [a-z0-9._-]");
  }
  if (lifetime < kShortestCa || lifetime > kMaxLifetime) {
    return absl::InvalidArgumentError("lifetime: must be an hour to ten years");
  }
  CertificateFields fields;
  fields.common_name = kCaCommonName;
  fields.uri_names = {absl::StrCat(kScheme, trust_domain)};
  fields.not_before = now - kBackdating;
  fields.not_after = now + lifetime;
  fields.is_ca = true;
  absl::StatusOr<PkeyPtr> key =
      key_der == nullptr ? NewP256Key()
                         : ParseDerPrivateKey(key_der->ExposeSecret());
  if (!key.ok()) return key.status();
  absl::StatusOr<X509Ptr> certificate = BuildCertificate(
      fields, key->get(), /*issuer=*/nullptr, key->get(), random);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> pem = CertificateToPem(certificate->get());
  if (!pem.ok()) return pem.status();
  return absl::WrapUnique(new CertificateAuthority(
      std::make_unique<Material>(*std::move(certificate), *std::move(key)),
      *std::move(pem), std::string(trust_domain), fields.not_after));
}

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::Load(absl::string_view certificate_pem,
                           const SecretBuffer& key_der) {
  absl::StatusOr<std::vector<X509Ptr>> certificates =
      ReadCertificates(certificate_pem);
  if (!certificates.ok()) return certificates.status();
  const absl::StatusOr<CertificateInfo> info =
      ParseCertificatePem(certificate_pem);
  if (!info.ok()) return info.status();
  absl::string_view trust_domain;
  if (info->uri_sans.size() == 1) trust_domain = info->uri_sans.front();
  if (certificates->size() != 1 || !info->is_ca ||
      !info->allows_certificate_signing ||
      !absl::ConsumePrefix(&trust_domain, kScheme) ||
      !IsTrustDomain(trust_domain)) {
    return absl::InvalidArgumentError(
        "not the certificate of a development CA");
  }
  absl::StatusOr<PkeyPtr> key = ParseDerPrivateKey(key_der.ExposeSecret());
  if (!key.ok()) return key.status();
  X509Ptr& certificate = certificates->front();
  if (X509_check_private_key(certificate.get(), key->get()) != 1) {
    ClearOpensslErrors();
    return absl::FailedPreconditionError(
        "the key is not that of the CA's certificate");
  }
  return absl::WrapUnique(new CertificateAuthority(
      std::make_unique<Material>(std::move(certificate), *std::move(key)),
      std::string(certificate_pem), std::string(trust_domain),
      info->not_after));
}

CertificateAuthority::CertificateAuthority(std::unique_ptr<Material> material,
                                           std::string certificate_pem,
                                           std::string trust_domain,
                                           absl::Time not_after)
    : material_(std::move(material)),
      certificate_pem_(std::move(certificate_pem)),
      trust_domain_(std::move(trust_domain)),
      // Whole seconds, as in the certificate.
      not_after_(absl::FromTimeT(absl::ToTimeT(not_after))) {}

CertificateAuthority::~CertificateAuthority() = default;

absl::StatusOr<SecretBuffer> CertificateAuthority::ExportKey() const {
  return PrivateKeyToDer(material_->key.get());
}

absl::Status CertificateAuthority::CheckRequest(const LeafRequest& request,
                                                absl::Time now) const {
  if (!IsSpiffeIdOf(request.spiffe_id, trust_domain_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("spiffe_id: must be ", kScheme, trust_domain_,
                     "/PATH with segments [A-Za-z0-9._-]+"));
  }
  if (request.dns_names.size() + request.ip_addresses.size() > kMaxLeafNames) {
    return absl::InvalidArgumentError(
        "dns_names, ip_addresses: must be at most 16");
  }
  if (!std::all_of(request.dns_names.begin(), request.dns_names.end(),
                   IsDnsName)) {
    return absl::InvalidArgumentError("dns_names: must be host names");
  }
  if (!std::all_of(request.ip_addresses.begin(), request.ip_addresses.end(),
                   IsIpAddress)) {
    return absl::InvalidArgumentError("ip_addresses: must be IP addresses");
  }
  if (request.lifetime < kShortestLeaf || request.lifetime > kMaxLeafLifetime) {
    return absl::InvalidArgumentError("lifetime: must be a minute to 398 days");
  }
  if (now + request.lifetime > not_after_) {
    return absl::FailedPreconditionError(
        absl::StrCat("lifetime: the CA itself expires at ",
                     absl::FormatTime(not_after_, absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

absl::StatusOr<CertificateAuthority::Leaf> CertificateAuthority::Issue(
    const LeafRequest& request, absl::Time now, RandomSource& random) const {
  if (absl::Status s = CheckRequest(request, now); !s.ok()) return s;
  CertificateFields fields;
  fields.common_name = CommonNameOf(request.spiffe_id);
  fields.uri_names = {request.spiffe_id};
  fields.dns_names = request.dns_names;
  fields.ip_addresses = request.ip_addresses;
  fields.not_before = now - kBackdating;
  fields.not_after = now + request.lifetime;
  const absl::StatusOr<PkeyPtr> key = NewP256Key();
  if (!key.ok()) return key.status();
  const absl::StatusOr<X509Ptr> certificate =
      BuildCertificate(fields, key->get(), material_->certificate.get(),
                       material_->key.get(), random);
  if (!certificate.ok()) return certificate.status();
  Leaf leaf;
  absl::StatusOr<std::string> pem = CertificateToPem(certificate->get());
  if (!pem.ok()) return pem.status();
  leaf.certificate_pem = *std::move(pem);
  absl::StatusOr<SecretBuffer> key_pem = PrivateKeyToPem(key->get());
  if (!key_pem.ok()) return key_pem.status();
  leaf.private_key_pem = *std::move(key_pem);
  return leaf;
}

}  // namespace keyward::crypto
