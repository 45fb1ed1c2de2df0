// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_JWT_AUTHENTICATOR_H_
#define KEYWARD_LIBS_AUTH_JWT_AUTHENTICATOR_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/auth/credential.h"
#include "libs/auth/jws_algorithm.h"

namespace keyward::auth {

// An issuer whose tokens are believed, with its keys.
struct JwtIssuer {
  // In principals: oidc:ID:SUBJECT. 1 to 63 of [a-z0-9-].
  std::string id;
  // What the token's iss must be, byte for byte.
  std::string issuer;
  // What the token's aud must name one of. 1 to 16: a token that its issuer
  // made for another service must not open this one.
  std::vector<std::string> audiences;
  // Names of JwsAlgorithms, 1 to 9. EdDSA is not among them.
  std::vector<std::string> algorithms;
  // The issuer's public keys, a JWK Set document; see JwkSet::Parse.
  std::string jwks;
  // How far its clock may be from ours, 0 to 30 s.
  absl::Duration leeway;
};

// Proves callers by JSON Web Tokens: JWS compact, signed by a configured
// issuer, for one of its audiences, now. Follows RFC 7519 and RFC 8725.
//
// Immutable after Create; safe for concurrent use. Changed issuers or keys are
// a new object (Authenticator::Update).
class JwtAuthenticator {
 public:
  static constexpr size_t kMaxIssuers = 32;
  static constexpr size_t kMaxIssuerAudiences = 16;
  static constexpr absl::Duration kMaxLeeway = absl::Seconds(30);
  // The longest life of a token, from iat (else nbf, else now) to exp. A longer
  // one is a password that its issuer cannot take back.
  static constexpr absl::Duration kMaxLifetime = absl::Hours(24);

  // INVALID_ARGUMENT, naming issuer and rule, for a field outside its bound, a
  // key set that JwkSet::Parse refuses, and two issuers of one id or one URL:
  // of two key sets for one iss, which counts would be the caller's choice.
  // No issuers is valid, and refuses every token.
  static absl::StatusOr<std::unique_ptr<JwtAuthenticator>> Create(
      std::vector<JwtIssuer> issuers);

  ~JwtAuthenticator();
  JwtAuthenticator(const JwtAuthenticator&) = delete;
  JwtAuthenticator& operator=(const JwtAuthenticator&) = delete;

  // The caller that `token` proves at `now`: oidc:ISSUER_ID:SUBJECT, whatever
  // the subject looks like. It expires when the token does, leeway included.
  //
  // The token's iss chooses the issuer; its kid chooses among that issuer's
  // keys alone; only then, with the signature verified, is anything else of the
  // token believed.
  //
  // UNAUTHENTICATED with a reason that helps its holder and repeats nothing of
  // the token: what ParseJwt and JwkSet::Verify refuse; an iss that is no
  // issuer's; an alg that the issuer does not use; an aud of others; expired;
  // not yet valid (nbf or iat in the future); a lifetime above kMaxLifetime; a
  // subject that is too long for a principal.
  absl::StatusOr<Credential> Authenticate(absl::string_view token,
                                          absl::Time now) const;

  // The same for a token that an authenticator has accepted before, perhaps one
  // with other issuers, and that is gone: whether it would be accepted by these
  // issuers, as the same caller. Checked again: that its issuer is configured,
  // under the same id; that the issuer uses its alg; that the key which signed
  // it is among the issuer's and the one that its kid chooses; that the
  // audience which it was accepted for is the issuer's (a token for several
  // would perhaps pass for another); that it has not expired, by the issuer's
  // leeway now. What else Authenticate checks does not change.
  absl::StatusOr<Credential> Reauthenticate(const Credential& credential,
                                            absl::Time now) const;

 private:
  struct Issuer;

  explicit JwtAuthenticator(std::vector<std::unique_ptr<Issuer>> issuers);

  absl::StatusOr<const Issuer*> FindIssuer(absl::string_view issuer,
                                           JwsAlgorithm algorithm) const;

  const std::vector<std::unique_ptr<Issuer>> issuers_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_JWT_AUTHENTICATOR_H_
