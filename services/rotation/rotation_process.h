// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_ROTATION_PROCESS_H_
#define KEYWARD_SERVICES_ROTATION_ROTATION_PROCESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rotation {

// The rotation service in a process of its own. It tells whether it runs, and
// rotates nothing yet: the public contract is v1alpha1 and not served.
absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartRotation(
    const config::v1::RotationConfig& config,
    const rpc::ProcessContext& context);

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_ROTATION_PROCESS_H_
