// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/owner_methods.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/blocking_method.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/rpc_status.h"
#include "libs/rpc/sensitive.h"
#include "proto/keyward/internal/call/v1/call.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace call = keyward::internal::call::v1;
namespace wire = keyward::internal::store::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

std::unique_ptr<Message> New(const Descriptor* type) {
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// A batch while its calls run. Freed when the last has answered.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(const MethodDescriptor* execute, UnaryDone done)
      : execute_(execute), done_(std::move(done)) {}

  // Decodes the calls of `request`; an error refuses the batch.
  absl::Status Read(const CallMethods& methods, SteadyTime now,
                    Message* request);

  // `changes` may be null.
  void Run(Owner* owner, ThreadPool* changes);

 private:
  void RunOne(Owner* owner, size_t index);
  // Runs those of shared_ that no other thread has taken.
  void RunShared(Owner* owner);
  void Answer(size_t index, CallResult result);
  void Finish();

  const MethodDescriptor* const execute_;
  UnaryDone done_;
  std::vector<DecodedCall> calls_;
  // The calls that several threads take from, in order. Fixed before they
  // begin.
  std::vector<size_t> shared_;
  std::atomic<size_t> next_shared_{0};
  // Each element is written by the one callback of its call; pending_ orders
  // those writes before Finish.
  std::vector<call::CallResult> answers_;
  std::atomic<size_t> pending_{0};
};

absl::Status Batch::Read(const CallMethods& methods, SteadyTime now,
                         Message* request) {
  const google::protobuf::Reflection* reflection = request->GetReflection();
  const FieldDescriptor* field =
      request->GetDescriptor()->FindFieldByName("calls");
  const int size = reflection->FieldSize(*request, field);
  if (size < 1 || size > kMaxBatchCalls) {
    return FieldError("calls", "must be 1 to 256");
  }
  if (request->ByteSizeLong() > kMaxBatchBytes) {
    return FieldError("calls", "must have at most 1 MiB in all");
  }
  std::set<std::pair<std::string, uint32_t>> ids;
  for (int i = 0; i < size; ++i) {
    absl::StatusOr<DecodedCall> decoded =
        DecodeCall(methods, now,
                   static_cast<call::Call*>(
                       reflection->MutableRepeatedMessage(request, field, i)));
    if (!decoded.ok()) return decoded.status();
    if (!ids.emplace(decoded->context.request_id, decoded->context.element)
             .second) {
      return FieldError("calls.request_id", "must differ between calls");
    }
    calls_.push_back(*std::move(decoded));
  }
  return absl::OkStatus();
}

void Batch::Run(Owner* owner, ThreadPool* changes) {
  answers_.resize(calls_.size());
  pending_ = calls_.size();
  std::vector<size_t> here;
  for (size_t i = 0; i < calls_.size(); ++i) {
    const bool shared = changes != nullptr &&
                        calls_[i].context.intent_id.has_value() &&
                        calls_.size() > 1;
    (shared ? shared_ : here).push_back(i);
  }
  const size_t threads = std::min(shared_.size(), kChangeThreads);
  bool submitted = true;
  for (size_t i = 0; i < threads && submitted; ++i) {
    submitted = changes
                    ->Submit([self = shared_from_this(), owner] {
                      self->RunShared(owner);
                    })
                    .ok();
  }
  for (size_t i : here) RunOne(owner, i);
  // Without any thread the changes wait for one sync each, but are made.
  if (!submitted) RunShared(owner);
}

void Batch::RunShared(Owner* owner) {
  for (size_t next = next_shared_++; next < shared_.size();
       next = next_shared_++) {
    RunOne(owner, shared_[next]);
  }
}

void Batch::RunOne(Owner* owner, size_t index) {
  owner->Execute(calls_[index].context, *calls_[index].request,
                 [self = shared_from_this(), index](CallResult result) {
                   self->Answer(index, std::move(result));
                 });
}

void Batch::Answer(size_t index, CallResult result) {
  DecodedCall& decoded = calls_[index];
  answers_[index] = EncodeCallResult(decoded.context, std::move(result));
  WipeSensitive(decoded.request.get());
  if (pending_.fetch_sub(1) == 1) Finish();
}

void Batch::Finish() {
  std::unique_ptr<Message> response = New(execute_->output_type());
  const google::protobuf::Reflection* reflection = response->GetReflection();
  const FieldDescriptor* field =
      response->GetDescriptor()->FindFieldByName("results");
  size_t used = 0;
  for (const call::CallResult& answer : answers_) {
    if (answer.outcome() != call::OUTCOME_UNSPECIFIED) {
      used += answer.ByteSizeLong();
    }
  }
  for (call::CallResult& answer : answers_) {
    if (answer.outcome() == call::OUTCOME_UNSPECIFIED) {
      const size_t size = answer.ByteSizeLong();
      if (used + size > kMaxBatchAnswerBytes) {
        WipeSensitive(&answer);
        *answer.mutable_status() = ToRpcStatus(
            MakeError(absl::StatusCode::kUnavailable, kQuotaExceeded,
                      "too many large answers at once; ask again"));
      } else {
        used += size;
      }
    }
    auto* added = static_cast<call::CallResult*>(
        reflection->AddMessage(response.get(), field));
    added->Swap(&answer);
  }
  done_(absl::OkStatus(), std::move(response));
}

// Store and policy have the same control messages under their own names, with
// the same bytes: they are read and written as the store's.
template <typename Request>
Request Read(const Message& message) {
  Request request;
  request.ParseFromString(message.SerializeAsString());
  return request;
}

std::unique_ptr<Message> Answered(const MethodDescriptor* method,
                                  const Message& response) {
  std::unique_ptr<Message> answer = New(method->output_type());
  answer->ParseFromString(response.SerializeAsString());
  return answer;
}

