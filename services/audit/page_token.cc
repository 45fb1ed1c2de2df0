// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/page_token.h"

#include "absl/strings/escaping.h"
#include "libs/base/byte_order.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/hmac.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::audit_service {
namespace {

constexpr char kPurpose[] = "keyward/audit/query-page/1";

std::string Authenticated(absl::string_view principal, absl::string_view query,
                          uint64_t position) {
  return crypto::LengthPrefixed()
      .Add(kPurpose)
      .Add(principal)
      .Add(query)
      .AddNumber(position)
      .bytes();
}

}  // namespace

absl::StatusOr<std::string> MakePageToken(const crypto::SecretBuffer& key,
                                          absl::string_view principal,
                                          absl::string_view query,
                                          uint64_t position) {
  absl::StatusOr<crypto::Sha256Digest> mac =
      crypto::HmacSha256(key, Authenticated(principal, query, position));
  if (!mac.ok()) return mac.status();
  std::string token = BigEndian64(position);
  token.append(crypto::AsBytes(*mac).data(), mac->size());
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<uint64_t> ReadPageToken(const crypto::SecretBuffer& key,
                                       absl::string_view principal,
                                       absl::string_view query,
                                       absl::string_view token) {
  const absl::Status invalid =
      FieldError("page_token", "must be from an earlier page of the same query",
                 kPageTokenInvalid);
  std::string bytes;
  // The decoder is lenient: one position must not have many tokens.
  if (token.size() > 128 || !absl::WebSafeBase64Unescape(token, &bytes) ||
      absl::WebSafeBase64Escape(bytes) != token) {
    return invalid;
  }
  absl::string_view rest = bytes;
  absl::StatusOr<uint64_t> position = TakeBigEndian64(&rest);
  if (!position.ok()) return invalid;
  if (!crypto::VerifyHmacSha256(key, Authenticated(principal, query, *position),
                                rest)
           .ok()) {
    return invalid;
  }
  return position;
}

}  // namespace keyward::audit_service
