// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/development_ca.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/file_util.h"

namespace keyward::auth {
namespace {

using crypto::CertificateAuthority;
using crypto::SealLabel;
using crypto::SecretBuffer;

// Binds the wrapped key to what it is for.
constexpr char kKeyContext[] = "keyward/development-ca-key/v1";

// Far above what these files hold.
constexpr size_t kMaxFileBytes = 64 << 10;

std::string CertificatePath(const std::string& keys_folder) {
  return absl::StrCat(keys_folder, "/ca.pem");
}

std::string KeyPath(const std::string& keys_folder) {
  return absl::StrCat(keys_folder, "/ca.key");
}

bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  for (char c : name) {
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!fits) return false;
  }
  return true;
}

absl::string_view KindText(DevelopmentCa::Kind kind) {
  switch (kind) {
    case DevelopmentCa::Kind::kWorkload:
      return "workload";
    case DevelopmentCa::Kind::kService:
      return "service";
    case DevelopmentCa::Kind::kUser:
      return "user";
  }
  return "";
}

// The CA's key. NOT_FOUND if there is none; others as DevelopmentCa::Open.
absl::StatusOr<SecretBuffer> ReadKey(const std::string& keys_folder,
                                     crypto::Seal& seal) {
  const std::string path = KeyPath(keys_folder);
  absl::Status closed = CheckPrivateFile(path);
  if (!closed.ok()) return closed;
  absl::StatusOr<std::string> wrapped = ReadFileBounded(path, kMaxFileBytes);
  if (!wrapped.ok()) return wrapped.status();
  absl::StatusOr<SecretBuffer> key =
      seal.Unwrap(SealLabel::kCertificateAuthority, kKeyContext, *wrapped);
  if (key.ok()) return key;
  return absl::DataLossError(absl::StrCat(
      path, " does not open under this root key: ", key.status().message(),
      "; restore keys/ from one backup"));
}

absl::Status WriteKey(const std::string& keys_folder, crypto::Seal& seal,
                      const CertificateAuthority& authority) {
  const absl::StatusOr<SecretBuffer> key = authority.ExportKey();
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> wrapped =
      seal.Wrap(SealLabel::kCertificateAuthority, kKeyContext, *key);
  if (!wrapped.ok()) return wrapped.status();
  return CreateFileExclusive(KeyPath(keys_folder), *wrapped, 0600);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DevelopmentCa>> DevelopmentCa::Create(
    const std::string& keys_folder, crypto::Seal& seal, absl::Time now,
    crypto::RandomSource* random) {
  absl::Status status = EnsurePrivateDirectory(keys_folder);
  if (!status.ok()) return status;
  // The key first: a certificate without its key would look like a CA.
  const absl::StatusOr<SecretBuffer> left = ReadKey(keys_folder, seal);
  if (!left.ok() && !absl::IsNotFound(left.status())) return left.status();
  absl::StatusOr<std::unique_ptr<CertificateAuthority>> authority =
      left.ok() ? CertificateAuthority::CreateFor(
                      *left, kDevelopmentTrustDomain, now, kCaLifetime, *random)
                : CertificateAuthority::Create(kDevelopmentTrustDomain, now,
                                               kCaLifetime, *random);
  if (!authority.ok()) return authority.status();
  if (!left.ok()) status = WriteKey(keys_folder, seal, **authority);
  if (status.ok()) {
    status = CreateFileExclusive(CertificatePath(keys_folder),
                                 (*authority)->certificate_pem(), 0644);
  }
  if (!status.ok()) return status;
  return std::unique_ptr<DevelopmentCa>(
      new DevelopmentCa(*std::move(authority), random));
}

absl::StatusOr<std::unique_ptr<DevelopmentCa>> DevelopmentCa::Open(
    const std::string& keys_folder, crypto::Seal& seal,
    crypto::RandomSource* random) {
  absl::StatusOr<std::string> certificate =
      ReadFileBounded(CertificatePath(keys_folder), kMaxFileBytes);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<SecretBuffer> key = ReadKey(keys_folder, seal);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::unique_ptr<CertificateAuthority>> authority =
      CertificateAuthority::Load(*certificate, *key);
  if (!authority.ok()) return authority.status();
  return std::unique_ptr<DevelopmentCa>(
      new DevelopmentCa(*std::move(authority), random));
}

absl::StatusOr<std::string> DevelopmentCa::IssueTo(const std::string& folder,
                                                   Kind kind,
                                                   absl::string_view name,
                                                   absl::Duration ttl,
                                                   absl::Time now) const {
  if (!IsName(name)) return FieldError("name", "must be [a-z0-9-]{1,63}");
  if (ttl < absl::Minutes(1) || ttl > CertificateAuthority::kMaxLeafLifetime) {
    return FieldError("ttl", "must be a minute to 398 days");
  }
  CertificateAuthority::LeafRequest request;
  request.spiffe_id = absl::StrCat("spiffe://", kDevelopmentTrustDomain, "/",
                                   KindText(kind), "/", name);
  request.lifetime = ttl;
  if (kind == Kind::kService) {
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1", "::1"};
  }
  absl::StatusOr<CertificateAuthority::Leaf> leaf =
      authority_->Issue(request, now, *random_);
  if (!leaf.ok()) return leaf.status();
  const std::string path = absl::StrCat(folder, "/", name);
  absl::Status status = EnsurePrivateDirectory(folder);
  if (status.ok()) {
    status = WriteFileDurably(absl::StrCat(path, ".key"),
                              leaf->private_key_pem.ExposeSecret(), 0600);
  }
  if (status.ok()) {
    status = WriteFileDurably(absl::StrCat(path, ".pem"), leaf->certificate_pem,
                              0644);
  }
  if (!status.ok()) return status;
  return request.spiffe_id;
}

}  // namespace keyward::auth
