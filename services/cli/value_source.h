// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_VALUE_SOURCE_H_
#define KEYWARD_SERVICES_CLI_VALUE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/crypto/secret_buffer.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "services/cli/environment.h"

namespace keyward::cli {

// Where a secret's value comes from. There is no option that takes the value
// itself: arguments are seen by every user of the machine and end up in shell
// histories.

// The largest payload that is stored.
inline constexpr size_t kMaxPayloadBytes = 64 << 10;

// The options as they were given; texts because CLI11 fills them in.
struct ValueOptions {
  std::string from_file;
  std::string dash;      // "-" or empty
  std::string generate;  // a length or empty
};

// Adds --from-file, - and --generate to `command`. `options` must outlive it.
void AddValueOptions(CLI::App* command, ValueOptions* options);

// A value as it was given: one of the two is there.
struct SecretValue {
  absl::optional<crypto::SecretBuffer> payload;
  int32_t generate_length = 0;
};

// The value that `options` ask for; absent if they ask for none. UsageError if
// they ask for two, or the length is not 16 to 4096; INVALID_ARGUMENT if the
// source is empty or longer than kMaxPayloadBytes; errors of reading.
absl::StatusOr<absl::optional<SecretValue>> ReadValue(
    const ValueOptions& options, const Environment& environment);

// At most `max_bytes` from `fd` until its end, into memory that is locked and
// wiped. INVALID_ARGUMENT if there is more; `what` names the source.
absl::StatusOr<crypto::SecretBuffer> ReadAll(int fd, size_t max_bytes,
                                             const std::string& what);

// Puts `value` into a request that has `payload` and `generate`, with the
// checksum by which the gateway notices damage on the way.
template <typename Request>
void SetValue(const SecretValue& value, Request* request);

// `value` as the contract has it; the bytes are in the message alone.
secrets::v1::SecretPayload ToPayload(const crypto::SecretBuffer& value);

template <typename Request>
void SetValue(const SecretValue& value, Request* request) {
  if (value.payload.has_value()) {
    *request->mutable_payload() = ToPayload(*value.payload);
  } else {
    request->mutable_generate()->set_length(value.generate_length);
  }
}

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_VALUE_SOURCE_H_
