// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_IDENTITY_COMMAND_H_
#define KEYWARD_SERVICES_CLI_IDENTITY_COMMAND_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward identity issue NAME`: offline, with the development CA of a home.
void AddIdentityCommand(CLI::App* app, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_IDENTITY_COMMAND_H_
