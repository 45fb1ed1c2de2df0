// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/watch_load.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/status.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/status_conversion.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "tests/bench/load_options.h"
#include "tests/bench/request_source.h"
#include "tests/bench/tally.h"

namespace keyward::bench {
namespace {

constexpr char kProject[] = "projects/default";
constexpr char kWatchMethod[] =
    "/keyward.secrets.v1.SecretService/WatchSecrets";
constexpr char kListMethod[] = "/keyward.secrets.v1.SecretService/ListSecrets";

grpc::ByteBuffer Serialized(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Parse(const grpc::ByteBuffer& bytes,
           google::protobuf::MessageLite* message) {
  grpc::ByteBuffer copy(bytes);
  grpc::ProtoBufferReader reader(&copy);
  return message->ParseFromZeroCopyStream(&reader);
}

}  // namespace

// What an operation of the queue ends.
class WatchLoad::Completion {
 public:
  virtual ~Completion() = default;
  virtual void Completed(bool ok) = 0;
};

// One watch, with one operation under way at a time.
class WatchLoad::Stream final : public Completion {
 public:
  Stream(WatchLoad* load, const std::shared_ptr<grpc::Channel>& channel,
         grpc::ByteBuffer request)
      : load_(load), stub_(channel), request_(std::move(request)) {
    stream_ = stub_.PrepareCall(&context_, kWatchMethod, &load_->queue_);
    stream_->StartCall(this);
  }

  void Cancel() { context_.TryCancel(); }
  // Its request is on the way; it may still be refused.
  bool opened() const { return state_ == kReading; }

  void Completed(bool ok) override {
    if (state_ == kFinishing) {
      return load_->Ended(rpc::FromGrpcStatus(status_));
    }
    if (!ok) {
      state_ = kFinishing;
      return stream_->Finish(&status_, this);
    }
    if (state_ == kStarting) {
      state_ = kWriting;
      return stream_->WriteLast(request_, grpc::WriteOptions(), this);
    }
    if (state_ == kReading) load_->Arrived(answer_);
    state_ = kReading;
    stream_->Read(&answer_, this);
  }

 private:
  enum State { kStarting, kWriting, kReading, kFinishing };

  WatchLoad* const load_;
  grpc::GenericStub stub_;
  const grpc::ByteBuffer request_;
  State state_ = kStarting;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

// One call in flight: a change, and the streams that have not told of it yet.
class WatchLoad::Change final : public Completion {
 public:
  Change(WatchLoad* load, size_t slot,
         const std::shared_ptr<grpc::Channel>& channel)
      : load_(load), slot_(slot), stub_(channel) {}

  void Begin() {
    grpc::ByteBuffer request;
    load_->source_->Next(slot_, &request);
    reader_.reset();
    context_.emplace();
    context_->set_deadline(rpc::GrpcDeadline(kCallTime));
    answered_ = false;
    awaited_ = load_->options_.streams;
    begun_ = load_->clock_->SteadyNow();
    reader_ = stub_.PrepareUnaryCall(&*context_, load_->source_->method(),
                                     request, &load_->queue_);
    reader_->StartCall();
    reader_->Finish(&answer_, &status_, this);
    ++load_->open_calls_;
  }

  void Completed(bool /*ok*/) override {
    --load_->open_calls_;
    answered_ = true;
    // No stream will tell of a change that was not made.
    if (!status_.ok()) {
      load_->tally_.Failed(rpc::FromGrpcStatus(status_));
      awaited_ = 0;
    }
    GoOn();
  }

  void Arrived() {
    if (awaited_ == 0) return;
    --awaited_;
    load_->tally_.Succeeded(load_->clock_->SteadyNow() - begun_);
    GoOn();
  }

 private:
  void GoOn() {
    const bool over = load_->closing_ || load_->phase_->stopped();
    if (answered_ && awaited_ == 0 && !over) Begin();
  }

