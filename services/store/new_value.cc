// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/new_value.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/x509.h"
#include "services/store/database_credentials.h"
#include "services/store/envelope.h"

namespace keyward::store {
namespace {

using keyward::secrets::v1::GeneratedPayload;
using keyward::secrets::v1::SecretPayload;
using keyward::secrets::v1::SecretType;

constexpr int kDefaultLength = 32;
// 16 characters of the smallest alphabet are worth 53 bits, which still cannot
// be guessed online.
constexpr int kMinLength = 16;
constexpr int kMaxLength = 4096;
constexpr size_t kMinAlphabet = 10;
// More than all printable characters, so that a list with repetitions fits.
constexpr size_t kMaxAlphabetBytes = 256;
constexpr char kLettersAndDigits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// The different characters of `text` in their first order. A character that
// is given twice would otherwise come twice as often.
absl::StatusOr<std::string> Alphabet(absl::string_view text) {
  if (text.empty()) return std::string(kLettersAndDigits);
  std::string different;
  bool good = text.size() <= kMaxAlphabetBytes;
  for (const char c : text) {
    good = good && c >= 0x20 && c <= 0x7e;
    if (different.find(c) == std::string::npos) different.push_back(c);
  }
  if (good && different.size() >= kMinAlphabet) return different;
  return FieldError("generate.alphabet",
                    "must have at least 10 different printable ASCII "
                    "characters");
}

}  // namespace

absl::StatusOr<NewValue> NewValue::FromPayload(const SecretPayload& payload) {
  if (payload.data().empty() || payload.data().size() > kMaxPayloadBytes) {
    return FieldError("payload.data", "must have 1 to 65536 bytes");
  }
  NewValue value;
  value.given_ = payload.data();
  value.checksum_given_ = payload.has_data_crc32c();
  if (payload.has_data_crc32c() &&
      payload.data_crc32c() != crypto::Crc32c(payload.data())) {
    return FieldError("payload.data_crc32c",
                      "is not the CRC-32C of the data that arrived");
  }
  return value;
}

absl::StatusOr<NewValue> NewValue::Generate(const GeneratedPayload& request,
                                            crypto::RandomSource& random) {
  const int length = request.length() == 0 ? kDefaultLength : request.length();
  if (length < kMinLength || length > kMaxLength) {
    return FieldError("generate.length", "must be 0 or from 16 to 4096");
  }
  const absl::StatusOr<std::string> alphabet = Alphabet(request.alphabet());
  if (!alphabet.ok()) return alphabet.status();
  absl::StatusOr<crypto::SecretBuffer> generated =
      crypto::RandomPassword(static_cast<size_t>(length), *alphabet, random);
  if (!generated.ok()) return generated.status();
  NewValue value;
  value.generated_ = *std::move(generated);
  return value;
}

absl::StatusOr<absl::Time> NewValue::CheckType(SecretType type) const {
  const bool plain = type == keyward::secrets::v1::SECRET_TYPE_OPAQUE ||
                     type == keyward::secrets::v1::SECRET_TYPE_API_KEY;
  if (!generated_.empty() && !plain) {
    return FieldError("generate",
                      "is only for secrets of the types OPAQUE and API_KEY");
  }
  if (type == keyward::secrets::v1::SECRET_TYPE_DATABASE_CREDENTIALS) {
    const absl::Status status = CheckDatabaseCredentials(data());
    if (!status.ok()) return status;
  }
  if (type == keyward::secrets::v1::SECRET_TYPE_TLS_CERTIFICATE) {
    const absl::StatusOr<crypto::CertificateInfo> leaf =
        crypto::CheckTlsCertificatePayload(data());
    if (leaf.ok()) return leaf->not_after;
    return FieldError("payload.data", leaf.status().message());
  }
  return absl::InfinitePast();
}

}  // namespace keyward::store
