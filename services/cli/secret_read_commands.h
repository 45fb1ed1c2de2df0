// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_SECRET_READ_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_SECRET_READ_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward secret list|describe|versions|access|watch`. Of all commands only
// `access` prints a value.
void AddSecretReadCommands(CLI::App* secret, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_SECRET_READ_COMMANDS_H_
