// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_MISSING_CHANGE_H_
#define KEYWARD_SERVICES_AUDIT_MISSING_CHANGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/audit/log_reader.h"
#include "services/audit/peer.h"

namespace keyward::audit_service {

// Finds out that a service's folder is older than the log: put back alone from
// a backup, or lost and made anew.
//
// A service keeps the checkpoint that comes with a change in the transaction
// that makes the change, and that checkpoint holds the change's intent. So an
// intent that the log closes as applied, and that lies beyond the checkpoint
// which the service holds, is a change that its folder no longer has.
//
// Returns the index of the first such intent among the `size` leaves of the
// log, given that `peer`, one of `peers`, holds a checkpoint of `held` leaves;
// absent if there is none. Blocks while it reads the log from `held` on, which
// is what was appended in the last minute unless the folder is old. DATA_LOSS
// if the log is damaged there; errors of the store.
absl::StatusOr<absl::optional<uint64_t>> FindMissingChange(
    const audit::LogReader& log, const std::vector<Peer>& peers,
    const Peer& peer, uint64_t held, uint64_t size);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_MISSING_CHANGE_H_
