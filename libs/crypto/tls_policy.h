// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_TLS_POLICY_H_
#define KEYWARD_LIBS_CRYPTO_TLS_POLICY_H_

#include "absl/status/status.h"

namespace keyward::crypto {

// Restricts every TLS context that is made in this process afterwards, by
// gRPC too, which has no setting of its own for this:
//
//   - TLS 1.3 only (RFC 8446), and nothing below 112 bits of security;
//   - no session tickets. A ticket lets a client come back for two hours
//     without a certificate and count as the one it showed before, without
//     that being verified again: not against its expiry, not against a
//     certificate authority that is no longer trusted.
//
// Call it first in main, before gRPC or a thread exists. Overrides the
// system's openssl.cnf. INTERNAL if OpenSSL does not take it; then the process
// must not serve.
absl::Status RestrictTls();

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_TLS_POLICY_H_
