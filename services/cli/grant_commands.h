// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_GRANT_COMMANDS_H_
#define KEYWARD_SERVICES_CLI_GRANT_COMMANDS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/policy/v1/policy.pb.h"
#include "services/cli/session.h"

namespace keyward::cli {

// The binding that `policy grant PRINCIPAL ROLE RESOURCE` makes: under
// `system` or the project that the resource is in, named by a digest of the
// three, so that granting twice makes one binding and `policy revoke` with the
// same words finds it. UsageError if the resource is none.
absl::StatusOr<policy::v1::Binding> GrantBinding(absl::string_view project,
                                                 const std::string& principal,
                                                 absl::string_view role,
                                                 absl::string_view resource);

// `keyward policy grant|revoke`: one binding, without a file.
void AddGrantCommands(CLI::App* policy, Command* chosen);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_GRANT_COMMANDS_H_
