// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REMOTE_OWNER_H_
#define KEYWARD_LIBS_RPC_REMOTE_OWNER_H_

#include <memory>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/timer.h"
#include "libs/rpc/call.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/coalescing_client.h"
#include "libs/rpc/execute_transport.h"
#include "libs/rpc/peer_caller.h"

namespace keyward::rpc {

// An owner in another process: store, policy or audit behind their internal
// Execute. Calls travel in batches (libs/rpc/coalescing_client.h).
//
// A call that never left this process is UNAVAILABLE with the peer's reason
// and, if it is a change, kNotApplied: certainly nothing happened. One that
// left and got no valid answer in time is UNAVAILABLE and, if a change,
// kUnknown with the reason OUTCOME_UNKNOWN.
//
// Thread-safe.
class RemoteOwner final : public Owner {
 public:
  // `execute` is the internal service's method Execute. What is passed by
  // pointer, and the peer's channel, outlives the object.
  RemoteOwner(Peer peer, const google::protobuf::MethodDescriptor* execute,
              const CallMethods* methods, const Clock* clock, Timer* timer);

  // Answers every call that is open, and every later one at once.
  void Close() { client_.Close(); }

  void Execute(const CallContext& context,
               const google::protobuf::Message& request,
               CallDone done) override;

 private:
  const CallMethods* const methods_;
  CoalescingClient<ExecuteTraits> client_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REMOTE_OWNER_H_
