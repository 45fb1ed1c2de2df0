// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The store's face to the other services: the methods of
// keyward.internal.store.v1.StoreService over a core.

#ifndef KEYWARD_SERVICES_STORE_STORE_FACE_H_
#define KEYWARD_SERVICES_STORE_STORE_FACE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/process_standing.h"
#include "services/store/store_core.h"

namespace keyward::store {

const google::protobuf::ServiceDescriptor* StoreService();

// The public methods that the store's Execute takes.
absl::StatusOr<std::unique_ptr<rpc::CallMethods>> StoreCallMethods();

// Every method of StoreService. `control` runs the methods that block, and
// `changes` the changes of a batch (rpc::ExecuteMethod). All pointers outlive
// the methods.
rpc::InternalMethods StoreMethods(StoreCore* core,
                                  const rpc::CallMethods* methods,
                                  ThreadPool* control, ThreadPool* changes,
                                  const Clock* clock,
                                  const rpc::ProcessStanding* standing);

// Who calls what in the development trust domain.
rpc::InternalCallers StoreCallers();

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STORE_FACE_H_
