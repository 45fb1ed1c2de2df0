// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/test_peers.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

// The anonymous client of these tests does not care whom it talks to.
class AnyServer final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest*,
              std::function<void(grpc::Status)>, grpc::Status*) override {
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {
  }
};

}  // namespace

TestServer::TestServer(ServerOptions options,
                       ClientCertificate client_certificate, const Clock* clock)
    : clock_(clock) {
  auto tls = ReloadableServerTls::Create(authority_.Issue(kTestServerId),
                                         client_certificate, clock);
  EXPECT_TRUE(tls.ok()) << tls.status();
  tls_ = *std::move(tls);
  options.address = "127.0.0.1:0";
  options.tls = tls_;
  auto server = Server::Create(std::move(options), clock);
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

std::string TestServer::address() const {
  return absl::StrCat("127.0.0.1:", server_->port());
}

std::shared_ptr<grpc::Channel> TestServer::ConnectWith(TlsMaterial material) {
  auto channel = PeerChannel::Create(address(), kTestServerId,
                                     std::move(material), clock_);
  EXPECT_TRUE(channel.ok()) << channel.status();
  channels_.push_back(*std::move(channel));
  return channels_.back()->Get();
}

std::shared_ptr<grpc::Channel> TestServer::ConnectAnonymously(
    const grpc::ChannelArguments& arguments) const {
  namespace ge = grpc::experimental;
  ge::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<ge::StaticDataCertificateProvider>(authority_.pem()));
  options.watch_root_certs();
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      ge::ExternalCertificateVerifier::Create<AnyServer>());
  return grpc::CreateCustomChannel(address(), ge::TlsCredentials(options),
                                   arguments);
}

}  // namespace keyward::rpc
