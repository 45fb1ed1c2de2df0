// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/server_credentials.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "grpcpp/impl/grpc_library.h"
#include "grpcpp/security/server_credentials.h"
#include "libs/base/mutex.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {

// gRPC calls it under a lock of its own, so one server never runs it twice at
// once; it only compares a number unless there is something new.
struct ReloadableServerTls::Fetcher {
  ReloadableServerTls* tls = nullptr;
  std::optional<uint64_t> given;

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<Fetcher*>(self)->Fetch(config);
  }

  grpc_ssl_certificate_config_reload_status Fetch(
      grpc_ssl_server_certificate_config** config) {
    MutexLock lock(&tls->mu_);
    if (given == tls->generation_) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    *config = NewConfig(tls->material_);
    if (*config == nullptr) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
    given = tls->generation_;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  static grpc_ssl_server_certificate_config* NewConfig(
      const TlsMaterial& material) {
    // gRPC wants a string that ends in a zero byte, and copies it.
    std::string key(material.private_key.ExposeSecret());
    const crypto::WipingString wipe(&key);
    const grpc_ssl_pem_key_cert_pair pair = {
        key.c_str(), material.certificate_chain.c_str()};
    return grpc_ssl_server_certificate_config_create(
        material.authorities.c_str(), &pair, 1);
  }
};

// gRPC's C++ has no credentials with a config fetcher: this hands its C
// credentials to the server.
class ReloadableServerTls::Credentials final : public grpc::ServerCredentials {
 public:
  Credentials(ClientCertificate client_certificate, Fetcher* fetcher) {
    const grpc_ssl_client_certificate_request_type type =
        client_certificate == ClientCertificate::kRequired
            ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
            : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            type, Fetcher::Fetch, fetcher));
  }

  ~Credentials() override { grpc_server_credentials_release(credentials_); }

  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  grpc_server_credentials* credentials_;
};

absl::StatusOr<std::shared_ptr<ReloadableServerTls>>
ReloadableServerTls::Create(TlsMaterial material,
                            ClientCertificate client_certificate,
                            const Clock* clock) {
  const absl::Status usable = CheckTlsMaterial(material, clock->Now());
  if (!usable.ok()) return usable;
  return std::shared_ptr<ReloadableServerTls>(
      new ReloadableServerTls(std::move(material), client_certificate, clock));
}

ReloadableServerTls::ReloadableServerTls(TlsMaterial material,
                                         ClientCertificate client_certificate,
                                         const Clock* clock)
    : client_certificate_(client_certificate),
      clock_(clock),
      material_(std::move(material)) {}

ReloadableServerTls::~ReloadableServerTls() = default;

absl::Status ReloadableServerTls::Update(TlsMaterial material) {
  absl::Status usable = CheckTlsMaterial(material, clock_->Now());
  if (!usable.ok()) return usable;
  MutexLock lock(&mu_);
  material_ = std::move(material);
  ++generation_;
  return absl::OkStatus();
}

uint64_t ReloadableServerTls::generation() const {
  MutexLock lock(&mu_);
  return generation_;
}

std::shared_ptr<grpc::ServerCredentials> ReloadableServerTls::NewCredentials() {
  // The base class of the credentials counts on it.
  grpc::internal::GrpcLibraryInitializer().summon();
  auto fetcher = std::make_unique<Fetcher>();
  fetcher->tls = this;
  Fetcher* const given = fetcher.get();
  {
    MutexLock lock(&mu_);
    fetchers_.push_back(std::move(fetcher));
  }
  return std::make_shared<Credentials>(client_certificate_, given);
}

}  // namespace keyward::rpc
