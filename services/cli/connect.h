// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_CONNECT_H_
#define KEYWARD_SERVICES_CLI_CONNECT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/client/settings.h"
#include "libs/client/transport.h"

namespace keyward::cli {

// A transport to the gateway that `settings` name, with the credentials that
// they name. Nothing is sent yet. Errors of the files, which name the file and
// what to do: a key that others can read is refused.
absl::StatusOr<std::unique_ptr<client::Transport>> Connect(
    const client::Settings& settings, absl::Time now);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_CONNECT_H_
