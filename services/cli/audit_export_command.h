// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_EXPORT_COMMAND_H_
#define KEYWARD_SERVICES_CLI_AUDIT_EXPORT_COMMAND_H_

#include "CLI/CLI.hpp"
#include "services/cli/session.h"

namespace keyward::cli {

// `keyward audit export --out FILE`: the whole log, leaf by leaf, for offline
// verification (libs/audit/FORMAT.md).
void AddAuditExportCommand(CLI::App* audit, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_EXPORT_COMMAND_H_
