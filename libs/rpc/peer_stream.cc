// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_stream.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"
#include "grpcpp/support/status.h"
#include "libs/base/error.h"
#include "libs/base/mutex.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::rpc {

// The gRPC call. Holds itself until OnDone, like every reactor; the stream
// holds it to ask for more and to cancel.
class PeerStream::Call final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Call(Peer peer, const google::protobuf::MethodDescriptor* method,
       absl::Duration max_silence, const Clock* clock, Timer* timer)
      : peer_(std::move(peer)),
        method_(method),
        max_silence_(max_silence),
        clock_(clock),
        timer_(timer),
        stub_(peer_.channel->Get()) {}

  void Start(const Message& request, std::shared_ptr<Call> self) {
    weak_ = self;
    self_ = std::move(self);
    request_ = SerializeToWipedBuffer(request);
    // gRPC's generic stub has no server streams; on the wire they are the same
    // as two-way streams whose client has said its last word.
    const std::string path = absl::StrCat("/", method_->service()->full_name(),
                                          "/", method_->name());
    stub_.PrepareBidiStreamingCall(&context_, path, grpc::StubOptions(), this);
    // OnDone waits until this is given back: reads start from other threads.
    AddHold();
    StartWriteLast(&request_, grpc::WriteOptions());
    StartCall();
  }

  void Next(Done done) {
    bool over = false;
    bool may_read = false;
    {
      MutexLock lock(&mu_);
      over = over_.has_value();
      // Without the hold gRPC may be gone already; OnDone then answers.
      may_read = !over && !released_;
      if (!over) {
        waiting_ = std::move(done);
        Arm();
      }
    }
    if (over) done(Over());
    if (may_read) StartRead(&message_);
  }

  // OnDone then answers whoever waits.
  void Cancel() { context_.TryCancel(); }

  // The stream's owner is gone.
  void Abandon() {
    Done dropped;
    {
      MutexLock lock(&mu_);
      dropped = std::move(waiting_);
      waiting_ = nullptr;
      Disarm();
    }
    context_.TryCancel();
    ReleaseHold();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      // OnDone says why, once the hold is gone.
      ReleaseHold();
      return;
    }
    std::unique_ptr<Message> message(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(method_->output_type())
            ->New());
    const bool parsed = ParseAndWipe(message_, message.get());
    message_.Clear();
    if (!parsed) {
      context_.TryCancel();
      Deliver(absl::InternalError("a message does not parse"));
      return;
    }
    Deliver(std::move(message));
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Call> self = std::move(self_);
    absl::Status cause = FromGrpcStatus(status);
    if (cause.ok()) cause = absl::UnavailableError("the peer ended the stream");
    {
      MutexLock lock(&mu_);
      if (!over_.has_value()) over_ = cause;
    }
    Deliver(std::move(cause));
  }

 private:
  // Gives back the hold of Start, once.
  void ReleaseHold() {
    {
      MutexLock lock(&mu_);
      if (released_) return;
      released_ = true;
    }
    RemoveHold();
  }

  void Arm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (max_silence_ == absl::InfiniteDuration()) return;
    alarm_ = timer_->RunAt(clock_->SteadyNow() + max_silence_, [weak = weak_] {
      if (const std::shared_ptr<Call> call = weak.lock()) {
        call->context_.TryCancel();
        call->Deliver(absl::DeadlineExceededError("the peer fell silent"));
      }
    });
  }

  void Disarm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (alarm_ != 0) timer_->Cancel(alarm_);
    alarm_ = 0;
  }

  // Answers whoever waits. An error ends the stream.
  void Deliver(absl::StatusOr<std::unique_ptr<Message>> next) {
    Done done;
    absl::Status cause = next.status();
    {
      MutexLock lock(&mu_);
      Disarm();
      if (!next.ok() && !over_.has_value()) over_ = cause;
      done = std::move(waiting_);
      waiting_ = nullptr;
    }
    if (!done) return;
    if (!cause.ok()) {
      if (peer_.on_failure) peer_.on_failure(cause);
      next = Over();
    }
    done(std::move(next));
  }

  // What is told of the end.
  absl::Status Over() {
    MutexLock lock(&mu_);
    const bool about_request =
        over_->code() == absl::StatusCode::kInvalidArgument ||
        over_->code() == absl::StatusCode::kFailedPrecondition;
    return about_request && !ErrorReason(*over_).empty() ? *over_
                                                         : PeerAway(peer_);
  }

  const Peer peer_;
  const google::protobuf::MethodDescriptor* const method_;
  const absl::Duration max_silence_;
  const Clock* const clock_;
  Timer* const timer_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  // gRPC's while a read is in flight.
  grpc::ByteBuffer message_;
  std::shared_ptr<Call> self_;
  // The same, for callbacks that do not keep the call; not changed after Start.
  std::weak_ptr<Call> weak_;

  Mutex mu_;
  bool released_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<absl::Status> over_ ABSL_GUARDED_BY(mu_);
  Done waiting_ ABSL_GUARDED_BY(mu_);
  Timer::Id alarm_ ABSL_GUARDED_BY(mu_) = 0;
};

PeerStream::PeerStream(Peer peer,
                       const google::protobuf::MethodDescriptor* method,
                       const Message& request, absl::Duration max_silence,
                       const Clock* clock, Timer* timer,
                       const std::shared_ptr<PeerStreams>& streams)
    : call_(std::make_shared<Call>(std::move(peer), method, max_silence, clock,
                                   timer)) {
  call_->Start(request, call_);
  streams->Add(call_);
}

PeerStream::~PeerStream() { call_->Abandon(); }

void PeerStream::Next(Done done) { call_->Next(std::move(done)); }

void PeerStreams::Add(const std::shared_ptr<PeerStream::Call>& call) {
  MutexLock lock(&mu_);
  // Those that are over go when others come, so that they never pile up.
  calls_.erase(std::remove_if(calls_.begin(), calls_.end(),
                              [](const auto& each) { return each.expired(); }),
               calls_.end());
  calls_.push_back(call);
}

void PeerStreams::EndAll() {
  std::vector<std::weak_ptr<PeerStream::Call>> calls;
  {
    MutexLock lock(&mu_);
    calls.swap(calls_);
  }
  for (const auto& each : calls) {
    if (const auto call = each.lock()) call->Cancel();
  }
}

}  // namespace keyward::rpc
