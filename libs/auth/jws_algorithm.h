// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_JWS_ALGORITHM_H_
#define KEYWARD_LIBS_AUTH_JWS_ALGORITHM_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::auth {

// The signature algorithms of RFC 7518 that a token may have. `none` and the
// HMACs are not here, so no configuration can allow them; EdDSA is not, because
// the JOSE library (cjose 0.6) does not know it.
enum class JwsAlgorithm {
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
};

// The algorithm of that name, in RFC 7518's spelling (case-sensitive).
// INVALID_ARGUMENT for any other.
absl::StatusOr<JwsAlgorithm> ParseJwsAlgorithm(absl::string_view name);

// The curve that RFC 7518 ties to an ECDSA algorithm ("P-256"); empty for RSA.
absl::string_view CurveOf(JwsAlgorithm algorithm);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_JWS_ALGORITHM_H_
