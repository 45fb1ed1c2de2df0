// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/remote_owner.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/batch_transport.h"
#include "libs/rpc/call.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/coalescing_client.h"
#include "libs/rpc/execute_transport.h"
#include "libs/rpc/peer_caller.h"

namespace keyward::rpc {
namespace {

CoalescingOptions Options(const Peer& peer) {
  CoalescingOptions options;
  options.peer = peer.name;
  options.reason = peer.reason;
  options.on_failure = peer.on_failure;
  return options;
}

// What a call without an answer is told.
CallResult Unanswered(const CallMethods::Method& method, std::string resource,
                      Delivery delivery, absl::Status error) {
  CallResult result;
  result.resource = std::move(resource);
  result.status = std::move(error);
  if (!method.changes) return result;
  result.outcome = Outcome::kNotApplied;
  if (delivery == Delivery::kUnsent) return result;
  result.outcome = Outcome::kUnknown;
  result.status = MakeError(
      absl::StatusCode::kUnavailable, kOutcomeUnknown,
      absl::StrCat(result.status.message(),
                   ": the change may or may not have been made; a retry with "
                   "the same request_id is safe and tells which"));
  return result;
}

}  // namespace

RemoteOwner::RemoteOwner(Peer peer,
                         const google::protobuf::MethodDescriptor* execute,
                         const CallMethods* methods, const Clock* clock,
                         Timer* timer)
    : methods_(methods),
      client_(Options(peer),
              std::make_unique<ExecuteTransport>(peer, execute, clock), clock,
              timer) {}

void RemoteOwner::Execute(const CallContext& context,
                          const google::protobuf::Message& request,
                          CallDone done) {
  const CallMethods::Method* method = methods_->Find(context.method);
  if (method == nullptr) {
    CallResult result;
    result.status = absl::InternalError(
        absl::StrCat(context.method, ": is not this owner's"));
    result.resource = context.resource;
    if (context.intent_id.has_value()) result.outcome = Outcome::kNotApplied;
    done(std::move(result));
    return;
  }
  ExecuteItem item;
  item.call = EncodeCall(context, request);
  item.deadline = context.deadline;
  client_.Submit(std::move(item), context.deadline,
                 [method, resource = context.resource, done = std::move(done)](
                     CoalescingClient<ExecuteTraits>::Result result) mutable {
                   if (result.delivery == Delivery::kAnswered) {
                     done(DecodeCallResult(*method, &result.answer));
                   } else {
                     done(Unanswered(*method, std::move(resource),
                                     result.delivery, std::move(result.error)));
                   }
                 });
}

}  // namespace keyward::rpc
