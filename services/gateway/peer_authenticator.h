// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The callers of a real network: certificates, tokens and what trusted proxies
// say, proven by libs/auth.

#ifndef KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_
#define KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/auth/authenticator.h"
#include "libs/auth/credential.h"
#include "libs/rpc/incoming_call.h"
#include "services/gateway/caller_authenticator.h"

namespace keyward::gateway {

// Thread-safe. The authenticator must outlive it.
class PeerAuthenticator : public CallerAuthenticator {
 public:
  explicit PeerAuthenticator(auth::Authenticator* authenticator)
      : authenticator_(authenticator) {}

  absl::StatusOr<auth::Credential> Authenticate(
      const rpc::PeerFacts& peer) override {
    return authenticator_->Authenticate(CredentialsOf(peer));
  }
  uint64_t generation() const override { return authenticator_->generation(); }
  absl::StatusOr<auth::Credential> Reauthenticate(
      const auth::Credential& credential, const rpc::PeerFacts& peer) override {
    return authenticator_->Reauthenticate(credential, CredentialsOf(peer));
  }

 private:
  static auth::RequestCredentials CredentialsOf(const rpc::PeerFacts& peer) {
    auth::RequestCredentials credentials;
    credentials.authorization = peer.authorization;
    credentials.forwarded_client_cert = peer.forwarded_client_cert;
    credentials.certificate_pem = peer.certificate_pem.view();
    credentials.chain_pem = peer.chain_pem.view();
    credentials.session_resumed = peer.session_resumed;
    return credentials;
  }

  auth::Authenticator* const authenticator_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_
