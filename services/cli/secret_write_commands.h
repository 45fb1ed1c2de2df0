// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_SECRET_WRITE_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_SECRET_WRITE_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward secret create|put|delete|undelete`. `*chosen` is set by the
// one that the command line names; both arguments outlive parsing.
void AddSecretWriteCommands(CLI::App* secret, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_SECRET_WRITE_COMMANDS_H_
