// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_FOLLOW_H_
#define KEYWARD_SERVICES_CLI_FOLLOW_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/cli/environment.h"

namespace keyward::cli {

// How long a gateway may be away before a watch or a tail gives up: a server
// that restarts, or a network that comes back, is there by then.
inline constexpr absl::Duration kMaxOutage = absl::Seconds(60);

// Keeps a stream open. `open` runs it until it ends, sets `*progress` whenever
// it brings something, and remembers itself where to go on. It is called again
// after what may pass (libs/client/retry_policy.h), until nothing has come for
// kMaxOutage of trying. Returns the end of the last stream: OK, or its error.
absl::Status Follow(const Environment& environment,
                    absl::FunctionRef<absl::Status(bool* progress)> open);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_FOLLOW_H_
