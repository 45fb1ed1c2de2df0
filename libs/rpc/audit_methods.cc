// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/audit_methods.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/error.h"
#include "libs/rpc/append_codec.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/blocking_method.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_service.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::audit::v1;
using google::protobuf::Message;
using Response = absl::StatusOr<std::unique_ptr<Message>>;

// A batch while its items are appended. Freed when the last has answered.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  explicit Batch(UnaryDone done) : done_(std::move(done)) {}

  absl::Status Read(SteadyTime now, wire::AppendRequest* request);
  void Run(AuditLog* log);
  void Refuse(absl::Status status) { done_(std::move(status), nullptr); }

 private:
  void Answer(size_t index, AppendResult result);
  void Finish();

  UnaryDone done_;
  std::vector<uint64_t> ids_;
  std::vector<AppendItem> items_;
  // Each element is written by the one callback of its item; pending_ orders
  // those writes before Finish.
  std::vector<AppendResult> results_;
  std::atomic<size_t> pending_{0};
};

absl::Status Batch::Read(SteadyTime now, wire::AppendRequest* request) {
  if (request->items().empty() ||
      request->items_size() > static_cast<int>(kMaxBatchEntries)) {
    return FieldError("items", "must be 1 to 256");
  }
  size_t entries = 0;
  size_t bytes = 0;
  std::set<uint64_t> seen;
  for (wire::AppendItem& item : *request->mutable_items()) {
    if (!seen.insert(item.id()).second) {
      return FieldError("items.id", "must differ between items");
    }
    ids_.push_back(item.id());
    absl::StatusOr<AppendItem> decoded = DecodeAppendItem(now, std::move(item));
    if (!decoded.ok()) return decoded.status();
    entries += decoded->entries.size();
    for (const auto& entry : decoded->entries) bytes += entry.size();
    items_.push_back(*std::move(decoded));
  }
  if (entries > kMaxBatchEntries || bytes > kMaxBatchEntryBytes) {
    return FieldError("items", "must have at most 256 entries and 768 KiB");
  }
  return absl::OkStatus();
}

void Batch::Run(AuditLog* log) {
  results_.resize(items_.size());
  pending_ = items_.size();
  std::vector<Appending> appending;
  appending.reserve(items_.size());
  for (size_t i = 0; i < items_.size(); ++i) {
    appending.push_back({std::move(items_[i]),
                         [self = shared_from_this(), i](AppendResult result) {
                           self->Answer(i, std::move(result));
                         }});
  }
  log->AppendAll(std::move(appending));
}

void Batch::Answer(size_t index, AppendResult result) {
  results_[index] = std::move(result);
  if (pending_.fetch_sub(1) == 1) Finish();
}

void Batch::Finish() {
  auto response = std::make_unique<wire::AppendResponse>();
  uint64_t fence = 0;
  const AppendResult* newest = nullptr;
  for (size_t i = 0; i < results_.size(); ++i) {
    const AppendResult& result = results_[i];
    *response->add_results() = EncodeAppendResult(ids_[i], result);
    // A fence never goes down, so the greatest is the newest; and of the
    // checkpoints that over the latest records covers the others'.
    fence = std::max(fence, result.fence);
    if (!result.checkpoint.empty() &&
        (newest == nullptr || newest->first_index < result.first_index)) {
      newest = &result;
    }
  }
  response->set_fence(fence);
  if (newest != nullptr) response->set_checkpoint(newest->checkpoint);
  done_(absl::OkStatus(), std::move(response));
}

Response RaiseFence(AuditLog* log, const Message& request,
                    SteadyTime deadline) {
  const absl::StatusOr<uint64_t> fence = log->RaiseFence(
      static_cast<const wire::RaiseFenceRequest&>(request).revision(),
      deadline);
  if (!fence.ok()) return fence.status();
  auto response = std::make_unique<wire::RaiseFenceResponse>();
  response->set_fence(*fence);
  return response;
}

Response GetLogState(AuditLog* log, SteadyTime deadline) {
  const absl::StatusOr<LogState> state = log->GetLogState(deadline);
  if (!state.ok()) return state.status();
  auto response = std::make_unique<wire::GetLogStateResponse>();
  response->set_fence(state->fence);
  response->set_size(state->size);
  response->set_open_intents(state->open_intents);
  return response;
}

Response GetCheckpoint(const CheckpointSource& checkpoints,
                       const Message& request, SteadyTime deadline) {
  const absl::StatusOr<CheckpointAnswer> answer = checkpoints(
      static_cast<const wire::GetCheckpointRequest&>(request).old_size(),
      deadline);
  if (!answer.ok()) return answer.status();
  auto response = std::make_unique<wire::GetCheckpointResponse>();
  response->set_checkpoint(answer->checkpoint);
  for (const auto& hash : answer->consistency_proof) {
    response->add_consistency_proof(hash);
  }
  response->set_verifier_key(answer->verifier_key);
  return response;
}

}  // namespace

void AddAuditMethods(AuditLog* log, CheckpointSource checkpoints,
                     ThreadPool* pool, const Clock* clock,
                     InternalMethods* methods) {
  methods->unary["Append"] = [log, clock](std::unique_ptr<Message> request,
                                          SteadyTime, UnaryDone done) {
    auto batch = std::make_shared<Batch>(std::move(done));
    absl::Status read = batch->Read(
        clock->SteadyNow(), static_cast<wire::AppendRequest*>(request.get()));
    if (read.ok()) {
      batch->Run(log);
    } else {
      batch->Refuse(std::move(read));
    }
  };
  methods->unary["RaiseFence"] =
      BlockingMethod(pool, [log](const Message& request, SteadyTime deadline) {
        return RaiseFence(log, request, deadline);
      });
  methods->unary["GetLogState"] =
      BlockingMethod(pool, [log](const Message&, SteadyTime deadline) {
        return GetLogState(log, deadline);
      });
  methods->unary["GetCheckpoint"] =
      BlockingMethod(pool, [checkpoints = std::move(checkpoints)](
                               const Message& request, SteadyTime deadline) {
        return GetCheckpoint(checkpoints, request, deadline);
      });
}

}  // namespace keyward::rpc
