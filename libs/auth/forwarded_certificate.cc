// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/forwarded_certificate.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/auth/workload_certificate.h"
#include "libs/auth/xfcc.h"
#include "libs/base/hex.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {
namespace {

absl::Status Refuse(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

using Values = std::map<XfccKey, std::string>;

// The values of the header's only element, DNS names apart.
absl::StatusOr<Values> ReadValues(absl::string_view header) {
  absl::StatusOr<std::vector<XfccElement>> elements = ParseXfcc(header);
  if (!elements.ok()) return elements.status();
  if (elements->size() != 1) {
    return Refuse(
        "more than one element; the proxy must replace the header, not append "
        "to it");
  }
  Values values;
  for (XfccPair& pair : elements->front()) {
    if (pair.key == XfccKey::kDns) continue;
    if (!values.emplace(pair.key, std::move(pair.value)).second) {
      return Refuse(pair.key == XfccKey::kUri ? "more than one URI"
                                              : "a key is repeated");
    }
  }
  return values;
}

absl::optional<std::string> Find(const Values& values, XfccKey key) {
  const auto found = values.find(key);
  if (found == values.end()) return absl::nullopt;
  return found->second;
}

// RFC 3986, 2.1. A plus sign is one: this is no form.
absl::StatusOr<std::string> PercentDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const absl::StatusOr<std::string> byte = HexDecode(text.substr(i + 1, 2));
    if (!byte.ok() || byte->size() != 1) {
      return Refuse("Cert: its percent-encoding is broken");
    }
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

absl::StatusOr<std::string> ReadHash(absl::string_view text) {
  const absl::StatusOr<std::string> digest = HexDecode(text);
  if (!digest.ok() || digest->size() != crypto::kSha256Size) {
    return Refuse("Hash must be a SHA-256 digest in hexadecimal");
  }
  // One certificate has one id in records and deny rules.
  return HexEncode(*digest);
}

absl::StatusOr<WorkloadCertificate> ReadCert(absl::string_view text) {
  const absl::StatusOr<std::string> pem = PercentDecode(text);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<WorkloadCertificate> certificate =
      ReadWorkloadCertificate(*pem);
  if (!certificate.ok()) {
    return Refuse(absl::StrCat("Cert: ", certificate.status().message()));
  }
  return certificate;
}

}  // namespace

absl::StatusOr<ForwardedCertificate> ReadForwardedCertificate(
    absl::string_view header, absl::string_view proxy_id) {
  const absl::StatusOr<Values> values = ReadValues(header);
  if (!values.ok()) return values.status();
  if (Find(*values, XfccKey::kBy).value_or(std::string(proxy_id)) != proxy_id) {
    return Refuse("By is not the SPIFFE id of the proxy that sent it");
  }
  std::string told;
  if (const auto hash = Find(*values, XfccKey::kHash)) {
    absl::StatusOr<std::string> digest = ReadHash(*hash);
    if (!digest.ok()) return digest.status();
    told = *std::move(digest);
  }
  const absl::optional<std::string> uri = Find(*values, XfccKey::kUri);
  const absl::optional<std::string> cert = Find(*values, XfccKey::kCert);
  if (!cert.has_value()) {
    if (!uri.has_value()) return Refuse("neither URI nor Cert says who calls");
    absl::StatusOr<SpiffeId> id = SpiffeId::Parse(*uri);
    if (!id.ok()) return Refuse(absl::StrCat("URI: ", id.status().message()));
    return ForwardedCertificate{*std::move(id), std::move(told)};
  }
  absl::StatusOr<WorkloadCertificate> certificate = ReadCert(*cert);
  if (!certificate.ok()) return certificate.status();
  if (uri.has_value() && *uri != certificate->id.ToString()) {
    return Refuse("URI is not the one of Cert");
  }
  const crypto::CertificateInfo& info = certificate->info;
  std::string sha256 = HexEncode(crypto::AsBytes(info.sha256));
  if (!told.empty() && told != sha256) return Refuse("Hash is not of Cert");
  return ForwardedCertificate{std::move(certificate->id), std::move(sha256),
                              info.not_before, info.not_after};
}

}  // namespace keyward::auth
