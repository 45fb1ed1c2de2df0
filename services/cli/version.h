// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_VERSION_H_
#define KEYWARD_SERVICES_CLI_VERSION_H_

namespace keyward::cli {

// What `keyward --version` prints and what audit records say of the caller's
// program.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_VERSION_H_
