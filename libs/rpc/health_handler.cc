// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/health_handler.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpc/health/v1/health.pb.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using State = HealthCheckResponse::ServingStatus;

State StateOf(bool serving) {
  return serving ? HealthCheckResponse::SERVING
                 : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

// One Watch. Writes the newest state, one message at a time; states that come
// and go while a message is in flight are skipped, as the contract allows.
class HealthHandler::Watcher final
    : public std::enable_shared_from_this<Watcher> {
 public:
  explicit Watcher(std::shared_ptr<StreamWriter> writer)
      : writer_(std::move(writer)) {}

  // `version` orders what is told by two threads at once.
  void Tell(State state, uint64_t version) {
    {
      MutexLock lock(&mu_);
      if (version < version_) return;
      version_ = version;
      newest_ = state;
      if (writing_ || over_.has_value()) return;
      if (told_ == state) return;
      writing_ = true;
      told_ = state;
    }
    Write(state);
  }

  // The peer went away or the server drains.
  void End(absl::Status why) {
    {
      MutexLock lock(&mu_);
      if (over_.has_value()) return;
      over_ = why;
      if (writing_) return;  // Written() finishes it.
    }
    writer_->Finish(std::move(why));
  }

 private:
  void Write(State state) {
    auto response = std::make_unique<HealthCheckResponse>();
    response->set_status(state);
    writer_->Write(std::move(response),
                   [self = shared_from_this()](bool ok) { self->Written(ok); });
  }

  void Written(bool ok) {
    std::optional<State> next;
    std::optional<absl::Status> over;
    {
      MutexLock lock(&mu_);
      writing_ = false;
      if (over_.has_value()) {
        over = over_;
      } else if (ok && told_ != newest_) {
        writing_ = true;
        told_ = newest_;
        next = newest_;
      }
    }
    if (over.has_value()) writer_->Finish(*std::move(over));
    if (next.has_value()) Write(*next);
  }

  const std::shared_ptr<StreamWriter> writer_;
  Mutex mu_;
  uint64_t version_ ABSL_GUARDED_BY(mu_) = 0;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<absl::Status> over_ ABSL_GUARDED_BY(mu_);
  State newest_ ABSL_GUARDED_BY(mu_) = HealthCheckResponse::UNKNOWN;
  std::optional<State> told_ ABSL_GUARDED_BY(mu_);
};

HealthHandler::HealthHandler(std::set<std::string> services)
    : services_(std::move(services)) {}

HealthHandler::~HealthHandler() = default;

bool HealthHandler::Has(const std::string& service) const {
  return service.empty() || services_.count(service) > 0;
}

void HealthHandler::SetServing(bool serving) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  uint64_t version = 0;
  {
    MutexLock lock(&mu_);
    serving_ = serving;
    version = ++version_;
    watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const auto& watcher : watchers) watcher->Tell(StateOf(serving), version);
}

void HealthHandler::HandleUnary(IncomingCall call, UnaryDone done) {
  const auto* request =
      static_cast<const HealthCheckRequest*>(call.request.get());
  if (request == nullptr) {
    done(FieldError("request", "must be a HealthCheckRequest"), nullptr);
    return;
  }
  if (!Has(request->service())) {
    done(MakeError(absl::StatusCode::kNotFound, kNotFound,
                   "this server has no such service"),
         nullptr);
    return;
  }
  auto response = std::make_unique<HealthCheckResponse>();
  {
    MutexLock lock(&mu_);
    response->set_status(StateOf(serving_));
  }
  done(absl::OkStatus(), std::move(response));
}

void HealthHandler::HandleStream(IncomingCall call,
                                 std::shared_ptr<StreamWriter> writer) {
  const auto* request =
      static_cast<const HealthCheckRequest*>(call.request.get());
  if (request == nullptr) {
    writer->Finish(FieldError("request", "must be a HealthCheckRequest"));
    return;
  }
  auto watcher = std::make_shared<Watcher>(writer);
  State state = HealthCheckResponse::SERVICE_UNKNOWN;
  uint64_t version = 0;
  if (Has(request->service())) {
    MutexLock lock(&mu_);
    state = StateOf(serving_);
    version = version_;
    watchers_.insert(watcher);
  }
  watcher->Tell(state, version);
  writer->OnCancel([this, watcher](absl::Status why) {
    {
      MutexLock lock(&mu_);
      watchers_.erase(watcher);
    }
    watcher->End(std::move(why));
  });
}

}  // namespace keyward::rpc
