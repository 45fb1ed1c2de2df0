// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Policy's face to the other services: the methods of
// keyward.internal.policy.v1.PolicyInternalService over a core.

#ifndef KEYWARD_SERVICES_POLICY_POLICY_FACE_H_
#define KEYWARD_SERVICES_POLICY_POLICY_FACE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/process_standing.h"
#include "services/policy/policy_core.h"

namespace keyward::policy_service {

const google::protobuf::ServiceDescriptor* PolicyInternalService();

// The public methods that policy's Execute takes.
absl::StatusOr<std::unique_ptr<rpc::CallMethods>> PolicyCallMethods();

// Every method of PolicyInternalService. All pointers outlive the methods.
rpc::InternalMethods PolicyMethods(PolicyCore* core,
                                   const rpc::CallMethods* methods,
                                   ThreadPool* pool, const Clock* clock,
                                   const rpc::ProcessStanding* standing);

// Who calls what in the development trust domain.
rpc::InternalCallers PolicyCallers();

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_FACE_H_
