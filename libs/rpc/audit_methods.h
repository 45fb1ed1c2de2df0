// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The methods of AuditLogService that append: what stands behind
// RemoteAuditLog.

#ifndef KEYWARD_LIBS_RPC_AUDIT_METHODS_H_
#define KEYWARD_LIBS_RPC_AUDIT_METHODS_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/internal_service.h"

namespace keyward::rpc {

// The newest checkpoint and the proof that it extends the tree of `old_size`
// entries. May block until the deadline.
using CheckpointSource = std::function<absl::StatusOr<CheckpointAnswer>(
    uint64_t old_size, SteadyTime deadline)>;

// Adds Append, RaiseFence, GetLogState and GetCheckpoint. Append gives each
// item to `log`, all at once, and answers when all have ended; a batch that
// breaks a bound (256 records and 768 KiB in all, ids that differ) is
// INVALID_ARGUMENT and none of it is appended. The others block, so they run on
// `pool`; when that is full a call is UNAVAILABLE. All pointers outlive the
// methods.
void AddAuditMethods(AuditLog* log, CheckpointSource checkpoints,
                     ThreadPool* pool, const Clock* clock,
                     InternalMethods* methods);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_AUDIT_METHODS_H_
