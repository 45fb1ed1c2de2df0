// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/etag.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/sha256.h"

namespace keyward::store {
namespace {

// Enough that two states of one record do not meet by chance; an etag guards
// against lost updates, not against forgers, who hold the permission anyway.
constexpr size_t kEtagBytes = 8;

bool IsEtag(absl::string_view text) {
  std::string bytes;
  return absl::WebSafeBase64Unescape(text, &bytes) &&
         bytes.size() == kEtagBytes && absl::WebSafeBase64Escape(bytes) == text;
}

}  // namespace

std::string MakeEtag(absl::string_view uid, uint64_t generation) {
  const crypto::Sha256Digest digest = crypto::Sha256(
      crypto::LengthPrefixed().Add(uid).AddNumber(generation).bytes());
  return absl::WebSafeBase64Escape(
      crypto::AsBytes(digest).substr(0, kEtagBytes));
}

std::string SecretEtag(
    const keyward::internal::store::v1::SecretRecord& record) {
  return MakeEtag(record.uid(), record.generation());
}

std::string VersionEtag(
    const keyward::internal::store::v1::VersionRecord& record) {
  return MakeEtag(absl::StrCat(record.secret_uid(), "/", record.number()),
                  record.generation());
}

std::string KeyEtag(const keyward::internal::store::v1::KeyRecord& record) {
  return MakeEtag(record.uid(), record.generation());
}

absl::Status CheckEtag(absl::string_view field, absl::string_view etag,
                       absl::string_view present) {
  if (etag.empty() || etag == present) return absl::OkStatus();
  if (!IsEtag(etag)) {
    return FieldError(field, "must be an etag that the server has given");
  }
  return MakeError(absl::StatusCode::kAborted, kEtagMismatch,
                   absl::StrCat(field,
                                " is not the present one: it was changed "
                                "meanwhile; read it again"));
}

}  // namespace keyward::store
