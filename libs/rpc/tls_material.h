// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_TLS_MATERIAL_H_
#define KEYWARD_LIBS_RPC_TLS_MATERIAL_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::rpc {

// What one end of a mutual TLS connection proves itself with, and by which
// authorities it judges the other. All PEM.
struct TlsMaterial {
  // The leaf and then its intermediates, which must be sent along: neither
  // gRPC nor OpenSSL looks for them elsewhere.
  std::string certificate_chain;
  // The leaf's private key, PKCS#8 or the older forms, not encrypted.
  crypto::SecretBuffer private_key;
  // The authorities of every trust domain, one after the other.
  std::string authorities;
};

// More is an error of whoever made the file, and every handshake would pay.
inline constexpr size_t kMaxChainCertificates = 8;
inline constexpr size_t kMaxAuthorities = 32 * 64;

// OK if gRPC can use the material at `now`. What it would make of bad material
// is worse than refusing it: an empty file ends the process, and a key that
// does not match lets every later handshake fail.
//
// INVALID_ARGUMENT, saying what is wrong and what to do, if a part does not
// parse, if the key is not the leaf's, or if there is no authority;
// FAILED_PRECONDITION if the leaf is expired or not yet valid. Messages never
// quote the material.
absl::Status CheckTlsMaterial(const TlsMaterial& material, absl::Time now);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_TLS_MATERIAL_H_
