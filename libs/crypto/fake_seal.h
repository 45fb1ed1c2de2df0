// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_FAKE_SEAL_H_
#define KEYWARD_LIBS_CRYPTO_FAKE_SEAL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// A seal for tests: a real one over a root key that anyone can compute, which
// a test can seal, as an external seal may be at any time. Safe for concurrent
// use.
class FakeSeal final : public Seal {
 public:
  // Different seeds give different root keys and installations.
  explicit FakeSeal(uint64_t seed = 1);

  // While sealed, Wrap and Unwrap are UNAVAILABLE, reason SEALED.
  void SetSealed(bool sealed) { sealed_ = sealed; }

  const std::string& installation_id() const override {
    return seal_->installation_id();
  }
  absl::StatusOr<std::string> Wrap(SealLabel label,
                                   absl::string_view associated_data,
                                   const SecretBuffer& key) override;
  absl::StatusOr<SecretBuffer> Unwrap(SealLabel label,
                                      absl::string_view associated_data,
                                      absl::string_view wrapped) override;

 private:
  FakeRandom random_;
  std::unique_ptr<KeyFileSeal> seal_;
  std::atomic<bool> sealed_{false};
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_FAKE_SEAL_H_
