// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_COMMAND_LINE_H_
#define KEYWARD_SERVICES_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "services/cli/environment.h"

namespace keyward::cli {

// Runs what `arguments` (without the program's name) ask for, and returns the
// exit code: 0 done, 1 refused or failed, 2 usage. Help, results and errors go
// to the environment's streams. Does not return if a program was started.
int RunCommandLine(const std::vector<std::string>& arguments,
                   const Environment& environment);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_COMMAND_LINE_H_
