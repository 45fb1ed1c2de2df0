// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/sha1.h"

#include <openssl/evp.h>

#include "libs/crypto/openssl_algorithms.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"

namespace keyward::crypto {

SecretBuffer Sha1OfSecret(absl::string_view secret) {
  SecretBuffer digest(kSha1Size);
  // Freed with the secret's last bytes in it, which OpenSSL wipes.
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (context == nullptr ||
      EVP_DigestInit_ex2(context.get(), Sha1Algorithm(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), secret.data(), secret.size()) != 1 ||
      EVP_DigestFinal_ex(
          context.get(),
          reinterpret_cast<unsigned char*>(digest.MutableSecret().data()),
          nullptr) != 1) {
    DieOfOpenssl("SHA-1");
  }
  return digest;
}

}  // namespace keyward::crypto
