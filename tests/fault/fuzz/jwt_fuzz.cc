// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Bearer tokens. The input is a token or, with a line feed in it, the JSON of a
// header and of claims, which are encoded here: few changes of base64 leave
// JSON. Two tokens are good; nothing that their issuer did not sign is ever
// believed.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/auth/jwt.h"
#include "libs/auth/jwt_authenticator.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "nlohmann/json.hpp"
#include "tests/fault/fuzz/fuzz.h"
#include "tests/fault/fuzz/jwt_keys.h"

namespace keyward::fuzz {
namespace {

using auth::JwtAuthenticator;
using auth::UnverifiedJwt;
using ::nlohmann::json;

absl::Time Now() { return absl::FromUnixSeconds(kTokenTime); }

absl::string_view SignedPart(absl::string_view token) {
  return token.substr(0, token.rfind('.'));
}

const JwtAuthenticator& Authenticator() {
  static const JwtAuthenticator& authenticator = *[] {
    auth::JwtIssuer issuer;
    issuer.id = "corp";
    issuer.issuer = "https://corp";
    issuer.audiences = {"keyward"};
    issuer.algorithms = {"ES256", "RS256"};
    issuer.jwks = kJwks;
    auto made = JwtAuthenticator::Create({issuer});
    FUZZ_CHECK(made.ok());
    // Else nothing below would be shown by tokens that are refused.
    FUZZ_CHECK((*made)->Authenticate(kEcToken, Now()).ok());
    FUZZ_CHECK((*made)->Authenticate(kRsaToken, Now()).ok());
    return made->release();
  }();
  return authenticator;
}

void CheckRefusal(const absl::Status& status) {
  FUZZ_CHECK(absl::IsUnauthenticated(status));
  FUZZ_CHECK(ErrorReason(status) == kUnauthenticated);
  FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
}

void CheckToken(absl::string_view token) {
  const absl::StatusOr<UnverifiedJwt> jwt = auth::ParseJwt(token);
  const auto credential = Authenticator().Authenticate(token, Now());
  if (!jwt.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(jwt.status()));
    FUZZ_CHECK(!absl::StrContains(jwt.status().message(), kCanary));
    FUZZ_CHECK(!credential.ok());
  } else {
    FUZZ_CHECK(token.size() <= auth::kMaxTokenBytes);
    FUZZ_CHECK(token.substr(0, jwt->signed_bytes) == SignedPart(token));
    FUZZ_CHECK(jwt->audiences.size() <= auth::kMaxAudiences);
    FUZZ_CHECK(!jwt->issuer.empty() && !jwt->subject.empty());
  }
  if (!credential.ok()) {
    CheckRefusal(credential.status());
    return;
  }
  FUZZ_CHECK(SignedPart(token) == SignedPart(kEcToken) ||
             SignedPart(token) == SignedPart(kRsaToken));
  FUZZ_CHECK(credential->principal().ToString() == "oidc:corp:alice");
  FUZZ_CHECK(credential->expire_time() == Now() + absl::Hours(1));
  FUZZ_CHECK(credential->id() == "jwt:corp:id1");
}

// What is read of a token is what other readers read of it.
void CheckClaims(absl::string_view header_text, absl::string_view claims_text,
                 const UnverifiedJwt& jwt) {
  const json header = json::parse(header_text.begin(), header_text.end(),
                                  nullptr, /*allow_exceptions=*/false);
  const json claims = json::parse(claims_text.begin(), claims_text.end(),
                                  nullptr, /*allow_exceptions=*/false);
  FUZZ_CHECK(header.is_object() && claims.is_object());
  FUZZ_CHECK(jwt.issuer == claims["iss"] && jwt.subject == claims["sub"]);
  FUZZ_CHECK(absl::StartsWith(header["alg"].get<std::string>(), "RS") ||
             absl::StartsWith(header["alg"].get<std::string>(), "PS") ||
             absl::StartsWith(header["alg"].get<std::string>(), "ES"));
  for (const char* const name : {"jku", "jwk", "x5u", "crit", "zip", "b64"}) {
    FUZZ_CHECK(!header.contains(name));
  }
  FUZZ_CHECK(jwt.key_id.has_value() == header.contains("kid"));
  if (jwt.key_id.has_value()) {
    FUZZ_CHECK(header["kid"] == *jwt.key_id);
    FUZZ_CHECK(jwt.key_id->size() <= auth::kMaxTokenIdBytes);
  }
  const json& audience = claims["aud"];
  FUZZ_CHECK(audience.is_array()
                 ? audience == json(jwt.audiences)
                 : jwt.audiences.size() == 1 && audience == jwt.audiences[0]);
  FUZZ_CHECK(jwt.expire_time >= absl::UnixEpoch() &&
             jwt.expire_time < absl::InfiniteFuture());
}

void CheckParts(absl::string_view header, absl::string_view claims) {
  const std::string token = absl::StrCat(
      absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims),
      ".", absl::WebSafeBase64Escape(std::string(64, 's')));
  CheckToken(token);
  const absl::StatusOr<UnverifiedJwt> jwt = auth::ParseJwt(token);
  if (jwt.ok()) CheckClaims(header, claims, *jwt);
  // Nobody signed it, whatever it says.
  FUZZ_CHECK(!Authenticator().Authenticate(token, Now()).ok());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  const size_t line = text.find('\n');
  if (line == absl::string_view::npos) {
    CheckToken(text);
  } else {
    CheckParts(text.substr(0, line), text.substr(line + 1));
  }
  return 0;
}
