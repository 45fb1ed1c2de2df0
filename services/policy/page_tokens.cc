// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/page_tokens.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/constant_time.h"
#include "libs/crypto/hmac.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::policy_service {
namespace {

constexpr size_t kKeyBytes = 32;
// 128 bits cannot be guessed online, and tokens travel in URLs and logs.
constexpr size_t kMacBytes = 16;
// A place is a name and a few numbers.
constexpr size_t kMaxTokenBytes = 1024;

absl::Status NotOurs() {
  return FieldError("page_token",
                    "must be the next_page_token of the page before, of the "
                    "same list; begin again without one",
                    kPageTokenInvalid);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PageTokens>> PageTokens::Create(
    crypto::RandomSource& random) {
  absl::StatusOr<crypto::SecretBuffer> key =
      crypto::RandomKey(kKeyBytes, random);
  if (!key.ok()) return key.status();
  return std::unique_ptr<PageTokens>(new PageTokens(*std::move(key)));
}

absl::StatusOr<std::string> PageTokens::Mac(const rpc::CallContext& context,
                                            absl::string_view parent,
                                            absl::string_view place) const {
  const auto mac = crypto::HmacSha256(key_, crypto::LengthPrefixed()
                                                .Add(context.principal)
                                                .Add(context.method)
                                                .Add(parent)
                                                .Add(place)
                                                .bytes());
  if (!mac.ok()) return mac.status();
  return std::string(crypto::AsBytes(*mac).substr(0, kMacBytes));
}

absl::StatusOr<std::string> PageTokens::Make(const rpc::CallContext& context,
                                             absl::string_view parent,
                                             absl::string_view place) const {
  const absl::StatusOr<std::string> mac = Mac(context, parent, place);
  if (!mac.ok()) return mac;
  return absl::WebSafeBase64Escape(absl::StrCat(*mac, place));
}

absl::StatusOr<std::string> PageTokens::Open(const rpc::CallContext& context,
                                             absl::string_view parent,
                                             absl::string_view token) const {
  if (token.empty()) return std::string();
  std::string bytes;
  if (token.size() > kMaxTokenBytes ||
      !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() <= kMacBytes || absl::WebSafeBase64Escape(bytes) != token) {
    return NotOurs();
  }
  std::string place = bytes.substr(kMacBytes);
  const absl::StatusOr<std::string> mac = Mac(context, parent, place);
  if (!mac.ok()) return mac;
  if (!crypto::ConstantTimeEquals(*mac, bytes.substr(0, kMacBytes))) {
    return NotOurs();
  }
  return place;
}

}  // namespace keyward::policy_service
