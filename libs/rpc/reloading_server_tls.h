// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_RELOADING_SERVER_TLS_H_
#define KEYWARD_LIBS_RPC_RELOADING_SERVER_TLS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/auth/reloadable_files.h"
#include "libs/base/clock.h"
#include "libs/rpc/server_credentials.h"

namespace keyward::rpc {

// Where a server's TLS material lies.
struct ServerTlsFiles {
  std::string certificate_file;
  // Private to its owner.
  std::string key_file;
  // The authorities of all trust domains whose certificates may connect; who
  // a certificate then is, libs/auth decides against its own domain's bundle.
  std::vector<std::string> bundle_files;
};

// A server's TLS that takes up changed files when they are polled, and keeps
// the last good material otherwise.
//
// Thread-safe, as its parts are.
class ReloadingServerTls {
 public:
  // Reads the files. The errors of ReloadableFiles::Create and of
  // ReloadableServerTls::Create, and INVALID_ARGUMENT, with the path, for a
  // bundle that auth::CheckTrustBundle refuses. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<ReloadingServerTls>> Create(
      ServerTlsFiles files, ClientCertificate client_certificate,
      const Clock* clock);

  const std::shared_ptr<ReloadableServerTls>& tls() const { return tls_; }
  // For a ReloadRunner.
  auth::ReloadableFiles* files() { return files_.get(); }

 private:
  ReloadingServerTls(std::vector<std::string> bundle_files,
                     ClientCertificate client_certificate, const Clock* clock)
      : bundle_files_(std::move(bundle_files)),
        client_certificate_(client_certificate),
        clock_(clock) {}

  absl::Status Apply(const std::vector<auth::FileContent>& contents);

  const std::vector<std::string> bundle_files_;
  const ClientCertificate client_certificate_;
  const Clock* const clock_;
  // Set in Create, before anyone else has this object.
  std::shared_ptr<ReloadableServerTls> tls_;
  std::unique_ptr<auth::ReloadableFiles> files_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_RELOADING_SERVER_TLS_H_
