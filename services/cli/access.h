// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_ACCESS_H_
#define KEYWARD_SERVICES_CLI_ACCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/crypto/secret_buffer.h"
#include "services/cli/session.h"

namespace keyward::cli {

// Values on their way to whoever may have them: the only place of the command
// line where one is taken out of an answer.

struct AccessedValue {
  // The version's name, with its number.
  std::string name;
  crypto::SecretBuffer value;
};

// The value of `name`, a secret's or a version's full name. DATA_LOSS if it
// does not match the checksum that was computed when it was written; errors of
// the call.
absl::StatusOr<AccessedValue> Access(const std::string& name, Session& session);

// The values of all `names`, in their order, 1 to 100, in as few calls as they
// fit into. The first error, which names the secret, if any cannot be had.
absl::StatusOr<std::vector<AccessedValue>> AccessAll(
    const std::vector<std::string>& names, Session& session);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_ACCESS_H_
