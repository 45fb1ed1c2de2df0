// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_OPERATOR_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_OPERATOR_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward operator status|recover-admin`. Recovering is no call to a service:
// it becomes `keyward-standalone --recover-admin`, which opens the stopped
// installation's folders with the root key and puts the recovery on record.
void AddOperatorCommands(CLI::App* app, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_OPERATOR_COMMANDS_H_
