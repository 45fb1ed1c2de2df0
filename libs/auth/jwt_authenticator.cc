// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwt_authenticator.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/jwk_set.h"
#include "libs/auth/jws_algorithm.h"
#include "libs/auth/jwt.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/hex.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {
namespace {

// As many as RFC 7518 has for us.
constexpr size_t kMaxAlgorithms = 9;
// A URL that a person configured.
constexpr size_t kMaxIssuerBytes = 512;

absl::Status Refuse(absl::string_view reason) {
  return MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                   absl::StrCat("bearer token: ", reason));
}

template <typename T>
bool Contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

absl::Status WrongAudience() {
  return Refuse("aud names none of the audiences configured here");
}

absl::Status CheckExpiry(absl::Time expire_time, absl::Duration leeway,
                         absl::Time now) {
  if (now >= expire_time + leeway) return Refuse("it has expired");
  return absl::OkStatus();
}

absl::Status CheckTimes(const UnverifiedJwt& jwt, absl::Duration leeway,
                        absl::Time now) {
  absl::Status status = CheckExpiry(jwt.expire_time, leeway, now);
  if (!status.ok()) return status;
  if (jwt.not_before.has_value() && *jwt.not_before > now + leeway) {
    return Refuse("it is not valid yet (nbf)");
  }
  if (jwt.issued_at.has_value() && *jwt.issued_at > now + leeway) {
    return Refuse("it was issued in the future (iat)");
  }
  const absl::Time begin =
      jwt.issued_at.has_value() ? *jwt.issued_at : jwt.not_before.value_or(now);
  if (jwt.expire_time - begin > JwtAuthenticator::kMaxLifetime) {
    return Refuse("it lives longer than 24 hours");
  }
  return absl::OkStatus();
}

// The id of a token, see Credential::id. Of a token without jti only the signed
// part counts: its holder can write an ECDSA signature in a second valid form,
// and would be rid of a deny rule on the whole token's hash.
std::string CredentialId(const UnverifiedJwt& jwt, absl::string_view token,
                         absl::string_view issuer_id) {
  if (jwt.id.has_value()) {
    return absl::StrCat("jwt:", issuer_id, ":", EscapeForeignText(*jwt.id));
  }
  const crypto::Sha256Digest digest =
      crypto::Sha256(token.substr(0, jwt.signed_bytes));
  return absl::StrCat("jwt:sha256:", HexEncode(crypto::AsBytes(digest)));
}

absl::Status Invalid(const JwtIssuer& issuer, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("issuer \"", issuer.id, "\": ", rule));
}

absl::Status CheckIssuer(const JwtIssuer& issuer) {
  // The subject stands for any: it is the id that is checked here.
  absl::StatusOr<Principal> principal = Principal::Oidc(issuer.id, "x");
  if (!principal.ok()) return Invalid(issuer, principal.status().message());
  // jwt:sha256:... would then be two things.
  if (issuer.id == "sha256") return Invalid(issuer, "this id is reserved");
  if (issuer.issuer.empty() || issuer.issuer.size() > kMaxIssuerBytes) {
    return Invalid(issuer, absl::StrCat("the issuer must be 1 to ",
                                        kMaxIssuerBytes, " bytes"));
  }
  if (issuer.audiences.empty() ||
      issuer.audiences.size() > JwtAuthenticator::kMaxIssuerAudiences ||
      Contains(issuer.audiences, std::string())) {
    return Invalid(issuer, absl::StrCat("must have 1 to ",
                                        JwtAuthenticator::kMaxIssuerAudiences,
                                        " audiences, none empty"));
  }
  if (issuer.leeway < absl::ZeroDuration() ||
      issuer.leeway > JwtAuthenticator::kMaxLeeway) {
    return Invalid(issuer, "the leeway must be 0 s to 30 s");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<JwsAlgorithm>> ParseAlgorithms(
    const JwtIssuer& issuer) {
  if (issuer.algorithms.empty() || issuer.algorithms.size() > kMaxAlgorithms) {
    return Invalid(
        issuer, absl::StrCat("must have 1 to ", kMaxAlgorithms, " algorithms"));
  }
  std::vector<JwsAlgorithm> algorithms;
  for (const std::string& name : issuer.algorithms) {
    absl::StatusOr<JwsAlgorithm> algorithm = ParseJwsAlgorithm(name);
    if (!algorithm.ok()) return Invalid(issuer, algorithm.status().message());
    algorithms.push_back(*algorithm);
  }
  return algorithms;
}

}  // namespace

struct JwtAuthenticator::Issuer {
  std::string id;
  std::string issuer;
  std::vector<std::string> audiences;
  std::vector<JwsAlgorithm> algorithms;
  absl::Duration leeway;
  std::unique_ptr<JwkSet> keys;

  static absl::StatusOr<std::unique_ptr<Issuer>> Create(JwtIssuer config) {
    absl::Status status = CheckIssuer(config);
    if (!status.ok()) return status;
    auto algorithms = ParseAlgorithms(config);
    if (!algorithms.ok()) return algorithms.status();
    auto keys = JwkSet::Parse(config.jwks);
    if (!keys.ok()) return Invalid(config, keys.status().message());
    return std::make_unique<Issuer>(
        Issuer{std::move(config.id), std::move(config.issuer),
               std::move(config.audiences), *std::move(algorithms),
               config.leeway, *std::move(keys)});
  }
};

JwtAuthenticator::JwtAuthenticator(std::vector<std::unique_ptr<Issuer>> issuers)
    : issuers_(std::move(issuers)) {}

JwtAuthenticator::~JwtAuthenticator() = default;

absl::StatusOr<std::unique_ptr<JwtAuthenticator>> JwtAuthenticator::Create(
    std::vector<JwtIssuer> configs) {
  if (configs.size() > kMaxIssuers) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxIssuers, " token issuers"));
  }
  std::vector<std::unique_ptr<Issuer>> issuers;
  std::set<std::string> ids;
  std::set<std::string> urls;
  for (JwtIssuer& config : configs) {
    if (!ids.insert(config.id).second) {
      return Invalid(config, "another issuer has the same id");
    }
    if (!urls.insert(config.issuer).second) {
      return Invalid(config, "another issuer has the same URL");
    }
    auto issuer = Issuer::Create(std::move(config));
    if (!issuer.ok()) return issuer.status();
    issuers.push_back(*std::move(issuer));
  }
  return std::unique_ptr<JwtAuthenticator>(
      new JwtAuthenticator(std::move(issuers)));
}

