// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/channel.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/peer_verifier.h"
#include "libs/rpc/tls_material.h"

namespace keyward::client {
namespace {

namespace ge = grpc::experimental;

constexpr char kPemCertificate[] = "-----BEGIN CERTIFICATE-----";

std::shared_ptr<ge::CertificateProviderInterface> NewProvider(
    const ChannelMaterial& material) {
  if (material.certificate_chain.empty()) {
    return std::make_shared<ge::StaticDataCertificateProvider>(
        material.authorities);
  }
  // The one place where the key is an ordinary string: gRPC takes no other.
  std::vector<ge::IdentityKeyCertPair> pairs(1);
  pairs[0].private_key.assign(material.private_key.ExposeSecret().data(),
                              material.private_key.size());
  pairs[0].certificate_chain = material.certificate_chain;
  const crypto::WipingString wipe(&pairs[0].private_key);
  return std::make_shared<ge::StaticDataCertificateProvider>(
      material.authorities, pairs);
}

std::shared_ptr<grpc::ChannelCredentials> NewCredentials(
    const ChannelMaterial& material) {
  ge::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(NewProvider(material));
  options.watch_root_certs();
  if (!material.certificate_chain.empty()) {
    options.watch_identity_key_cert_pairs();
  }
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(rpc::NewPeerVerifier(material.server_id));
  return ge::TlsCredentials(options);
}

grpc::ChannelArguments Arguments(const std::string& user_agent) {
  grpc::ChannelArguments args;
  // libs/client/retry_policy.h decides about repetitions, since it knows what
  // a second attempt means.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Neither a variable of the environment nor a DNS record may send calls
  // elsewhere or change how they are made.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A connection that failed is tried again as soon as the client's own
  // backoff is over; gRPC's default would answer from memory for a second.
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // What audit records say of the program, before gRPC's own name.
  args.SetUserAgentPrefix(user_agent);
  return args;
}

absl::Status CheckMaterial(const ChannelMaterial& material, absl::Time now) {
  // Without this, a caller with a token alone would learn of a wrong file only
  // by a handshake that fails, and gRPC takes an empty text for a mistake of
  // the program and ends it.
  if (!absl::StrContains(material.authorities, kPemCertificate)) {
    return absl::InvalidArgumentError(
        "the trust bundle is empty or not PEM (-----BEGIN CERTIFICATE-----)");
  }
  if (material.certificate_chain.empty()) return absl::OkStatus();
  rpc::TlsMaterial tls;
  tls.authorities = material.authorities;
  tls.certificate_chain = material.certificate_chain;
  tls.private_key = material.private_key.Clone();
  return rpc::CheckTlsMaterial(tls, now);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> NewGatewayChannel(
    ChannelMaterial material, absl::Time now) {
  absl::Status usable = CheckMaterial(material, now);
  if (!usable.ok()) return usable;
  return grpc::CreateCustomChannel(material.address, NewCredentials(material),
                                   Arguments(material.user_agent));
}

}  // namespace keyward::client
