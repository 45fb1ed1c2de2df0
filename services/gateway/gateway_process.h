// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_GATEWAY_GATEWAY_PROCESS_H_
#define KEYWARD_SERVICES_GATEWAY_GATEWAY_PROCESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::gateway {

// The gateway in a process of its own: the access pipeline over store, policy
// and audit in other processes. It listens at once, answers UNAVAILABLE until
// it has the policy in force, and keeps no state.
absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartGateway(
    const config::v1::GatewayConfig& config,
    const rpc::ProcessContext& context);

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_GATEWAY_PROCESS_H_
