// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/sha256.h"

#include <openssl/evp.h>

#include <initializer_list>
#include <memory>

#include "absl/strings/string_view.h"
#include "libs/crypto/openssl_algorithms.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"

namespace keyward::crypto {

class Sha256Hasher::State {
 public:
  State() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr ||
        EVP_DigestInit_ex2(context_.get(), Sha256Algorithm(), nullptr) != 1) {
      DieOfOpenssl("SHA-256");
    }
  }

  // Anew, in the same memory: OpenSSL allocates another state for an algorithm
  // that it is told again.
  void StartAgain() {
    if (EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) != 1) {
      DieOfOpenssl("SHA-256");
    }
  }

  void Update(absl::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) {
      DieOfOpenssl("SHA-256");
    }
  }

  Sha256Digest Finish() {
    Sha256Digest digest;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) {
      DieOfOpenssl("SHA-256");
    }
    return digest;
  }

 private:
  DigestContextPtr context_;
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {}
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;
Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::Update(absl::string_view bytes) { state_->Update(bytes); }

Sha256Digest Sha256Hasher::Finish() {
  const Sha256Digest digest = state_->Finish();
  state_->StartAgain();
  return digest;
}

Sha256Digest Sha256(absl::string_view bytes) { return Sha256({bytes}); }

Sha256Digest Sha256(std::initializer_list<absl::string_view> parts) {
  thread_local Sha256Hasher hasher;
  for (const absl::string_view part : parts) hasher.Update(part);
  return hasher.Finish();
}

}  // namespace keyward::crypto
