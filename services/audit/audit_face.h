// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Audit's face to the other services: the methods of
// keyward.internal.audit.v1.AuditLogService over a core.

#ifndef KEYWARD_SERVICES_AUDIT_AUDIT_FACE_H_
#define KEYWARD_SERVICES_AUDIT_AUDIT_FACE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/process_standing.h"
#include "services/audit/audit_core.h"

namespace keyward::audit_service {

const google::protobuf::ServiceDescriptor* AuditLogService();

// The public methods that audit's Execute takes.
absl::StatusOr<std::unique_ptr<rpc::CallMethods>> AuditCallMethods();

// Every method of AuditLogService. All pointers outlive the methods.
rpc::InternalMethods AuditLogMethods(AuditCore* core,
                                     const rpc::CallMethods* methods,
                                     ThreadPool* pool, const Clock* clock,
                                     const rpc::ProcessStanding* standing);

// Who calls what in the development trust domain.
rpc::InternalCallers AuditCallers();

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_AUDIT_FACE_H_
