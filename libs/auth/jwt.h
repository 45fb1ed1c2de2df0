// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_JWT_H_
#define KEYWARD_LIBS_AUTH_JWT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/auth/jws_algorithm.h"

namespace keyward::auth {

// Longer tokens are refused before they are looked at. gRPC lets 8 KiB of
// metadata through unless told otherwise.
inline constexpr size_t kMaxTokenBytes = 8192;
// A token for more services than that is a token for everyone.
inline constexpr size_t kMaxAudiences = 32;
// Of kid and jti; with the issuer's id a credential's id then fits into an
// audit record.
inline constexpr size_t kMaxTokenIdBytes = 128;

// What a token says of itself. NOTHING HERE IS VERIFIED: the signature over it
// has not been looked at. Only JwtAuthenticator uses it.
struct UnverifiedJwt {
  // Header (RFC 7515, 4).
  JwsAlgorithm algorithm = JwsAlgorithm::kRs256;
  absl::optional<std::string> key_id;

  // Claims (RFC 7519, 4.1).
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  absl::Time expire_time;
  absl::optional<absl::Time> not_before;
  absl::optional<absl::Time> issued_at;
  absl::optional<std::string> id;

  // Bytes of HEADER.PAYLOAD, the part that is signed, at the token's begin.
  size_t signed_bytes = 0;
  // Bytes of the decoded signature.
  size_t signature_bytes = 0;
};

// Takes a JWS in compact serialization with JSON claims apart.
//
// INVALID_ARGUMENT, with a rule that helps and none of the token, for: more
// than kMaxTokenBytes; anything but three parts of canonical base64url; JSON
// that ParseStrictJson refuses; an alg that is missing or not a JwsAlgorithm
// (`none` and HS* among them); a typ other than JWT, JOSE or at+jwt (RFC 8725,
// 3.11: a logout or DPoP token is no access token); any header parameter but
// alg, kid, typ, x5t, x5t#S256 and x5c, of which the last three are ignored
// (crit demands what we do not do; jku, jwk and x5u would let the token choose
// its own key); iss, sub or exp missing, aud missing or empty; a claim of
// another type than RFC 7519's, or beyond the bounds above.
//
// Pure: safe on hostile bytes, from any thread.
absl::StatusOr<UnverifiedJwt> ParseJwt(absl::string_view token);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_JWT_H_
