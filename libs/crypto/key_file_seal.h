// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_KEY_FILE_SEAL_H_
#define KEYWARD_LIBS_CRYPTO_KEY_FILE_SEAL_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// The seal whose root key is in a file, and, after a start, in locked memory:
// always unsealed, so it never answers SEALED and takes microseconds. What it
// protects against is the loss of the data folders and their backups, not
// that of the machine.
//
// Each label's wrapping key is derived by HKDF-SHA256 from the root key; the
// encoding of a wrapped key is in FORMAT.md. A wrapping key seals once for
// each key version that is made and for each of a handful of other keys:
// kMaxSealsPerKey (aead.h) would take four thousand million of them.
//
// Safe for concurrent use.
class KeyFileSeal final : public Seal {
 public:
  // Derives the wrapping keys of `root`, which may be destroyed afterwards.
  // `random` is not owned and outlives the seal. INVALID_ARGUMENT if `root` is
  // not as root_key.h says; INTERNAL if OpenSSL fails.
  static absl::StatusOr<std::unique_ptr<KeyFileSeal>> Create(
      const RootKey& root, RandomSource* random);

  // The same from the key file; errors as LoadRootKey too.
  static absl::StatusOr<std::unique_ptr<KeyFileSeal>> Load(
      const RootKeyLocation& location, RandomSource* random);

  KeyFileSeal(const KeyFileSeal&) = delete;
  KeyFileSeal& operator=(const KeyFileSeal&) = delete;

  const std::string& installation_id() const override {
    return installation_id_;
  }
  absl::StatusOr<std::string> Wrap(SealLabel label,
                                   absl::string_view associated_data,
                                   const SecretBuffer& key) override;
  absl::StatusOr<SecretBuffer> Unwrap(SealLabel label,
                                      absl::string_view associated_data,
                                      absl::string_view wrapped) override;

 private:
  struct WrappingKey {
    SecretBuffer key;
    // Tells a key that another root key wrapped from one that was changed.
    std::string id;
  };

  KeyFileSeal(std::string installation_id, RandomSource* random)
      : installation_id_(std::move(installation_id)), random_(random) {}

  static absl::StatusOr<WrappingKey> Derive(const RootKey& root,
                                            SealLabel label);
  const WrappingKey& KeyOf(SealLabel label) const;
  std::string AssociatedData(SealLabel label, absl::string_view given) const;

  const std::string installation_id_;
  RandomSource* const random_;
  // Constant after Create.
  WrappingKey store_;
  WrappingKey audit_;
  WrappingKey certificate_authority_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_KEY_FILE_SEAL_H_
