// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_PROVE_COMMAND_H_
#define KEYWARD_SERVICES_CLI_AUDIT_PROVE_COMMAND_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward audit prove INDEX`: that one entry is in the log, proven to this
// person by the path from the entry to the root of the checkpoint that is
// pinned, and with `--out` to anyone (libs/audit/FORMAT.md).
void AddAuditProveCommand(CLI::App* audit, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_PROVE_COMMAND_H_
