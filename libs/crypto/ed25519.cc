// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/ed25519.h"

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

class Ed25519Signer::Key {
 public:
  explicit Key(PkeyPtr pkey) : pkey_(std::move(pkey)) {}
  EVP_PKEY* get() const { return pkey_.get(); }

 private:
  PkeyPtr pkey_;
};

absl::StatusOr<std::unique_ptr<Ed25519Signer>> Ed25519Signer::FromSeed(
    const SecretBuffer& seed) {
  if (seed.size() != kEd25519SeedSize) {
    return absl::InvalidArgumentError("an Ed25519 seed has 32 bytes");
  }
  PkeyPtr pkey(EVP_PKEY_new_raw_private_key_ex(
      nullptr, "ED25519", nullptr, Bytes(seed.ExposeSecret()), seed.size()));
  std::string public_key(kEd25519PublicKeySize, '\0');
  size_t size = public_key.size();
  if (pkey == nullptr ||
      EVP_PKEY_get_raw_public_key(
          pkey.get(), reinterpret_cast<unsigned char*>(&public_key[0]),
          &size) != 1 ||
      size != kEd25519PublicKeySize) {
    return OpensslError(absl::StatusCode::kInternal, "no Ed25519 key");
  }
  return absl::WrapUnique(new Ed25519Signer(
      std::make_unique<Key>(std::move(pkey)), std::move(public_key)));
}

Ed25519Signer::Ed25519Signer(std::unique_ptr<Key> key, std::string public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}

Ed25519Signer::~Ed25519Signer() = default;

absl::StatusOr<std::string> Ed25519Signer::Sign(
    absl::string_view message) const {
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string signature(kEd25519SignatureSize, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr,
                            key_->get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(&signature[0]), &size,
                     Bytes(message), message.size()) != 1 ||
      size != kEd25519SignatureSize) {
    return OpensslError(absl::StatusCode::kInternal, "signing failed");
  }
  return signature;
}

absl::StatusOr<SecretBuffer> NewEd25519Seed(RandomSource& random) {
  return RandomKey(kEd25519SeedSize, random);
}

absl::Status VerifyEd25519(absl::string_view public_key,
                           absl::string_view message,
                           absl::string_view signature) {
  if (public_key.size() != kEd25519PublicKeySize) {
    return absl::InvalidArgumentError("an Ed25519 public key has 32 bytes");
  }
  const PkeyPtr pkey(EVP_PKEY_new_raw_public_key_ex(
      nullptr, "ED25519", nullptr, Bytes(public_key), public_key.size()));
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (pkey == nullptr || context == nullptr ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr,
                              pkey.get(), nullptr) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "cannot verify");
  }
  if (EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                       Bytes(message), message.size()) != 1) {
    ClearOpensslErrors();
    return absl::UnauthenticatedError("the signature does not match");
  }
  return absl::OkStatus();
}

}  // namespace keyward::crypto
