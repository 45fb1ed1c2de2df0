// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_SEAL_H_
#define KEYWARD_LIBS_CRYPTO_SEAL_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// Who wraps a key. Each has a wrapping key of its own, so that a service that
// is made to unwrap something foreign cannot: a wrapped key of the store is
// nothing to audit. The text is part of the derivation and never changes.
enum class SealLabel {
  kStore,                 // "keyward/store"
  kAudit,                 // "keyward/audit"
  kCertificateAuthority,  // "keyward/ca"
};

// The label's text.
absl::string_view SealLabelText(SealLabel label);

// The longest key that a seal wraps. The longest there is, a private key of
// the development CA, has some 140 bytes.
inline constexpr size_t kMaxWrappedKey = 4096;

// The root of all keys of an installation: wraps the few keys that are stored
// (key-encryption keys, the log's signing key, the CA's key), so that files
// without the seal are nothing but ciphertext. Implementations differ in where
// the root key is: in a file (KeyFileSeal), in the heads of several people, in
// an external key service or an HSM. The interface has no way to take the root
// key out.
//
// A call may take as long as a network round trip; never make it where a
// request waits for a local operation only. Safe for concurrent use.
class Seal {
 public:
  virtual ~Seal() = default;

  // The random UUID of the installation, made with the root key. It is part of
  // the associated data of everything that is sealed, so that nothing can be
  // moved from one installation to another.
  virtual const std::string& installation_id() const = 0;

  // `key` (1 to kMaxWrappedKey bytes), readable and openable only by this seal
  // under the same label and `associated_data` (not empty; it says which key
  // this is, build it with LengthPrefixed).
  //
  // INVALID_ARGUMENT for lengths out of bounds; UNAVAILABLE, reason SEALED,
  // while the root key is not there; INTERNAL if a generator or OpenSSL fails.
  virtual absl::StatusOr<std::string> Wrap(SealLabel label,
                                           absl::string_view associated_data,
                                           const SecretBuffer& key) = 0;

  // What was wrapped. FAILED_PRECONDITION if it was wrapped by another root
  // key or by a newer release; DATA_LOSS if it was changed or belongs to
  // another label or other associated data; others as above.
  virtual absl::StatusOr<SecretBuffer> Unwrap(SealLabel label,
                                              absl::string_view associated_data,
                                              absl::string_view wrapped) = 0;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_SEAL_H_
