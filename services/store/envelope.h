// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_ENVELOPE_H_
#define KEYWARD_SERVICES_STORE_ENVELOPE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::store {

// Envelope encryption of one secret version (P5, P6): the payload is sealed
// under a data key of its own, and the data key under a key-encryption key.
// FORMAT.md has the bytes.
//
// Both boxes say in their associated data where they belong. So a box that was
// moved to another secret, another version, or a secret created again under
// the same name does not open; destroying the wrapped data key destroys the
// payload; and rotating a key rewraps data keys without touching a payload.
//
// Pure functions, safe for concurrent use. Every error of opening is
// DATA_LOSS, and none says what was wrong.

inline constexpr size_t kMaxPayloadBytes = size_t{64} << 10;

// The version that a payload belongs to.
struct VersionBinding {
  absl::string_view installation_id;
  absl::string_view secret_name;  // projects/P/secrets/S
  absl::string_view secret_uid;
  int64_t number = 0;
};

// The version of the key that wraps.
struct KeyBinding {
  absl::string_view name;  // projects/P/keys/K
  absl::string_view uid;
  int64_t version = 0;
};

struct SealedVersion {
  std::string wrapped_data_key;
  std::string sealed_payload;
};

struct OpenedPayload {
  // The 4 bytes of the checksum and the data, as they were sealed.
  crypto::SecretBuffer sealed_bytes;
  uint32_t crc32c = 0;

  absl::string_view data() const;
};

// The associated data of both boxes.
std::string PayloadAssociatedData(const VersionBinding& version);
std::string DataKeyAssociatedData(const VersionBinding& version,
                                  const KeyBinding& key);

// Seals `payload` (1 to kMaxPayloadBytes) under a fresh data key, wrapped by
// `kek`. Errors of `random`; INTERNAL.
absl::StatusOr<SealedVersion> SealVersion(const VersionBinding& version,
                                          const KeyBinding& key,
                                          const crypto::SecretBuffer& kek,
                                          absl::string_view payload,
                                          crypto::RandomSource& random);

// Opens what SealVersion made for the same version and key.
absl::StatusOr<OpenedPayload> OpenVersion(const VersionBinding& version,
                                          const KeyBinding& key,
                                          const crypto::SecretBuffer& kek,
                                          absl::string_view wrapped_data_key,
                                          absl::string_view sealed_payload);

// OK if the data key opens: RewrapDataKey would do. Seals nothing.
absl::Status CheckDataKey(const VersionBinding& version, const KeyBinding& key,
                          const crypto::SecretBuffer& kek,
                          absl::string_view wrapped_data_key);

// The data key, wrapped by another key version.
absl::StatusOr<std::string> RewrapDataKey(const VersionBinding& version,
                                          const KeyBinding& old_key,
                                          const crypto::SecretBuffer& old_kek,
                                          const KeyBinding& new_key,
                                          const crypto::SecretBuffer& new_kek,
                                          absl::string_view wrapped_data_key,
                                          crypto::RandomSource& random);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_ENVELOPE_H_
