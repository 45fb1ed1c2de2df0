// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/aes_gcm.h"

#include <openssl/evp.h>

#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/openssl_algorithms.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// EVP counts in int. Far above every bound of aead.h.
bool FitsInt(absl::string_view text) {
  return text.size() <= static_cast<size_t>(std::numeric_limits<int>::max());
}

// One use of the calling thread's context, from the setting of the key to its
// overwriting.
class Operation {
 public:
  enum class Direction { kDecrypt = 0, kEncrypt = 1 };

  Operation() {
    thread_local CipherContextPtr context(EVP_CIPHER_CTX_new());
    context_ = context.get();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  ~Operation() {
    static constexpr unsigned char kZeros[kAesGcmKeySize] = {};
    unsigned char out[1];
    int written = 0;
    // Encrypting one byte overwrites the last block of the key stream too. It
    // cannot fail for a reason that the operation itself has not met.
    if (context_ == nullptr ||
        EVP_CipherInit_ex2(context_, nullptr, kZeros, kZeros,
                           static_cast<int>(Direction::kEncrypt),
                           nullptr) != 1 ||
        EVP_CipherUpdate(context_, out, &written, kZeros, 1) != 1) {
      ClearOpensslErrors();
      if (context_ != nullptr) EVP_CIPHER_CTX_reset(context_);
    }
  }

  bool Begin(Direction direction, const SecretBuffer& key,
             absl::string_view nonce, absl::string_view associated_data) {
    int ignored = 0;
    if (context_ == nullptr ||
        EVP_CipherInit_ex2(context_, Aes256GcmAlgorithm(),
                           Bytes(key.ExposeSecret()), Bytes(nonce),
                           static_cast<int>(direction), nullptr) != 1) {
      return false;
    }
    return associated_data.empty() ||
           EVP_CipherUpdate(context_, nullptr, &ignored, Bytes(associated_data),
                            static_cast<int>(associated_data.size())) == 1;
  }

  bool Update(absl::string_view in, char* out) {
    int written = 0;
    return in.empty() ||
           (EVP_CipherUpdate(context_, reinterpret_cast<unsigned char*>(out),
                             &written, Bytes(in),
                             static_cast<int>(in.size())) == 1 &&
            static_cast<size_t>(written) == in.size());
  }

  // Ends the operation; when decrypting, false if the tag does not match.
  bool Finish() {
    unsigned char nothing[kAesGcmTagSize];  // GCM has nothing left to write.
    int written = 0;
    return EVP_CipherFinal_ex(context_, nothing, &written) == 1;
  }

  bool GetTag(char* tag) {
    return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG,
                               static_cast<int>(kAesGcmTagSize), tag) == 1;
  }

  bool ExpectTag(absl::string_view tag) {
    return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG,
                               static_cast<int>(tag.size()),
                               const_cast<char*>(tag.data())) == 1;
  }

 private:
  EVP_CIPHER_CTX* context_;
};

absl::Status CheckSizes(const SecretBuffer& key, absl::string_view nonce,
                        absl::string_view associated_data,
                        absl::string_view sealed_or_plain) {
  if (key.size() != kAesGcmKeySize) {
    return absl::InvalidArgumentError("an AES-256 key has 32 bytes");
  }
  // OpenSSL would take its default length and read beyond a shorter one.
  if (nonce.size() != kAesGcmNonceSize) {
    return absl::InvalidArgumentError("a nonce has 12 bytes");
  }
  if (!FitsInt(associated_data) || !FitsInt(sealed_or_plain)) {
    return absl::InvalidArgumentError("too long to seal");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AesGcmEncrypt(const SecretBuffer& key, absl::string_view nonce,
                           absl::string_view associated_data,
                           absl::string_view plaintext, absl::Span<char> out) {
  absl::Status s = CheckSizes(key, nonce, associated_data, plaintext);
  if (!s.ok()) return s;
  if (out.size() != plaintext.size() + kAesGcmTagSize) {
    return absl::InvalidArgumentError("wrong size of the output");
  }
  Operation operation;
  if (!operation.Begin(Operation::Direction::kEncrypt, key, nonce,
                       associated_data) ||
      !operation.Update(plaintext, out.data()) || !operation.Finish() ||
      !operation.GetTag(out.data() + plaintext.size())) {
    return OpensslError(absl::StatusCode::kInternal, "sealing failed");
  }
  return absl::OkStatus();
}

absl::Status AesGcmDecrypt(const SecretBuffer& key, absl::string_view nonce,
                           absl::string_view associated_data,
                           absl::string_view sealed, absl::Span<char> out) {
  absl::Status s = CheckSizes(key, nonce, associated_data, sealed);
  if (!s.ok()) return s;
  if (sealed.size() < kAesGcmTagSize ||
      out.size() != sealed.size() - kAesGcmTagSize) {
    return absl::InvalidArgumentError("wrong size of the output");
  }
  Operation operation;
  if (!operation.Begin(Operation::Direction::kDecrypt, key, nonce,
                       associated_data) ||
      !operation.Update(sealed.substr(0, out.size()), out.data()) ||
      !operation.ExpectTag(sealed.substr(out.size()))) {
    return OpensslError(absl::StatusCode::kInternal, "opening failed");
  }
  if (!operation.Finish()) {
    ClearOpensslErrors();
    return absl::DataLossError("authentication failed");
  }
  return absl::OkStatus();
}

}  // namespace keyward::crypto
