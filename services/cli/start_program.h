// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_START_PROGRAM_H_
#define KEYWARD_SERVICES_CLI_START_PROGRAM_H_

#include <sys/resource.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/cli/environment.h"

namespace keyward::cli {

// The bound of core dumps that this process was started with.
rlimit CoreLimit();

// Becomes `command`, found on PATH, with `variables` in its environment in
// place of any of the same name. The program is an ordinary one: it may dump
// core as far as `cores` allows.
//
// Returns only if that fails: NOT_FOUND if there is no such program,
// FAILED_PRECONDITION otherwise. The values are wiped again then.
absl::Status StartProgram(const std::vector<std::string>& command,
                          const std::vector<SecretVariable>& variables,
                          const rlimit& cores);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_START_PROGRAM_H_
