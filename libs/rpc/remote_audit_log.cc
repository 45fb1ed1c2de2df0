// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/remote_audit_log.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/append_codec.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/batch_transport.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/peer_caller.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::audit::v1;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

const MethodDescriptor* Method(const char* name) {
  return wire::AppendRequest::descriptor()
      ->file()
      ->FindServiceByName("AuditLogService")
      ->FindMethodByName(name);
}

CoalescingOptions Options(const Peer& peer) {
  CoalescingOptions options;
  options.peer = peer.name;
  options.reason = peer.reason;
  options.on_failure = peer.on_failure;
  options.max_units = kMaxBatchEntries;
  options.max_bytes = kMaxBatchEntryBytes;
  return options;
}

class AppendTransport final
    : public BatchTransport<AppendTraits::Item, AppendTraits::Answer> {
 public:
  AppendTransport(Peer peer, const Clock* clock)
      : peer_(std::move(peer)), clock_(clock) {}

  void Send(std::vector<AppendTraits::Item> items, SteadyTime deadline,
            Done done) override {
    wire::AppendRequest request;
    const SteadyTime now = clock_->SteadyNow();
    for (AppendTraits::Item& item : items) {
      const SteadyTime until = item.item.deadline;
      wire::AppendItem* added = request.add_items();
      *added = EncodeAppendItem(item.id, std::move(item.item));
      *added->mutable_remaining() = EncodeRemaining(until - now);
    }
    CallPeer(peer_, Method("Append"), request, deadline,
             [done = std::move(done)](PeerReply reply) mutable {
               done(Unpack(std::move(reply)));
             });
  }

 private:
  static BatchReply<AppendTraits::Answer> Unpack(PeerReply reply) {
    BatchReply<AppendTraits::Answer> batch;
    batch.status = std::move(reply.status);
    batch.sent = reply.sent;
    if (reply.response == nullptr) return batch;
    auto& response = static_cast<wire::AppendResponse&>(*reply.response);
    for (wire::AppendResult& result : *response.mutable_results()) {
      AppendTraits::Answer answer;
      answer.result.Swap(&result);
      answer.fence = response.fence();
      answer.checkpoint = response.checkpoint();
      batch.answers.push_back(std::move(answer));
    }
    return batch;
  }

  const Peer peer_;
  const Clock* const clock_;
};

template <typename Response>
absl::StatusOr<Response> Wait(const Peer& peer, const char* method,
                              const Message& request, SteadyTime deadline) {
  absl::StatusOr<std::unique_ptr<Message>> response =
      CallPeerAndWait(peer, Method(method), request, deadline);
  if (!response.ok()) return response.status();
  return std::move(static_cast<Response&>(**response));
}

}  // namespace

RemoteAuditLog::RemoteAuditLog(Peer peer, const Clock* clock, Timer* timer)
    : peer_(std::move(peer)),
      client_(Options(peer_), std::make_unique<AppendTransport>(peer_, clock),
              clock, timer) {}

void RemoteAuditLog::Append(AppendItem item, AppendDone done) {
  const SteadyTime deadline = item.deadline;
  client_.Submit(AppendTraits::Item{next_id_.fetch_add(1), std::move(item)},
                 deadline,
                 [done = std::move(done)](
                     CoalescingClient<AppendTraits>::Result result) mutable {
                   if (result.delivery == Delivery::kAnswered) {
                     done(DecodeAppendResult(std::move(result.answer.result),
                                             result.answer.fence,
                                             result.answer.checkpoint));
                     return;
                   }
                   AppendResult failed;
                   failed.status = result.delivery == Delivery::kUnsent
                                       ? AppendStatus::kFailed
                                       : AppendStatus::kUnknown;
                   failed.error = std::move(result.error);
                   done(std::move(failed));
                 });
}

absl::StatusOr<uint64_t> RemoteAuditLog::RaiseFence(uint64_t revision,
                                                    SteadyTime deadline) {
  wire::RaiseFenceRequest request;
  request.set_revision(revision);
  const auto response =
      Wait<wire::RaiseFenceResponse>(peer_, "RaiseFence", request, deadline);
  if (!response.ok()) return response.status();
  return response->fence();
}

absl::StatusOr<LogState> RemoteAuditLog::GetLogState(SteadyTime deadline) {
  const auto response = Wait<wire::GetLogStateResponse>(
      peer_, "GetLogState", wire::GetLogStateRequest(), deadline);
  if (!response.ok()) return response.status();
  return LogState{response->fence(), response->size(),
                  response->open_intents()};
}

absl::StatusOr<CheckpointAnswer> RemoteAuditLog::GetCheckpoint(
    uint64_t old_size, SteadyTime deadline) {
  wire::GetCheckpointRequest request;
  request.set_old_size(old_size);
  const auto response = Wait<wire::GetCheckpointResponse>(
      peer_, "GetCheckpoint", request, deadline);
  if (!response.ok()) return response.status();
  return CheckpointAnswer{response->checkpoint(),
                          {response->consistency_proof().begin(),
                           response->consistency_proof().end()},
                          response->verifier_key()};
}

}  // namespace keyward::rpc
