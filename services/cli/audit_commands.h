// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_AUDIT_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "libs/client/pinned_checkpoint.h"
#include "services/cli/session.h"

namespace keyward::cli {

// Checks that the gateway's log extends what this person last saw of it, and
// remembers what it is now (libs/client/pinned_checkpoint.h). Every command
// that reads the log does this, so a rollback is noticed by whoever looks.
absl::StatusOr<client::PinCheck> CheckLog(Session& session);

// `keyward audit query|tail|checkpoint`.
void AddAuditCommands(CLI::App* audit, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_COMMANDS_H_
