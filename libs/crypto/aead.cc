// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/aead.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/aes_gcm.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

static_assert(kAeadKeySize == kAesGcmKeySize);
static_assert(kAeadNonceSize == kAesGcmNonceSize);
static_assert(kAeadTagSize == kAesGcmTagSize);

absl::Status CheckAssociatedData(absl::string_view associated_data) {
  if (associated_data.empty()) {
    return absl::InvalidArgumentError("associated data must not be empty");
  }
  if (associated_data.size() > kMaxAeadAssociatedData) {
    return absl::InvalidArgumentError("associated data above 16 KiB");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> AeadSeal(const SecretBuffer& key,
                                     absl::string_view associated_data,
                                     absl::string_view plaintext,
                                     RandomSource& random) {
  absl::Status s = CheckAssociatedData(associated_data);
  if (!s.ok()) return s;
  if (plaintext.size() > kMaxAeadPlaintext) {
    return absl::InvalidArgumentError("plaintext above 1 MiB");
  }
  std::string box(kAeadOverhead + plaintext.size(), '\0');
  const absl::Span<char> out = absl::MakeSpan(&box[0], box.size());
  const absl::Span<char> nonce = out.subspan(0, kAeadNonceSize);
  s = random.Fill(nonce);
  if (!s.ok()) return s;
  s = AesGcmEncrypt(key, absl::string_view(nonce.data(), nonce.size()),
                    associated_data, plaintext, out.subspan(kAeadNonceSize));
  if (!s.ok()) return s;
  return box;
}

absl::StatusOr<SecretBuffer> AeadOpen(const SecretBuffer& key,
                                      absl::string_view associated_data,
                                      absl::string_view sealed) {
  absl::Status s = CheckAssociatedData(associated_data);
  if (!s.ok()) return s;
  if (sealed.size() < kAeadOverhead) {
    return absl::DataLossError("a sealed box was cut");
  }
  if (sealed.size() > kAeadOverhead + kMaxAeadPlaintext) {
    return absl::InvalidArgumentError("a sealed box above 1 MiB");
  }
  // GCM decrypts before it has checked the tag. What it wrote is in a buffer
  // that is wiped, and never leaves this function, if the check fails.
  SecretBuffer plaintext(sealed.size() - kAeadOverhead);
  s = AesGcmDecrypt(key, sealed.substr(0, kAeadNonceSize), associated_data,
                    sealed.substr(kAeadNonceSize), plaintext.MutableSecret());
  if (!s.ok()) return s;
  return plaintext;
}

}  // namespace keyward::crypto
