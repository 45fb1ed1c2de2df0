// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVER_CREDENTIALS_H_
#define KEYWARD_LIBS_RPC_SERVER_CREDENTIALS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {

// What a server demands of its clients' certificates. There is no form that
// asks for one and does not verify it: gRPC would then call expired and
// foreign ones authenticated.
enum class ClientCertificate {
  // The gateway: bearer tokens come without one. A certificate that is sent
  // must verify.
  kOptional,
  // Internal services: no certificate, no connection.
  kRequired,
};

// TLS of a gRPC server whose certificate, key and authorities can be replaced
// while it runs: new connections get the newest, old ones live on until their
// greatest age. gRPC asks at each handshake; its own file watcher is not used
// because it ends the process when it meets a file half-written.
//
// That only TLS 1.3 is spoken, and without session tickets (a resumed session
// would keep an identity that was not verified again), is set for the whole
// process by libs/crypto's process hardening: gRPC's C++ has no setting for
// it.
//
// Thread-safe. Must outlive every server that uses its credentials.
class ReloadableServerTls {
 public:
  // The errors of CheckTlsMaterial. `clock` outlives the object.
  static absl::StatusOr<std::shared_ptr<ReloadableServerTls>> Create(
      TlsMaterial material, ClientCertificate client_certificate,
      const Clock* clock);

  ~ReloadableServerTls();

  // Replaces everything, for the handshakes that begin from now on. The errors
  // of CheckTlsMaterial; the last good material then stays in use.
  absl::Status Update(TlsMaterial material);

  // How many times the material was replaced.
  uint64_t generation() const;

  // For one server.
  std::shared_ptr<grpc::ServerCredentials> NewCredentials();

 private:
  class Credentials;
  // What one server has been given.
  struct Fetcher;

  ReloadableServerTls(TlsMaterial material,
                      ClientCertificate client_certificate, const Clock* clock);

  const ClientCertificate client_certificate_;
  const Clock* const clock_;

  mutable Mutex mu_;
  TlsMaterial material_ ABSL_GUARDED_BY(mu_);
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::unique_ptr<Fetcher>> fetchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVER_CREDENTIALS_H_
