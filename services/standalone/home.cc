// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/standalone/home.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/auth/development_ca.h"
#include "libs/base/file_util.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/x509.h"

namespace keyward::standalone {
namespace {

using auth::DevelopmentCa;

// An identity is issued again when it ends sooner than this: a machine that is
// restarted once a month never sees one expire.
constexpr absl::Duration kRenewBefore = absl::Hours(24 * 30);

// Far above what a certificate's file holds.
constexpr size_t kMaxCertificateFile = 64 << 10;

constexpr const char* kServices[] = {"gateway", "store", "policy", "audit",
                                     "rotation"};

bool Exists(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0;
}

std::vector<std::string> DataFolders(const HomePaths& paths) {
  std::vector<std::string> folders = {paths.data_folder};
  for (const std::string& service : paths.services) {
    folders.push_back(absl::StrCat(paths.data_folder, "/", service));
  }
  return folders;
}

// Whether an identity's certificate is there and lasts.
bool Lasts(const std::string& path, absl::Time now) {
  absl::StatusOr<std::string> pem = ReadFileBounded(path, kMaxCertificateFile);
  if (!pem.ok()) return false;
  absl::StatusOr<crypto::CertificateInfo> leaf =
      crypto::ParseCertificatePem(*pem);
  return leaf.ok() && leaf->not_after > now + kRenewBefore;
}

absl::Status IssueIfNeeded(const DevelopmentCa& ca, const HomePaths& paths,
                           DevelopmentCa::Kind kind, const std::string& name,
                           absl::Duration ttl, absl::Time now) {
  if (Lasts(absl::StrCat(paths.tls_folder, "/", name, ".pem"), now)) {
    return absl::OkStatus();
  }
  return ca.IssueTo(paths.tls_folder, kind, name, ttl, now).status();
}

absl::Status IssueIdentities(const DevelopmentCa& ca, const HomePaths& paths,
                             absl::Time now) {
  for (const char* service : kServices) {
    absl::Status status =
        IssueIfNeeded(ca, paths, DevelopmentCa::Kind::kService, service,
                      auth::kServiceLifetime, now);
    if (!status.ok()) return status;
  }
  return IssueIfNeeded(ca, paths, DevelopmentCa::Kind::kUser, "admin",
                       auth::kAdministratorLifetime, now);
}

// The root key, new if `first` allows it.
absl::StatusOr<crypto::RootKey> OpenRootKey(const HomePaths& paths, bool first,
                                            crypto::RandomSource& random) {
  const crypto::RootKeyLocation location{paths.root_key, DataFolders(paths)};
  if (Exists(paths.root_key)) return crypto::LoadRootKey(location);
  if (first) return crypto::CreateRootKey(location, random);
  return absl::FailedPreconditionError(absl::StrCat(
      "there is data in ", paths.data_folder, " but no root key at ",
      paths.root_key,
      ": restore the key file from its backup; nothing else opens this data"));
}

}  // namespace

HomePaths HomePaths::Of(const std::string& home, std::string root_key,
                        std::string data_folder) {
  HomePaths paths;
  paths.keys_folder = absl::StrCat(home, "/keys");
  paths.tls_folder = absl::StrCat(home, "/tls");
  paths.root_key = std::move(root_key);
  paths.data_folder = std::move(data_folder);
  paths.services = {"store", "policy", "audit", "rotation"};
  return paths;
}

absl::StatusOr<std::unique_ptr<crypto::Seal>> OpenHome(
    const HomePaths& paths, const Clock& clock, crypto::RandomSource* random) {
  bool first = true;
  for (const std::string& service : paths.services) {
    if (Exists(absl::StrCat(paths.data_folder, "/", service))) first = false;
  }
  absl::StatusOr<crypto::RootKey> root = OpenRootKey(paths, first, *random);
  if (!root.ok()) return root.status();
  absl::StatusOr<std::unique_ptr<crypto::KeyFileSeal>> seal =
      crypto::KeyFileSeal::Create(*root, random);
  if (!seal.ok()) return seal.status();
  const absl::Time now = clock.Now();
  absl::StatusOr<std::unique_ptr<DevelopmentCa>> ca =
      DevelopmentCa::Open(paths.keys_folder, **seal, random);
  if (absl::IsNotFound(ca.status()) && first) {
    ca = DevelopmentCa::Create(paths.keys_folder, **seal, now, random);
  }
  if (ca.ok()) {
    absl::Status issued = IssueIdentities(**ca, paths, now);
    if (!issued.ok()) return issued;
  } else if (!absl::IsNotFound(ca.status())) {
    return ca.status();
  }
  return std::unique_ptr<crypto::Seal>(*std::move(seal));
}

}  // namespace keyward::standalone
