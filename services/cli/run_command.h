// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_RUN_COMMAND_H_
#define KEYWARD_SERVICES_CLI_RUN_COMMAND_H_

#include <cstddef>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/cli/session.h"

namespace keyward::cli {

// As many secrets as one batch call takes.
inline constexpr size_t kMaxRunSecrets = 100;

// UsageError unless `name` is a portable name of an environment variable,
// [A-Za-z_][A-Za-z0-9_]*, at most 255 bytes. Others would be lost or
// misunderstood by shells.
absl::Status CheckVariableName(absl::string_view name);

// `keyward run --secret ENV=NAME ... -- COMMAND`: fetches all secrets and
// becomes COMMAND with them in its environment. If one cannot be had, or holds
// a NUL, which an environment cannot carry, nothing is started.
void AddRunCommand(CLI::App* app, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_RUN_COMMAND_H_
