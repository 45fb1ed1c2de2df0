// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/constant_time.h"
#include "libs/crypto/openssl_algorithms.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {

absl::StatusOr<Sha256Digest> HmacSha256(const SecretBuffer& key,
                                        absl::string_view message) {
  if (key.size() < kMinHmacKeySize) {
    return absl::InvalidArgumentError("an HMAC key must have 16 bytes or more");
  }
  char digest_name[] = "SHA2-256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  const absl::string_view k = key.ExposeSecret();
  const MacContextPtr context(EVP_MAC_CTX_new(HmacAlgorithm()));
  Sha256Digest mac;
  size_t size = 0;
  if (context == nullptr ||
      EVP_MAC_init(context.get(),
                   reinterpret_cast<const unsigned char*>(k.data()), k.size(),
                   params) != 1 ||
      EVP_MAC_update(context.get(),
                     reinterpret_cast<const unsigned char*>(message.data()),
                     message.size()) != 1 ||
      EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1 ||
      size != mac.size()) {
    return OpensslError(absl::StatusCode::kInternal, "HMAC failed");
  }
  return mac;
}

absl::Status VerifyHmacSha256(const SecretBuffer& key,
                              absl::string_view message,
                              absl::string_view mac) {
  const absl::StatusOr<Sha256Digest> expected = HmacSha256(key, message);
  if (!expected.ok()) return expected.status();
  if (!ConstantTimeEquals(AsBytes(*expected), mac)) {
    return absl::UnauthenticatedError("the MAC does not match");
  }
  return absl::OkStatus();
}

}  // namespace keyward::crypto
