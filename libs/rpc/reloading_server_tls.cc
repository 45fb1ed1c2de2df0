// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/reloading_server_tls.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/auth/trust_bundles.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {
namespace {

// Eight certificates of a chain, and a key, are far below these.
constexpr size_t kMaxChainBytes = 64 << 10;
constexpr size_t kMaxKeyBytes = 16 << 10;

// The certificate and its key, before the bundles.
constexpr size_t kOwnFiles = 2;

}  // namespace

absl::StatusOr<std::unique_ptr<ReloadingServerTls>> ReloadingServerTls::Create(
    ServerTlsFiles files, ClientCertificate client_certificate,
    const Clock* clock) {
  std::unique_ptr<ReloadingServerTls> reloading(
      new ReloadingServerTls(files.bundle_files, client_certificate, clock));
  std::vector<auth::ReloadableFile> watched = {
      {files.certificate_file, kMaxChainBytes, /*is_private=*/false},
      {files.key_file, kMaxKeyBytes, /*is_private=*/true},
  };
  for (const std::string& bundle : files.bundle_files) {
    watched.push_back({bundle, auth::TrustBundles::kMaxBundleBytes, false});
  }
  absl::StatusOr<std::unique_ptr<auth::ReloadableFiles>> reloadable =
      auth::ReloadableFiles::Create(
          std::move(watched), clock,
          [self = reloading.get()](
              const std::vector<auth::FileContent>& contents) {
            return self->Apply(contents);
          });
  if (!reloadable.ok()) return reloadable.status();
  reloading->files_ = *std::move(reloadable);
  return reloading;
}

absl::Status ReloadingServerTls::Apply(
    const std::vector<auth::FileContent>& contents) {
  TlsMaterial material;
  material.certificate_chain = std::string(contents[0].ExposeBytes());
  material.private_key =
      crypto::SecretBuffer::CopyOf(contents[1].ExposeBytes());
  for (size_t i = 0; i < bundle_files_.size(); ++i) {
    const absl::string_view bundle = contents[kOwnFiles + i].ExposeBytes();
    absl::Status usable = auth::CheckTrustBundle(bundle);
    if (!usable.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(bundle_files_[i], ": ", usable.message()));
    }
    absl::StrAppend(&material.authorities, bundle, "\n");
  }
  if (tls_ != nullptr) return tls_->Update(std::move(material));
  absl::StatusOr<std::shared_ptr<ReloadableServerTls>> created =
      ReloadableServerTls::Create(std::move(material), client_certificate_,
                                  clock_);
  if (!created.ok()) return created.status();
  tls_ = *std::move(created);
  return absl::OkStatus();
}

}  // namespace keyward::rpc
