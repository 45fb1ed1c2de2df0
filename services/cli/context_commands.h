// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_CONTEXT_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_CONTEXT_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward context list|set|use|delete`.
void AddContextCommands(CLI::App* app, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_CONTEXT_COMMANDS_H_
