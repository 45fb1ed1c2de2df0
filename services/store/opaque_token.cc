// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/opaque_token.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/constant_time.h"
#include "libs/crypto/hmac.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::store {
namespace {

constexpr char kFormat = 1;
// 128 bits cannot be guessed online, and tokens travel in URLs and logs.
constexpr size_t kMacBytes = 16;

absl::Status NotOurs() {
  return absl::UnauthenticatedError("the token was not made here for this");
}

// Format byte, MAC and content.
absl::StatusOr<std::string> Decode(absl::string_view token) {
  std::string bytes;
  if (token.size() > OpaqueToken::kMaxBytes ||
      !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() < 1 + kMacBytes || bytes[0] != kFormat ||
      absl::WebSafeBase64Escape(bytes) != token) {
    return NotOurs();
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> OpaqueToken::Mac(absl::string_view scope,
                                             absl::string_view content) const {
  const auto mac = crypto::HmacSha256(
      mac_key_, crypto::LengthPrefixed().Add(scope).Add(content).bytes());
  if (!mac.ok()) return mac.status();
  return std::string(crypto::AsBytes(*mac).substr(0, kMacBytes));
}

absl::StatusOr<std::string> OpaqueToken::Make(absl::string_view scope,
                                              absl::string_view content) const {
  const absl::StatusOr<std::string> mac = Mac(scope, content);
  if (!mac.ok()) return mac;
  return absl::WebSafeBase64Escape(
      absl::StrCat(absl::string_view(&kFormat, 1), *mac, content));
}

absl::StatusOr<std::string> OpaqueToken::Open(absl::string_view scope,
                                              absl::string_view token) const {
  const absl::StatusOr<std::string> bytes = Decode(token);
  if (!bytes.ok()) return bytes;
  const std::string content = bytes->substr(1 + kMacBytes);
  const absl::StatusOr<std::string> mac = Mac(scope, content);
  if (!mac.ok()) return mac;
  if (!crypto::ConstantTimeEquals(*mac, bytes->substr(1, kMacBytes))) {
    return NotOurs();
  }
  return content;
}

absl::StatusOr<std::string> OpaqueToken::PeekContent(absl::string_view token) {
  absl::StatusOr<std::string> bytes = Decode(token);
  if (!bytes.ok()) return bytes;
  return bytes->substr(1 + kMacBytes);
}

}  // namespace keyward::store
