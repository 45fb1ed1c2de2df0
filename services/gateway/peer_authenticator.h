// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The callers of a real network: certificates and tokens, proven by libs/auth.

#ifndef KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_
#define KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_

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
    auth::RequestCredentials credentials;
    credentials.authorization = peer.authorization;
    credentials.certificate_pem = peer.certificate_pem;
    credentials.chain_pem = peer.chain_pem;
    credentials.session_resumed = peer.session_resumed;
    return authenticator_->Authenticate(credentials);
  }

 private:
  auth::Authenticator* const authenticator_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PEER_AUTHENTICATOR_H_
