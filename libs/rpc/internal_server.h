// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_INTERNAL_SERVER_H_
#define KEYWARD_LIBS_RPC_INTERNAL_SERVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/auth/reload_runner.h"
#include "libs/auth/reloading_authenticator.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/reloading_server_tls.h"
#include "libs/rpc/server.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {

struct InternalServerOptions {
  std::string address;
  ServerTlsFiles tls;
  auth::AuthSettings trust;
  // Who may call what; if it is empty, `default_callers`.
  config::v1::AllowedCallers allowed_callers;
  InternalCallers default_callers;
  // Where refused connections are told; nowhere if null. Outlives the server.
  const Logger* log = nullptr;
};

// The options in a service's configuration: its listen, trust_domains and
// allowed_callers.
template <typename Config>
InternalServerOptions InternalServerOptionsOf(const Config& config,
                                              InternalCallers default_callers,
                                              const Logger* log) {
  InternalServerOptions options;
  options.log = log;
  options.address = config.listen().address();
  options.tls.certificate_file = config.listen().tls().cert_file();
  options.tls.key_file = config.listen().tls().key_file();
  for (const config::v1::TrustDomainConfig& domain : config.trust_domains()) {
    options.tls.bundle_files.push_back(domain.bundle_file());
  }
  options.trust = auth::AuthSettingsOf(config);
  options.allowed_callers = config.allowed_callers();
  options.default_callers = std::move(default_callers);
  return options;
}

// The callers of each method of `service`. INVALID_ARGUMENT, naming the key, if
// `allowed` has one of another service or of a method that it does not have. A
// full name is stronger than the star; a method that no key names has nobody.
absl::StatusOr<InternalCallers> CallersOf(
    const google::protobuf::ServiceDescriptor* service,
    const config::v1::AllowedCallers& allowed,
    const InternalCallers& default_callers);

// The server of one internal service: mutual TLS that reloads, its callers
// proven and named, its calls counted. No health, no reflection: it tells
// strangers nothing.
//
// Thread-safe.
class InternalServer {
 public:
  // Listens. Errors of the files, of the address, of CallersOf and of
  // InternalService::Create, which say what to do. What the methods use, and
  // what is passed by pointer, outlives it.
  static absl::StatusOr<std::unique_ptr<InternalServer>> Create(
      const InternalServerOptions& options,
      const google::protobuf::ServiceDescriptor* service,
      InternalMethods methods, Metrics* metrics, const Clock* clock);

  int port() const { return server_->port(); }

  // For a ReloadRunner.
  std::vector<auth::ReloadRunner::Set> files();

  // As Server::Drain.
  void Drain(absl::Duration grace) { server_->Drain(grace); }

 private:
  InternalServer() = default;

  // Destroyed from the last to the first.
  std::unique_ptr<ReloadingServerTls> tls_;
  std::unique_ptr<auth::ReloadingAuthenticator> authenticator_;
  std::unique_ptr<InternalService> service_;
  std::unique_ptr<MeteredHandler> handler_;
  std::unique_ptr<Server> server_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_INTERNAL_SERVER_H_
