// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The methods of internal services that run an owner: what stands behind
// RemoteOwner, RemoteOwnerControl and RemoteProjectPurger.

#ifndef KEYWARD_LIBS_RPC_OWNER_METHODS_H_
#define KEYWARD_LIBS_RPC_OWNER_METHODS_H_

#include <cstddef>

#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/project_purger.h"

namespace keyward::rpc {

// Of one Execute (internal/call/v1).
inline constexpr int kMaxBatchCalls = 256;
inline constexpr size_t kMaxBatchBytes = size_t{1} << 20;
// What the answers of one batch may have in all, below what the caller accepts
// (kInnerMaxMessageBytes). A read that finds no room is UNAVAILABLE and fits
// into the next batch; answers of changes, which are small, always have room.
inline constexpr size_t kMaxBatchAnswerBytes = size_t{18} << 20;

// Threads that run the changes of one batch, and what may wait for them.
inline constexpr size_t kChangeThreads = 4;
inline constexpr size_t kChangesWaiting = 256;

// Execute: runs each call of a batch on `owner`, all at once, and answers when
// all have ended. INVALID_ARGUMENT for the batch, with none of it run, if it
// breaks a bound, if a call is malformed, or if two have the same id. All
// pointers outlive the method.
//
// `changes` is for an owner that syncs on its caller's thread: the changes of a
// batch are then shared out to its threads, so that they meet in one sync
// instead of waiting for one each. Null for an owner that does not.
UnaryMethod ExecuteMethod(const google::protobuf::MethodDescriptor* execute,
                          Owner* owner, const CallMethods* methods,
                          const Clock* clock, ThreadPool* changes);

// Adds GetHeldCheckpoint, HoldCheckpoint, ResolveIntents, RaiseFloor and, where
// the service has it, RaiseFence. They block, so they run on `pool`; when that
// is full a call is UNAVAILABLE. All pointers outlive the methods.
void AddControlMethods(const google::protobuf::ServiceDescriptor* service,
                       OwnerControl* control, ThreadPool* pool,
                       InternalMethods* methods);

// Adds PurgeProject, likewise.
void AddPurgeMethod(ProjectPurger* purger, ThreadPool* pool,
                    InternalMethods* methods);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_OWNER_METHODS_H_
