// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/key_file_seal.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/aead.h"
#include "libs/crypto/hkdf.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/random.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// See FORMAT.md, "Wrapped key".
constexpr char kFormat = 1;
constexpr size_t kKeyIdSize = 8;
constexpr size_t kHeaderSize = 1 + kKeyIdSize;
constexpr absl::string_view kPurpose = "keyward/wrapped-key/1";

absl::Status CheckAssociatedData(absl::string_view associated_data) {
  if (associated_data.empty()) {
    return absl::InvalidArgumentError("associated data must not be empty");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyFileSeal>> KeyFileSeal::Create(
    const RootKey& root, RandomSource* random) {
  auto seal = absl::WrapUnique(new KeyFileSeal(root.installation_id, random));
  for (const auto& [label, key] :
       {std::make_pair(SealLabel::kStore, &seal->store_),
        std::make_pair(SealLabel::kAudit, &seal->audit_),
        std::make_pair(SealLabel::kCertificateAuthority,
                       &seal->certificate_authority_)}) {
    absl::StatusOr<WrappingKey> derived = Derive(root, label);
    if (!derived.ok()) return derived.status();
    *key = *std::move(derived);
  }
  return seal;
}

absl::StatusOr<std::unique_ptr<KeyFileSeal>> KeyFileSeal::Load(
    const RootKeyLocation& location, RandomSource* random) {
  const absl::StatusOr<RootKey> root = LoadRootKey(location);
  if (!root.ok()) return root.status();
  return Create(*root, random);
}

absl::StatusOr<KeyFileSeal::WrappingKey> KeyFileSeal::Derive(
    const RootKey& root, SealLabel label) {
  // Encoding checks the form of both fields.
  if (absl::Status s = EncodeRootKey(root).status(); !s.ok()) return s;
  const absl::string_view text = SealLabelText(label);
  absl::StatusOr<SecretBuffer> key =
      HkdfSha256(root.key, root.installation_id, text, kAeadKeySize);
  if (!key.ok()) return key.status();
  // Public, and by HKDF independent of the key.
  const absl::StatusOr<SecretBuffer> id =
      HkdfSha256(root.key, root.installation_id, absl::StrCat(text, "/key-id"),
                 kKeyIdSize);
  if (!id.ok()) return id.status();
  WrappingKey wrapping;
  wrapping.key = *std::move(key);
  wrapping.id = std::string(id->ExposeSecret());
  return wrapping;
}

const KeyFileSeal::WrappingKey& KeyFileSeal::KeyOf(SealLabel label) const {
  switch (label) {
    case SealLabel::kStore:
      return store_;
    case SealLabel::kAudit:
      return audit_;
    case SealLabel::kCertificateAuthority:
      return certificate_authority_;
  }
  // No value of the enumeration: memory is corrupt.
  std::abort();
}

std::string KeyFileSeal::AssociatedData(SealLabel label,
                                        absl::string_view given) const {
  return LengthPrefixed()
      .Add(kPurpose)
      .Add(installation_id_)
      .Add(SealLabelText(label))
      .Add(given)
      .bytes();
}

absl::StatusOr<std::string> KeyFileSeal::Wrap(SealLabel label,
                                              absl::string_view associated_data,
                                              const SecretBuffer& key) {
  absl::Status s = CheckAssociatedData(associated_data);
  if (!s.ok()) return s;
  if (key.empty() || key.size() > kMaxWrappedKey) {
    return absl::InvalidArgumentError("a key to wrap has 1 to 4096 bytes");
  }
  const WrappingKey& wrapping = KeyOf(label);
  const absl::StatusOr<std::string> box =
      AeadSeal(wrapping.key, AssociatedData(label, associated_data),
               key.ExposeSecret(), *random_);
  if (!box.ok()) return box.status();
  return absl::StrCat(std::string(1, kFormat), wrapping.id, *box);
}

absl::StatusOr<SecretBuffer> KeyFileSeal::Unwrap(
    SealLabel label, absl::string_view associated_data,
    absl::string_view wrapped) {
  absl::Status s = CheckAssociatedData(associated_data);
  if (!s.ok()) return s;
  if (wrapped.empty()) return absl::DataLossError("a wrapped key is empty");
  if (wrapped[0] != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a wrapped key has the format ", static_cast<uint8_t>(wrapped[0]),
        " and this release knows only 1: use the release that wrote it, or a "
        "newer"));
  }
  if (wrapped.size() <= kHeaderSize + kAeadOverhead ||
      wrapped.size() > kHeaderSize + kAeadOverhead + kMaxWrappedKey) {
    return absl::DataLossError("a wrapped key was cut or has grown");
  }
  const WrappingKey& wrapping = KeyOf(label);
  if (wrapped.substr(1, kKeyIdSize) != wrapping.id) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a wrapped key is not of this root key and label ",
        SealLabelText(label), ": use the root key that belongs to this data"));
  }
  return AeadOpen(wrapping.key, AssociatedData(label, associated_data),
                  wrapped.substr(kHeaderSize));
}

}  // namespace keyward::crypto