absl::StatusOr<const JwtAuthenticator::Issuer*> JwtAuthenticator::FindIssuer(
    absl::string_view issuer, JwsAlgorithm algorithm) const {
  for (const std::unique_ptr<Issuer>& candidate : issuers_) {
    if (candidate->issuer != issuer) continue;
    if (Contains(candidate->algorithms, algorithm)) return candidate.get();
    return Refuse("alg is not one that its issuer is configured with");
  }
  return Refuse("iss is not a configured issuer");
}

absl::StatusOr<Credential> JwtAuthenticator::Authenticate(
    absl::string_view token, absl::Time now) const {
  absl::StatusOr<UnverifiedJwt> jwt = ParseJwt(token);
  if (!jwt.ok()) return Refuse(jwt.status().message());
  const absl::StatusOr<const Issuer*> found =
      FindIssuer(jwt->issuer, jwt->algorithm);
  if (!found.ok()) return found.status();
  const Issuer* const issuer = *found;
  const absl::StatusOr<crypto::Sha256Digest> key =
      issuer->keys->Verify(token, *jwt);
  if (!key.ok()) return Refuse(key.status().message());

  // From here on the token says what its issuer said.
  const auto audience =
      std::find_if(jwt->audiences.begin(), jwt->audiences.end(),
                   [issuer](const std::string& named) {
                     return Contains(issuer->audiences, named);
                   });
  if (audience == jwt->audiences.end()) return WrongAudience();
  absl::Status status = CheckTimes(*jwt, issuer->leeway, now);
  if (!status.ok()) return status;
  absl::StatusOr<Principal> principal =
      Principal::Oidc(issuer->id, jwt->subject);
  if (!principal.ok()) return Refuse(principal.status().message());
  auto basis = std::make_shared<const TokenBasis>(
      TokenBasis{issuer->issuer, issuer->id, *audience, jwt->algorithm,
                 jwt->key_id, *key, jwt->expire_time});
  return Credential(CredentialMint(), *std::move(principal),
                    AuthenticationMethod::kJwt,
                    CredentialId(*jwt, token, issuer->id),
                    jwt->expire_time + issuer->leeway, std::move(basis));
}

absl::StatusOr<Credential> JwtAuthenticator::Reauthenticate(
    const Credential& credential, absl::Time now) const {
  if (credential.token_basis() == nullptr)
    return Refuse("it has left nothing to ask about");
  const TokenBasis& basis = *credential.token_basis();
  const absl::StatusOr<const Issuer*> found =
      FindIssuer(basis.issuer, basis.algorithm);
  if (!found.ok()) return found.status();
  const Issuer* const issuer = *found;
  // Its subject would be another principal.
  if (issuer->id != basis.issuer_id) {
    return Refuse("its issuer is configured under another id");
  }
  const absl::Status key =
      issuer->keys->CheckKey(basis.algorithm, basis.key_id, basis.key);
  if (!key.ok()) return Refuse(key.message());
  if (!Contains(issuer->audiences, basis.audience)) return WrongAudience();
  absl::Status status = CheckExpiry(basis.expire_time, issuer->leeway, now);
  if (!status.ok()) return status;
  return Credential(CredentialMint(), credential.principal(),
                    credential.method(), credential.id(),
                    basis.expire_time + issuer->leeway,
                    credential.token_basis());
}

}  // namespace keyward::auth
