// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_ENVIRONMENT_H_
#define KEYWARD_SERVICES_CLI_ENVIRONMENT_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/clock.h"
#include "libs/client/settings.h"
#include "libs/client/transport.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::cli {

// An environment variable of a program to be started.
struct SecretVariable {
  std::string name;
  crypto::SecretBuffer value;  // without NUL
};

// All that a command gets from the process that it runs in. Commands touch
// nothing else, so a test can be their whole world. Pointers are not owned and
// outlive the commands.
struct Environment {
  // A variable; absent if it is not set.
  std::function<absl::optional<std::string>(const std::string& name)> variable;
  // Standard input, for values and policies.
  int in_fd = 0;
  // Standard output and error, for everything that is no secret.
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  // Writes a secret to standard output, past every buffer of ours.
  std::function<absl::Status(absl::string_view secret)> write_secret;

  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  std::function<void(absl::Duration)> sleep;
  std::function<absl::Duration()> steady_now;

  // Connects to the gateway that the settings name.
  std::function<absl::StatusOr<std::unique_ptr<client::Transport>>(
      const client::Settings& settings)>
      connect;
  // Replaces this process by `command` (a program and its arguments), with the
  // variables added to the environment. Returns only if that fails.
  std::function<absl::Status(const std::vector<std::string>& command,
                             const std::vector<SecretVariable>& variables)>
      execute;

  // The folder of this program, beside which the services' programs lie.
  std::string program_folder;
  // The default of the installation's folder on this machine
  // (libs/config/loader.h); Session::home() is what counts.
  std::string home;
  // Where contexts and pinned checkpoints are kept.
  std::string config_folder;
};

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_ENVIRONMENT_H_
