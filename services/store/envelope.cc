// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/envelope.h"

#include <cstring>
#include <utility>

#include "libs/base/byte_order.h"
#include "libs/crypto/aead.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::store {
namespace {

// What each box is. The number is the format: a change of the layout, the
// cipher or the associated data takes the next one.
constexpr char kPayloadFormat[] = "keyward/payload/1";
constexpr char kDataKeyFormat[] = "keyward/data-key/1";

constexpr size_t kChecksumBytes = 4;

crypto::LengthPrefixed VersionParts(absl::string_view format,
                                    const VersionBinding& version) {
  crypto::LengthPrefixed parts;
  parts.Add(format)
      .Add(version.installation_id)
      .Add(version.secret_name)
      .Add(version.secret_uid)
      .AddNumber(static_cast<uint64_t>(version.number));
  return parts;
}

// Checksum, then data: the checksum of a PIN is the PIN, so it lies inside.
crypto::SecretBuffer WithChecksum(absl::string_view payload) {
  crypto::SecretBuffer bytes(kChecksumBytes + payload.size());
  std::string checksum;
  PutBigEndian32(&checksum, crypto::Crc32c(payload));
  char* const out = bytes.MutableSecret().data();
  std::memcpy(out, checksum.data(), kChecksumBytes);
  std::memcpy(out + kChecksumBytes, payload.data(), payload.size());
  crypto::WipeString(&checksum);
  return bytes;
}

}  // namespace

absl::string_view OpenedPayload::data() const {
  return sealed_bytes.ExposeSecret().substr(kChecksumBytes);
}

std::string PayloadAssociatedData(const VersionBinding& version) {
  return VersionParts(kPayloadFormat, version).bytes();
}

std::string DataKeyAssociatedData(const VersionBinding& version,
                                  const KeyBinding& key) {
  return VersionParts(kDataKeyFormat, version)
      .Add(key.name)
      .Add(key.uid)
      .AddNumber(static_cast<uint64_t>(key.version))
      .bytes();
}

absl::StatusOr<SealedVersion> SealVersion(const VersionBinding& version,
                                          const KeyBinding& key,
                                          const crypto::SecretBuffer& kek,
                                          absl::string_view payload,
                                          crypto::RandomSource& random) {
  if (payload.empty() || payload.size() > kMaxPayloadBytes) {
    return absl::InternalError("a payload was not checked before sealing");
  }
  const absl::StatusOr<crypto::SecretBuffer> data_key =
      crypto::RandomKey(crypto::kAeadKeySize, random);
  if (!data_key.ok()) return data_key.status();
  absl::StatusOr<std::string> sealed =
      crypto::AeadSeal(*data_key, PayloadAssociatedData(version),
                       WithChecksum(payload).ExposeSecret(), random);
  if (!sealed.ok()) return sealed.status();
  absl::StatusOr<std::string> wrapped =
      crypto::AeadSeal(kek, DataKeyAssociatedData(version, key),
                       data_key->ExposeSecret(), random);
  if (!wrapped.ok()) return wrapped.status();
  return SealedVersion{*std::move(wrapped), *std::move(sealed)};
}

absl::StatusOr<OpenedPayload> OpenVersion(const VersionBinding& version,
                                          const KeyBinding& key,
                                          const crypto::SecretBuffer& kek,
                                          absl::string_view wrapped_data_key,
                                          absl::string_view sealed_payload) {
  const absl::StatusOr<crypto::SecretBuffer> data_key = crypto::AeadOpen(
      kek, DataKeyAssociatedData(version, key), wrapped_data_key);
  if (!data_key.ok()) return data_key.status();
  absl::StatusOr<crypto::SecretBuffer> bytes = crypto::AeadOpen(
      *data_key, PayloadAssociatedData(version), sealed_payload);
  if (!bytes.ok()) return bytes.status();
  absl::string_view rest = bytes->ExposeSecret();
  const absl::StatusOr<uint32_t> checksum = TakeBigEndian32(&rest);
  if (!checksum.ok()) return checksum.status();
  return OpenedPayload{*std::move(bytes), *checksum};
}

absl::Status CheckDataKey(const VersionBinding& version, const KeyBinding& key,
                          const crypto::SecretBuffer& kek,
                          absl::string_view wrapped_data_key) {
  return crypto::AeadOpen(kek, DataKeyAssociatedData(version, key),
                          wrapped_data_key)
      .status();
}

absl::StatusOr<std::string> RewrapDataKey(const VersionBinding& version,
                                          const KeyBinding& old_key,
                                          const crypto::SecretBuffer& old_kek,
                                          const KeyBinding& new_key,
                                          const crypto::SecretBuffer& new_kek,
                                          absl::string_view wrapped_data_key,
                                          crypto::RandomSource& random) {
  const absl::StatusOr<crypto::SecretBuffer> data_key = crypto::AeadOpen(
      old_kek, DataKeyAssociatedData(version, old_key), wrapped_data_key);
  if (!data_key.ok()) return data_key.status();
  return crypto::AeadSeal(new_kek, DataKeyAssociatedData(version, new_key),
                          data_key->ExposeSecret(), random);
}

}  // namespace keyward::store
