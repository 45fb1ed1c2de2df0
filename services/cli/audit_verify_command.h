// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_VERIFY_COMMAND_H_
#define KEYWARD_SERVICES_CLI_AUDIT_VERIFY_COMMAND_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward audit verify`: offline, over an export or a data folder, also
// beside a running server. It compares the log with every checkpoint that it
// can find: the one given, the pinned one, and those that store and policy
// keep in their folders.
void AddAuditVerifyCommand(CLI::App* audit, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_VERIFY_COMMAND_H_
