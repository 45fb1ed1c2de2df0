// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/workload_identity.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/auth/authenticator.h"
#include "libs/auth/credential.h"
#include "libs/auth/principal.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_service.h"

namespace keyward::rpc {

CallerIdentity VerifiedWorkload(auth::Authenticator* authenticator) {
  return [authenticator](const PeerFacts& peer) -> absl::StatusOr<std::string> {
    // No token and no word of a proxy: they are not how workloads of Keyward
    // prove themselves, and what is present must not change who they are.
    auth::RequestCredentials credentials;
    credentials.certificate_pem = peer.certificate_pem.view();
    credentials.chain_pem = peer.chain_pem.view();
    credentials.session_resumed = peer.session_resumed;
    const absl::StatusOr<auth::Credential> credential =
        authenticator->Authenticate(credentials);
    if (!credential.ok()) return credential.status();
    if (credential->principal().kind() != auth::Principal::Kind::kSpiffe) {
      return MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                       "internal methods need a certificate with a SPIFFE id");
    }
    return credential->principal().ToString();
  };
}

}  // namespace keyward::rpc
