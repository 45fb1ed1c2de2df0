// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_VERSION_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_VERSION_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward secret enable|disable|destroy|promote|rollback`.
void AddVersionCommands(CLI::App* secret, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_VERSION_COMMANDS_H_
