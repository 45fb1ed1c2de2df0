// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_NEW_VALUE_H_
#define KEYWARD_SERVICES_STORE_NEW_VALUE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {

// A value that is about to become a version. Every refusal here is
// INVALID_ARGUMENT and says nothing of the value.
class NewValue {
 public:
  // The payload of a request, which must outlive this: 1 byte to 64 KiB, and
  // of the checksum that was sent, if any.
  static absl::StatusOr<NewValue> FromPayload(
      const keyward::secrets::v1::SecretPayload& payload);

  // A value that is made here, so that nobody sees it on the way in. Errors of
  // `random`.
  static absl::StatusOr<NewValue> Generate(
      const keyward::secrets::v1::GeneratedPayload& request,
      crypto::RandomSource& random);

  absl::string_view data() const {
    return generated_.empty() ? given_ : generated_.ExposeSecret();
  }
  bool client_specified_checksum() const { return checksum_given_; }

  // OK if the value may be one of a secret of `type`: a checked type's is
  // parsed, and only OPAQUE and API_KEY values are generated. Answers the
  // leaf's not-after for TLS_CERTIFICATE, and InfinitePast for all others.
  // An expired certificate is no error: people keep those too.
  absl::StatusOr<absl::Time> CheckType(
      keyward::secrets::v1::SecretType type) const;

 private:
  NewValue() = default;

  absl::string_view given_;
  crypto::SecretBuffer generated_;
  bool checksum_given_ = false;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_NEW_VALUE_H_
