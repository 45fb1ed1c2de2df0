// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/openssl_algorithms.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "libs/crypto/openssl_error.h"

namespace keyward::crypto {
namespace {

template <typename Algorithm>
Algorithm* OrDie(Algorithm* algorithm, const char* name) {
  if (algorithm == nullptr) DieOfOpenssl(name);
  return algorithm;
}

}  // namespace

const EVP_MD* Sha1Algorithm() {
  static EVP_MD* const md =
      OrDie(EVP_MD_fetch(nullptr, "SHA1", nullptr), "no SHA-1");
  return md;
}

const EVP_MD* Sha256Algorithm() {
  static EVP_MD* const md =
      OrDie(EVP_MD_fetch(nullptr, "SHA2-256", nullptr), "no SHA-256");
  return md;
}

const EVP_CIPHER* Aes256GcmAlgorithm() {
  static EVP_CIPHER* const cipher = OrDie(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "no AES-256-GCM");
  return cipher;
}

EVP_MAC* HmacAlgorithm() {
  static EVP_MAC* const mac =
      OrDie(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "no HMAC");
  return mac;
}

EVP_KDF* HkdfAlgorithm() {
  static EVP_KDF* const kdf =
      OrDie(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "no HKDF");
  return kdf;
}

}  // namespace keyward::crypto