  WatchLoad* const load_;
  const size_t slot_;
  grpc::GenericStub stub_;
  SteadyTime begun_;
  bool answered_ = false;
  size_t awaited_ = 0;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
};

WatchLoad::WatchLoad(const Options& options,
                     std::vector<std::shared_ptr<grpc::Channel>> channels,
                     std::unique_ptr<RequestSource> source, const Phase* phase,
                     const Clock* clock)
    : options_(options),
      channels_(std::move(channels)),
      source_(std::move(source)),
      phase_(phase),
      clock_(clock),
      tally_(phase) {}

WatchLoad::~WatchLoad() {
  Close();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

absl::StatusOr<std::string> WatchLoad::AskPosition() {
  secrets::v1::ListSecretsRequest request;
  request.set_parent(kProject);
  request.set_page_size(1);
  grpc::ClientContext context;
  context.set_deadline(rpc::GrpcDeadline(kCallTime));
  grpc::GenericStub stub(channels_[0]);
  grpc::ByteBuffer answer;
  grpc::Status status;
  const auto reader = stub.PrepareUnaryCall(&context, kListMethod,
                                            Serialized(request), &queue_);
  reader->StartCall();
  reader->Finish(&answer, &status, this);
  void* tag = nullptr;
  bool ok = false;
  queue_.Next(&tag, &ok);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  secrets::v1::ListSecretsResponse response;
  if (!Parse(answer, &response) || response.watch_position().empty()) {
    return absl::DataLossError("a list without a position to watch from");
  }
  return response.watch_position();
}

absl::Status WatchLoad::Open() {
  // From here on nothing is missed, whenever the streams get open.
  absl::StatusOr<std::string> position = AskPosition();
  if (!position.ok()) return position.status();
  secrets::v1::WatchSecretsRequest request;
  request.set_parent(kProject);
  request.set_position(*position);
  open_streams_ = options_.streams;
  for (size_t i = 0; i < options_.streams; ++i) {
    streams_.push_back(std::make_unique<Stream>(
        this, channels_[i % channels_.size()], Serialized(request)));
  }
  for (const std::unique_ptr<Stream>& stream : streams_) {
    while (!stream->opened()) {
      if (!Step()) return absl::DeadlineExceededError("a watch does not open");
      if (counts().failed > 0) return counts().first_failure;
    }
  }
  return absl::OkStatus();
}

void WatchLoad::Run() {
  for (size_t slot = 0; slot < options_.slots; ++slot) {
    changes_.push_back(std::make_unique<Change>(
        this, slot, channels_[slot % channels_.size()]));
    changes_.back()->Begin();
  }
  while (!phase_->stopped()) {
    if (!Step()) {
      tally_.Failed(absl::DeadlineExceededError("changes do not arrive"));
      break;
    }
  }
  Close();
}

bool WatchLoad::Step() {
  void* tag = nullptr;
  bool ok = false;
  const grpc::CompletionQueue::NextStatus next =
      queue_.AsyncNext(&tag, &ok, rpc::GrpcDeadline(kCallTime));
  if (next != grpc::CompletionQueue::GOT_EVENT) return false;
  static_cast<Completion*>(tag)->Completed(ok);
  return true;
}

void WatchLoad::Arrived(const grpc::ByteBuffer& answer) {
  if (closing_) return;
  secrets::v1::WatchSecretsResponse response;
  if (!Parse(answer, &response)) {
    return tally_.Failed(absl::DataLossError("an event does not parse"));
  }
  // Bookmarks only move the position.
  if (response.event().kind() != secrets::v1::SECRET_EVENT_KIND_VERSION_ADDED) {
    return;
  }
  const absl::StatusOr<uint64_t> number = SecretNumber(response.event().name());
  if (!number.ok() || *number < options_.first_secret ||
      *number - options_.first_secret >= changes_.size()) {
    return tally_.Failed(absl::DataLossError("an event of another secret"));
  }
  changes_[*number - options_.first_secret]->Arrived();
}

void WatchLoad::Ended(const absl::Status& status) {
  --open_streams_;
  if (closing_) return;
  tally_.Failed(status.ok() ? absl::UnavailableError("a watch has ended")
                            : status);
}

void WatchLoad::Close() {
  closing_ = true;
  for (const std::unique_ptr<Stream>& stream : streams_) stream->Cancel();
  // What was cancelled ends at once, and calls at their deadline.
  while (open_streams_ + open_calls_ > 0 && Step()) {
  }
}

}  // namespace keyward::bench
