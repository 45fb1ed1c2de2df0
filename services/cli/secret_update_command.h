// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_SECRET_UPDATE_COMMAND_H_
#define KEYWARD_SERVICES_CLI_SECRET_UPDATE_COMMAND_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/session.h"

namespace keyward::cli {

// What `keyward secret update` was asked to change.
struct UpdateOptions {
  std::string name;
  std::vector<std::string> labels;         // KEY=VALUE to set
  std::vector<std::string> remove_labels;  // KEY
  std::vector<std::string> annotations;
  std::vector<std::string> remove_annotations;
  std::vector<std::string> aliases;  // NAME=VERSION NUMBER
  std::vector<std::string> remove_aliases;
  std::string ttl;
  std::string expire_time;
  bool no_expiry = false;
  bool protect = false;
  bool unprotect = false;
  std::string etag;
};

// The request that makes those changes to `secret` as it is now. Its etag is
// the one given, otherwise that of `secret`: labels are changed one by one on
// this side, so another's change in between must not be undone. UsageError if
// nothing is to be changed or the options contradict each other.
absl::StatusOr<secrets::v1::UpdateSecretRequest> BuildUpdate(
    const UpdateOptions& options, const secrets::v1::Secret& secret,
    absl::Time now);

// `keyward secret update`.
void AddSecretUpdateCommand(CLI::App* secret, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_SECRET_UPDATE_COMMAND_H_
