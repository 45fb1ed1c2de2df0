// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_CREDENTIAL_VALUE_H_
#define KEYWARD_SERVICES_ROTATION_CREDENTIAL_VALUE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/target.h"

namespace keyward::rotation {

// A DATABASE_CREDENTIALS payload as rotation sees it: who logs in where. The
// place is compared and never connected to: a connector alone says where.
struct CredentialValue {
  std::string engine;
  std::string host;
  uint16_t port = 0;
  target::Credential credential;
};

// What `payload` says. FAILED_PRECONDITION if it is no JSON object with the
// members of that type (proto/keyward/secrets/v1/secret.proto); the message
// quotes nothing of it.
absl::StatusOr<CredentialValue> ParseCredentialValue(
    const crypto::SecretBuffer& payload);

// `payload` with another user and password, all other members as they are.
// Errors of ParseCredentialValue; INVALID_ARGUMENT if user or password are no
// text that JSON can hold (UTF-8).
absl::StatusOr<crypto::SecretBuffer> ReplaceCredential(
    const crypto::SecretBuffer& payload, const target::Credential& fresh);

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_CREDENTIAL_VALUE_H_
