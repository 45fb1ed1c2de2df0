// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_AUTHENTICATOR_H_
#define KEYWARD_LIBS_AUTH_AUTHENTICATOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/auth/credential.h"
#include "libs/auth/credential_cache.h"
#include "libs/auth/jwt_authenticator.h"
#include "libs/auth/trust_bundles.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace keyward::auth {

// Whom to believe.
struct AuthConfig {
  std::vector<TrustDomain> trust_domains;
  std::vector<JwtIssuer> jwt_issuers;
  // From the SPIFFE id of one of Keyward's services to its name: such a caller
  // is system:NAME. The only way to that principal over a network.
  std::map<std::string, std::string> service_identities;
  // SPIFFE ids of the proxies whose x-forwarded-client-cert is believed.
  std::vector<std::string> trusted_proxies;
  // SPIFFE ids of Keyward's services, which no proxy may name; those that
  // service_identities maps and the development domain's are so anyway.
  std::vector<std::string> internal_services;
};

// What a request brought. The views must live through the call.
struct RequestCredentials {
  // Every value of the `authorization` metadata, as sent.
  absl::Span<const std::string> authorization;
  // Every value of the `x-forwarded-client-cert` metadata, as sent, or the
  // first two.
  absl::Span<const std::string> forwarded_client_cert;
  // The certificate with which the peer opened the connection, PEM, and what
  // else it sent; empty without one. Only what a TLS handshake has verified.
  absl::string_view certificate_pem;
  absl::string_view chain_pem;
  // Whether the connection resumed an earlier session. Then the certificate is
  // that session's, unverified in this one, and is refused.
  bool session_resumed = false;
};

// Says who calls. The first step of every request; nothing after it runs
// without a Credential, and nothing else makes one for a request.
//
// A bearer token, if there is one, alone decides. An invalid token is
// UNAUTHENTICATED and never a fall-back to the certificate: a caller that
// presents a token means to be that token's subject, and must learn that it is
// not.
//
// A certificate that is a trusted proxy's proves that proxy, whose
// x-forwarded-client-cert then says who calls. It alone: without a header that
// names one caller the request is UNAUTHENTICATED, and never the proxy's own.
// From anyone else that header is not looked at, so that nobody can be somebody
// else by sending it.
//
// Thread-safe. Authenticate neither blocks nor reads files.
class Authenticator {
 public:
  static constexpr size_t kMaxServiceIdentities = 16;

  // INVALID_ARGUMENT for whatever is wrong with the configuration, see Update.
  // `clock` is not owned and must outlive this. `cached_credentials` as
  // CredentialCache.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      AuthConfig config, size_t cached_credentials, const Clock* clock);

  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // The caller, proven. It was verified under the configuration that was in
  // force when the call began, or a later one.
  //
  // UNAUTHENTICATED, reason UNAUTHENTICATED, with a message for the caller that
  // repeats nothing of what it sent, for: no credential; more than one
  // `authorization`; a scheme other than Bearer; what JwtAuthenticator,
  // CertificateAuthenticator and ForwardedAuthenticator refuse; a resumed
  // session's certificate.
  absl::StatusOr<Credential> Authenticate(const RequestCredentials& request);

  // Whether what Authenticate has once answered would be answered again: the
  // credential, perhaps with another end, or UNAUTHENTICATED with the reason.
  // For what outlives the configuration under which it was opened, asked when
  // generation() has grown since before that Authenticate.
  //
  // Of a certificate everything is verified again; `request` brings it, the
  // chain, and what a proxy forwarded, which hold no secret. Of a bearer token,
  // which nobody keeps, what JwtAuthenticator::Reauthenticate says; `request`
  // does not matter. It must prove the same principal. What no network has
  // proven stays proven.
  absl::StatusOr<Credential> Reauthenticate(const Credential& credential,
                                            const RequestCredentials& request);

  // Puts `config` in force, whole, from the next Authenticate on, and forgets
  // every credential that was verified before. INVALID_ARGUMENT, with nothing
  // changed, for what TrustBundles, JwtAuthenticator and
  // ForwardedAuthenticator refuse, and for service identities that are not
  // SPIFFE ids, are of a domain that is not configured, or name no service.
  absl::Status Update(AuthConfig config);

  // Grows by one with each Update, after it is in force. From 1. Costs a load.
  uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  // One configuration, immutable; a request works on one from begin to end.
  struct Rules;

  Authenticator(std::shared_ptr<const Rules> rules, size_t cached_credentials,
                const Clock* clock);

  std::shared_ptr<const Rules> rules() const;

  absl::StatusOr<Credential> VerifyBearer(const Rules& rules,
                                          absl::string_view header);
  // Whoever holds the connection's certificate, or for whom it speaks.
  absl::StatusOr<Credential> VerifyPeer(const Rules& rules,
                                        const RequestCredentials& request);
  absl::StatusOr<Credential> VerifyCertificate(
      const Rules& rules, const RequestCredentials& request);
  absl::StatusOr<Credential> VerifyForwarded(
      const Rules& rules, const Credential& proxy,
      absl::Span<const std::string> headers);

  const Clock* const clock_;
  CredentialCache cache_;

  mutable Mutex mu_;
  std::shared_ptr<const Rules> rules_ ABSL_GUARDED_BY(mu_);
  std::atomic<uint64_t> generation_{1};
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_AUTHENTICATOR_H_
