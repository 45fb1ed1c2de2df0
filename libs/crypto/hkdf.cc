// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/openssl_algorithms.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// OpenSSL's parameters are pointers to memory that it could write to, and does
// not for inputs.
OSSL_PARAM Octets(const char* name, absl::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(
      name, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

absl::StatusOr<SecretBuffer> HkdfSha256(const SecretBuffer& key,
                                        absl::string_view salt,
                                        absl::string_view info, size_t size) {
  if (key.empty()) return absl::InvalidArgumentError("HKDF of an empty key");
  if (size == 0 || size > kMaxHkdfOutput) {
    return absl::InvalidArgumentError("HKDF gives 1 to 8160 bytes");
  }
  char digest_name[] = "SHA2-256";
  OSSL_PARAM params[5];
  OSSL_PARAM* next = params;
  *next++ =
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0);
  *next++ = Octets(OSSL_KDF_PARAM_KEY, key.ExposeSecret());
  // Without a salt RFC 5869 takes zeros; OpenSSL refuses an empty one.
  if (!salt.empty()) *next++ = Octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) *next++ = Octets(OSSL_KDF_PARAM_INFO, info);
  *next = OSSL_PARAM_construct_end();

  const KdfContextPtr context(EVP_KDF_CTX_new(HkdfAlgorithm()));
  SecretBuffer out(size);
  const absl::Span<char> bytes = out.MutableSecret();
  if (context == nullptr ||
      EVP_KDF_derive(context.get(),
                     reinterpret_cast<unsigned char*>(bytes.data()),
                     bytes.size(), params) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "HKDF failed");
  }
  return out;
}

}  // namespace keyward::crypto