using Response = absl::StatusOr<std::unique_ptr<Message>>;

Response RaiseFence(const MethodDescriptor* method, OwnerControl* control,
                    const Message& request, SteadyTime deadline) {
  const absl::StatusOr<uint64_t> fence = control->RaiseFence(
      Read<wire::RaiseFenceRequest>(request).revision(), deadline);
  if (!fence.ok()) return fence.status();
  wire::RaiseFenceResponse response;
  response.set_fence(*fence);
  return Answered(method, response);
}

Response GetHeldCheckpoint(const MethodDescriptor* method,
                           OwnerControl* control, const Message&,
                           SteadyTime deadline) {
  const absl::StatusOr<std::string> checkpoint =
      control->GetHeldCheckpoint(deadline);
  if (!checkpoint.ok()) return checkpoint.status();
  wire::GetHeldCheckpointResponse response;
  response.set_checkpoint(*checkpoint);
  return Answered(method, response);
}

Response HoldCheckpoint(const MethodDescriptor* method, OwnerControl* control,
                        const Message& request, SteadyTime deadline) {
  const auto handed = Read<wire::HoldCheckpointRequest>(request);
  absl::Status held = control->HoldCheckpoint(
      {handed.checkpoint(), handed.verifier_key()}, deadline);
  if (!held.ok()) return held;
  return Answered(method, wire::HoldCheckpointResponse());
}

Response ResolveIntents(const MethodDescriptor* method, OwnerControl* control,
                        const Message& request, SteadyTime deadline) {
  const auto asked = Read<wire::ResolveIntentsRequest>(request);
  if (asked.intent_ids_size() > 256) {
    return FieldError("intent_ids", "must be at most 256");
  }
  const absl::StatusOr<std::vector<IntentResolution>> resolutions =
      control->ResolveIntents(
          {asked.intent_ids().begin(), asked.intent_ids().end()}, deadline);
  if (!resolutions.ok()) return resolutions.status();
  wire::ResolveIntentsResponse response;
  for (const IntentResolution& resolution : *resolutions) {
    call::IntentResolution* added = response.add_resolutions();
    added->set_intent_id(resolution.intent_id);
    added->set_code(resolution.code);
    switch (resolution.outcome) {
      case Outcome::kApplied:
        added->set_outcome(call::OUTCOME_APPLIED);
        break;
      case Outcome::kNotApplied:
        added->set_outcome(call::OUTCOME_NOT_APPLIED);
        break;
      default:
        added->set_outcome(call::OUTCOME_UNKNOWN);
        break;
    }
  }
  return Answered(method, response);
}

Response RaiseFloor(const MethodDescriptor* method, OwnerControl* control,
                    const Message& request, SteadyTime deadline) {
  const absl::StatusOr<uint64_t> floor = control->RaiseFloor(
      Read<wire::RaiseFloorRequest>(request).floor(), deadline);
  if (!floor.ok()) return floor.status();
  wire::RaiseFloorResponse response;
  response.set_floor(*floor);
  return Answered(method, response);
}

}  // namespace

UnaryMethod ExecuteMethod(const MethodDescriptor* execute, Owner* owner,
                          const CallMethods* methods, const Clock* clock,
                          ThreadPool* changes) {
  return [execute, owner, methods, clock, changes](
             std::unique_ptr<Message> request, SteadyTime, UnaryDone done) {
    // Each call keeps its own deadline.
    auto shared_done = std::make_shared<UnaryDone>(std::move(done));
    auto batch = std::make_shared<Batch>(
        execute,
        [shared_done](absl::Status status, std::unique_ptr<Message> response) {
          (*shared_done)(std::move(status), std::move(response));
        });
    absl::Status read =
        batch->Read(*methods, clock->SteadyNow(), request.get());
    WipeSensitive(request.get());
    if (read.ok()) {
      batch->Run(owner, changes);
    } else {
      (*shared_done)(std::move(read), nullptr);
    }
  };
}

void AddControlMethods(const google::protobuf::ServiceDescriptor* service,
                       OwnerControl* control, ThreadPool* pool,
                       InternalMethods* methods) {
  using Run = Response (*)(const MethodDescriptor*, OwnerControl*,
                           const Message&, SteadyTime);
  const std::vector<std::pair<const char*, Run>> runs = {
      {"RaiseFence", RaiseFence},
      {"GetHeldCheckpoint", GetHeldCheckpoint},
      {"HoldCheckpoint", HoldCheckpoint},
      {"ResolveIntents", ResolveIntents},
      {"RaiseFloor", RaiseFloor}};
  for (const auto& entry : runs) {
    const MethodDescriptor* method = service->FindMethodByName(entry.first);
    if (method == nullptr) continue;
    methods->unary[entry.first] =
        BlockingMethod(pool, [method, control, run = entry.second](
                                 const Message& request, SteadyTime deadline) {
          return run(method, control, request, deadline);
        });
  }
}

void AddPurgeMethod(ProjectPurger* purger, ThreadPool* pool,
                    InternalMethods* methods) {
  methods->unary["PurgeProject"] = BlockingMethod(
      pool, [purger](const Message& message, SteadyTime deadline) -> Response {
        const auto& request =
            static_cast<const wire::PurgeProjectRequest&>(message);
        const absl::StatusOr<int64_t> remaining = purger->PurgeProject(
            request.project(), request.project_uid(), deadline);
        if (!remaining.ok()) return remaining.status();
        auto response = std::make_unique<wire::PurgeProjectResponse>();
        response->set_remaining(*remaining);
        return response;
      });
}

}  // namespace keyward::rpc
