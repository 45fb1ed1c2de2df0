// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/fake_seal.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/random.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

absl::Status Sealed() {
  return MakeError(absl::StatusCode::kUnavailable, kSealed,
                   "the installation is sealed");
}

}  // namespace

FakeSeal::FakeSeal(uint64_t seed) : random_(seed) {
  RootKey root;
  root.installation_id = NewUuid(random_).value();
  root.key = RandomKey(kRootKeySize, random_).value();
  seal_ = KeyFileSeal::Create(root, &random_).value();
}

absl::StatusOr<std::string> FakeSeal::Wrap(SealLabel label,
                                           absl::string_view associated_data,
                                           const SecretBuffer& key) {
  if (sealed_) return Sealed();
  return seal_->Wrap(label, associated_data, key);
}

absl::StatusOr<SecretBuffer> FakeSeal::Unwrap(SealLabel label,
                                              absl::string_view associated_data,
                                              absl::string_view wrapped) {
  if (sealed_) return Sealed();
  return seal_->Unwrap(label, associated_data, wrapped);
}

}  // namespace keyward::crypto
