// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/follow.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/client/retry_policy.h"

namespace keyward::cli {

absl::Status Follow(const Environment& environment,
                    absl::FunctionRef<absl::Status(bool* progress)> open) {
  int attempt = 1;
  absl::optional<absl::Duration> away_since;
  while (true) {
    bool progress = false;
    const absl::Status ended = open(&progress);
    if (ended.ok()) return ended;
    if (progress) {
      attempt = 1;
      away_since.reset();
    }
    // One caller waits for one stream: there is no crowd to spread.
    const absl::optional<absl::Duration> delay =
        client::RetryDelay(ended, ++attempt, /*jitter=*/1);
    const absl::Duration now = environment.steady_now();
    if (!away_since.has_value()) away_since = now;
    if (!delay.has_value() || now - *away_since >= kMaxOutage) return ended;
    environment.sleep(*delay);
  }
}

}  // namespace keyward::cli
