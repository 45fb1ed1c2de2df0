// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwt.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/auth/base64url.h"
#include "libs/auth/strict_json.h"

namespace keyward::auth {
namespace {

using ::nlohmann::json;

// No issuer's URL and no audience is longer.
constexpr size_t kMaxNameBytes = 512;
// 9999-12-31, the last moment that timestamps elsewhere can hold.
constexpr double kMaxNumericDate = 253402300799;

constexpr absl::string_view kHeaderParameters[] = {"alg", "kid",      "typ",
                                                   "x5t", "x5t#S256", "x5c"};
constexpr absl::string_view kTypes[] = {"JWT", "JOSE", "at+jwt",
                                        "application/at+jwt"};

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

// The string member `name` of at most `max_bytes`; absent if there is none.
absl::StatusOr<absl::optional<std::string>> StringMember(const json& object,
                                                         const char* name,
                                                         size_t max_bytes) {
  const auto member = object.find(name);
  if (member == object.end()) return absl::optional<std::string>();
  if (!member->is_string()) {
    return Broken(absl::StrCat(name, " must be a string"));
  }
  std::string value = member->get<std::string>();
  if (value.empty() || value.size() > max_bytes) {
    return Broken(absl::StrCat(name, " must be 1 to ", max_bytes, " bytes"));
  }
  return absl::optional<std::string>(std::move(value));
}

absl::StatusOr<std::string> RequiredString(const json& object, const char* name,
                                           size_t max_bytes) {
  auto value = StringMember(object, name, max_bytes);
  if (!value.ok()) return value.status();
  if (!value->has_value()) return Broken(absl::StrCat(name, " is missing"));
  return **std::move(value);
}

// A NumericDate (RFC 7519, 2); absent if there is none.
absl::StatusOr<absl::optional<absl::Time>> DateMember(const json& object,
                                                      const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return absl::optional<absl::Time>();
  if (!member->is_number()) {
    return Broken(absl::StrCat(name, " must be a number"));
  }
  const double seconds = member->get<double>();
  // Written so that a NaN fails, too.
  if (!(seconds >= 0 && seconds <= kMaxNumericDate)) {
    return Broken(absl::StrCat(name, " is out of range"));
  }
  return absl::optional<absl::Time>(absl::UnixEpoch() + absl::Seconds(seconds));
}

absl::Status CheckHeaderParameters(const json& header) {
  for (const auto& member : header.items()) {
    bool known = false;
    for (absl::string_view name : kHeaderParameters) {
      known = known || name == member.key();
    }
    // The name is the caller's text and is not repeated.
    if (!known) return Broken("a header parameter is not supported");
  }
  return absl::OkStatus();
}

absl::Status CheckType(const json& header) {
  auto type = StringMember(header, "typ", kMaxTokenIdBytes);
  if (!type.ok()) return type.status();
  if (!type->has_value()) return absl::OkStatus();
  for (absl::string_view known : kTypes) {
    if (absl::EqualsIgnoreCase(**type, known)) return absl::OkStatus();
  }
  return Broken("typ must be JWT, JOSE or at+jwt");
}

absl::Status ReadHeader(const json& header, UnverifiedJwt* jwt) {
  absl::Status status = CheckHeaderParameters(header);
  if (status.ok()) status = CheckType(header);
  if (!status.ok()) return status;
  auto name = RequiredString(header, "alg", kMaxTokenIdBytes);
  if (!name.ok()) return name.status();
  auto algorithm = ParseJwsAlgorithm(*name);
  if (!algorithm.ok()) return algorithm.status();
  auto key_id = StringMember(header, "kid", kMaxTokenIdBytes);
  if (!key_id.ok()) return key_id.status();
  jwt->algorithm = *algorithm;
  jwt->key_id = *std::move(key_id);
  return absl::OkStatus();
}

// aud: one string or a list of them.
absl::StatusOr<std::vector<std::string>> ReadAudiences(const json& claims) {
  const auto member = claims.find("aud");
  if (member == claims.end()) return Broken("aud is missing");
  const json list = member->is_array() ? *member : json::array({*member});
  if (list.empty() || list.size() > kMaxAudiences) {
    return Broken(absl::StrCat("aud must name 1 to ", kMaxAudiences));
  }
  std::vector<std::string> audiences;
  for (const json& audience : list) {
    if (!audience.is_string()) return Broken("aud must hold strings");
    audiences.push_back(audience.get<std::string>());
  }
  return audiences;
}

absl::Status ReadNames(const json& claims, UnverifiedJwt* jwt) {
  auto issuer = RequiredString(claims, "iss", kMaxNameBytes);
  if (!issuer.ok()) return issuer.status();
  auto subject = RequiredString(claims, "sub", kMaxNameBytes);
  if (!subject.ok()) return subject.status();
  auto audiences = ReadAudiences(claims);
  if (!audiences.ok()) return audiences.status();
  auto id = StringMember(claims, "jti", kMaxTokenIdBytes);
  if (!id.ok()) return id.status();
  jwt->issuer = *std::move(issuer);
  jwt->subject = *std::move(subject);
  jwt->audiences = *std::move(audiences);
  jwt->id = *std::move(id);
  return absl::OkStatus();
}

absl::Status ReadDates(const json& claims, UnverifiedJwt* jwt) {
  auto expire_time = DateMember(claims, "exp");
  if (!expire_time.ok()) return expire_time.status();
  if (!expire_time->has_value()) return Broken("exp is missing");
  auto not_before = DateMember(claims, "nbf");
  if (!not_before.ok()) return not_before.status();
  auto issued_at = DateMember(claims, "iat");
  if (!issued_at.ok()) return issued_at.status();
  jwt->expire_time = **expire_time;
  jwt->not_before = *not_before;
  jwt->issued_at = *issued_at;
  return absl::OkStatus();
}

absl::StatusOr<json> DecodeJsonPart(absl::string_view part) {
  absl::StatusOr<std::string> bytes = DecodeBase64Url(part);
  if (!bytes.ok()) return bytes.status();
  return ParseStrictJson(*bytes);
}

}  // namespace

absl::StatusOr<UnverifiedJwt> ParseJwt(absl::string_view token) {
  if (token.size() > kMaxTokenBytes) {
    return Broken(absl::StrCat("longer than ", kMaxTokenBytes, " bytes"));
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) return Broken("not HEADER.PAYLOAD.SIGNATURE");
  UnverifiedJwt jwt;
  auto header = DecodeJsonPart(parts[0]);
  if (!header.ok()) return header.status();
  auto claims = DecodeJsonPart(parts[1]);
  if (!claims.ok()) return claims.status();
  auto signature = DecodeBase64Url(parts[2]);
  if (!signature.ok()) return signature.status();
  absl::Status status = ReadHeader(*header, &jwt);
  if (status.ok()) status = ReadNames(*claims, &jwt);
  if (status.ok()) status = ReadDates(*claims, &jwt);
  if (!status.ok()) return status;
  jwt.signed_bytes = parts[0].size() + 1 + parts[1].size();
  jwt.signature_bytes = signature->size();
  return jwt;
}

}  // namespace keyward::auth
