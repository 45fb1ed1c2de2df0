// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_OPENSSL_ALGORITHMS_H_
#define KEYWARD_LIBS_CRYPTO_OPENSSL_ALGORITHMS_H_

#include <openssl/evp.h>
#include <openssl/kdf.h>

namespace keyward::crypto {

// OpenSSL's implementations, each looked up once: OpenSSL 3 otherwise searches
// its providers by name, under a lock, for every operation, which takes longer
// than hashing or sealing something small. They are never freed. Looking one
// up fails only where OpenSSL is broken, and then ends the process. Safe for
// concurrent use.
const EVP_MD* Sha1Algorithm();
const EVP_MD* Sha256Algorithm();
const EVP_CIPHER* Aes256GcmAlgorithm();
EVP_MAC* HmacAlgorithm();
EVP_KDF* HkdfAlgorithm();

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_OPENSSL_ALGORITHMS_H_
