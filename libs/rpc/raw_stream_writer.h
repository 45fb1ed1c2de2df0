// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_RAW_STREAM_WRITER_H_
#define KEYWARD_LIBS_RPC_RAW_STREAM_WRITER_H_

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "libs/base/mutex.h"
#include "libs/rpc/answer_watch.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

// One server stream of a RawService. It holds itself while gRPC may call it,
// that is, until its reactor's OnDone; a handler that keeps it longer reaches
// a stream that is over.
//
// Thread-safe. Callbacks run on gRPC's threads and without a lock.
class RawStreamWriter final
    : public StreamWriter,
      public std::enable_shared_from_this<RawStreamWriter> {
 public:
  // `on_done` is called once, when gRPC is done with the stream; the context,
  // which is the call's, lives until then. `answers` gives the stream's end up
  // if the peer does not read it; it outlives the server.
  static std::shared_ptr<RawStreamWriter> New(
      grpc::CallbackServerContext* context, AnswerWatch* answers,
      absl::AnyInvocable<void()> on_done);

  // What gRPC is given. Valid until OnDone.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* reactor() { return &reactor_; }

  // Tells the handler that the stream is over, and why, unless it was told
  // before.
  void Cancel(absl::Status why);

  // StreamWriter. The message's sensitive fields are wiped in any case.
  void Write(std::unique_ptr<google::protobuf::Message> message,
             absl::AnyInvocable<void(bool)> done) override;
  void Abort() override;
  void Finish(absl::Status status) override;
  void OnCancel(absl::AnyInvocable<void(absl::Status)> cancelled) override;

 private:
  class Reactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
   public:
    explicit Reactor(RawStreamWriter* writer) : writer_(writer) {}
    void OnWriteDone(bool ok) override { writer_->Written(ok); }
    void OnCancel() override;
    void OnDone() override { writer_->Done(); }

   private:
    RawStreamWriter* const writer_;
  };

  RawStreamWriter(grpc::CallbackServerContext* context, AnswerWatch* answers,
                  absl::AnyInvocable<void()> on_done);

  void Written(bool ok);
  void Done();

  grpc::CallbackServerContext* const context_;
  AnswerWatch* const answers_;
  Reactor reactor_;
  absl::AnyInvocable<void()> on_done_;
  std::shared_ptr<RawStreamWriter> self_;

  Mutex mu_;
  // Set once the stream is over.
  std::optional<absl::Status> cancelled_ ABSL_GUARDED_BY(mu_);
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  // Set while a write is in flight; buffer_ is then gRPC's to read.
  absl::AnyInvocable<void(bool)> write_done_ ABSL_GUARDED_BY(mu_);
  absl::AnyInvocable<void(absl::Status)> on_cancel_ ABSL_GUARDED_BY(mu_);
  // Set by Finish, before gRPC can be done.
  AnswerWatch::Place end_;
  grpc::ByteBuffer buffer_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_RAW_STREAM_WRITER_H_
