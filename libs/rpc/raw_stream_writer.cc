// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/raw_stream_writer.h"

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/rpc/sensitive.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::rpc {
namespace {

absl::Status PeerGone() {
  return MakeError(absl::StatusCode::kCancelled, kCallCancelled,
                   "the caller went away");
}

}  // namespace

std::shared_ptr<RawStreamWriter> RawStreamWriter::New(
    grpc::CallbackServerContext* context, AnswerWatch* answers,
    absl::AnyInvocable<void()> on_done) {
  std::shared_ptr<RawStreamWriter> writer(
      new RawStreamWriter(context, answers, std::move(on_done)));
  writer->self_ = writer;
  return writer;
}

RawStreamWriter::RawStreamWriter(grpc::CallbackServerContext* context,
                                 AnswerWatch* answers,
                                 absl::AnyInvocable<void()> on_done)
    : context_(context),
      answers_(answers),
      reactor_(this),
      on_done_(std::move(on_done)) {}

void RawStreamWriter::Write(std::unique_ptr<google::protobuf::Message> message,
                            absl::AnyInvocable<void(bool)> done) {
  bool may_write = false;
  {
    MutexLock lock(&mu_);
    may_write = !finished_ && !write_done_;
    if (may_write) write_done_ = std::move(done);
  }
  // No one else touches buffer_ between a write's start and its end.
  if (may_write) buffer_ = SerializeToWipedBuffer(*message);
  WipeSensitive(message.get());
  if (may_write) {
    reactor_.StartWrite(&buffer_);
  } else {
    done(false);
  }
}

void RawStreamWriter::Abort() {
  // The context is there: OnDone comes after Finish, and Finish after this.
  context_->TryCancel();
}

void RawStreamWriter::Finish(absl::Status status) {
  {
    MutexLock lock(&mu_);
    if (finished_) return;
    finished_ = true;
  }
  end_ = answers_->Add(context_->c_call());
  reactor_.Finish(ToGrpcStatus(status));
}

void RawStreamWriter::OnCancel(
    absl::AnyInvocable<void(absl::Status)> cancelled) {
  absl::Status why;
  {
    MutexLock lock(&mu_);
    if (!cancelled_.has_value()) {
      on_cancel_ = std::move(cancelled);
      return;
    }
    why = *cancelled_;
  }
  cancelled(std::move(why));
}

void RawStreamWriter::Cancel(absl::Status why) {
  absl::AnyInvocable<void(absl::Status)> cancelled;
  {
    MutexLock lock(&mu_);
    if (cancelled_.has_value()) return;
    cancelled_ = why;
    cancelled = std::move(on_cancel_);
    on_cancel_ = nullptr;
  }
  if (cancelled) cancelled(std::move(why));
}

void RawStreamWriter::Reactor::OnCancel() { writer_->Cancel(PeerGone()); }

void RawStreamWriter::Written(bool ok) {
  buffer_.Clear();
  absl::AnyInvocable<void(bool)> done;
  {
    MutexLock lock(&mu_);
    done = std::move(write_done_);
    write_done_ = nullptr;
  }
  if (done) done(ok);
}

void RawStreamWriter::Done() {
  answers_->Remove(end_);
  // The handler's callbacks often hold this writer: letting go of them breaks
  // the circle.
  absl::AnyInvocable<void(absl::Status)> on_cancel;
  {
    MutexLock lock(&mu_);
    if (!cancelled_.has_value()) cancelled_ = PeerGone();
    on_cancel = std::move(on_cancel_);
    on_cancel_ = nullptr;
  }
  const std::shared_ptr<RawStreamWriter> self = std::move(self_);
  on_done_();
}

}  // namespace keyward::rpc
