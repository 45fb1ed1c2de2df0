// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_AUDIT_PROCESS_H_
#define KEYWARD_SERVICES_AUDIT_AUDIT_PROCESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::audit_service {

// The audit service in a process of its own: its log, the key that signs it,
// and the server that the other services call. It listens at once, and serves
// when its log extends the checkpoints that store and policy hold. The flag
// `restored` says that the data folder came from a backup.
absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartAudit(
    const config::v1::AuditConfig& config, const rpc::ProcessContext& context);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_AUDIT_PROCESS_H_
