// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How the pipeline learns who calls.

#ifndef KEYWARD_SERVICES_GATEWAY_CALLER_AUTHENTICATOR_H_
#define KEYWARD_SERVICES_GATEWAY_CALLER_AUTHENTICATOR_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/auth/credential.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::gateway {

// Thread-safe. The implementation is over libs/auth
// (peer_authenticator.h); this interface exists so that the pipeline can be
// tested with callers that no network has proven.
class CallerAuthenticator {
 public:
  virtual ~CallerAuthenticator() = default;

  // The one principal that the call's credentials prove, or UNAUTHENTICATED
  // with a reason that helps and no part of a token.
  virtual absl::StatusOr<auth::Credential> Authenticate(
      const rpc::PeerFacts& peer) = 0;

  // Grows when the rules change by which callers are believed. A credential
  // was verified under the rules of a generation that was read before, or later
  // ones.
  virtual uint64_t generation() const = 0;

  // The credential, which Authenticate gave for `peer` under earlier rules, if
  // it would be given again, perhaps with another end; else UNAUTHENTICATED.
  // The peer's tokens may be gone.
  virtual absl::StatusOr<auth::Credential> Reauthenticate(
      const auth::Credential& credential, const rpc::PeerFacts& peer) = 0;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_CALLER_AUTHENTICATOR_H_
