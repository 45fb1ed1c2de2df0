// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_PROCESS_H_
#define KEYWARD_SERVICES_POLICY_POLICY_PROCESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::policy_service {

// The policy service in a process of its own. It tells audit which checkpoint
// it holds from the moment that it is made, and serves the rest once its newest
// revision is in force at store and audit.
//
// With the flag `recover-admin` it makes that principal administrator of
// `system` again instead, and ends: the gateway must be stopped meanwhile, and
// store and audit must run. The flag `restored` says that the data folder came
// from a backup.
absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartPolicy(
    const config::v1::PolicyConfig& config, const rpc::ProcessContext& context);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_PROCESS_H_
