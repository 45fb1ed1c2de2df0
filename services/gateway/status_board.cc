// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/status_board.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"

namespace keyward::gateway {
namespace {

void Add(const std::string& name, const absl::Status& status,
         operators::v1::GetStatusResponse* response) {
  operators::v1::ServiceStatus* service = response->add_services();
  service->set_service(name);
  service->set_serving(status.ok());
  service->set_detail(std::string(status.message()));
}

}  // namespace

StatusBoard::StatusBoard(Options options, rpc::AuditLog* audit,
                         const Clock* clock)
    : options_(std::move(options)),
      audit_(audit),
      clock_(clock),
      start_time_(clock->Now()),
      audit_status_(absl::UnavailableError("not asked yet")),
      store_status_(absl::UnavailableError("not asked yet")),
      statuses_(options_.services.size(),
                absl::UnavailableError("not asked yet")),
      thread_([this] { Loop(); }) {}

StatusBoard::~StatusBoard() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

void StatusBoard::Fill(operators::v1::GetStatusResponse* response) const {
  MutexLock lock(&mu_);
  response->set_installation_id(installation_.id);
  response->set_incarnation(installation_.incarnation);
  response->set_version(options_.version);
  response->set_audit_size(log_state_.size);
  response->set_open_intents(log_state_.open_intents);
  Add("gateway", absl::OkStatus(), response);
  operators::v1::ServiceStatus* own = response->mutable_services(0);
  own->set_memory_locked(options_.memory_locked);
  own->mutable_start_time()->set_seconds(absl::ToUnixSeconds(start_time_));
  Add("store", store_status_, response);
  for (size_t i = 0; i < statuses_.size(); ++i) {
    Add(options_.services[i].name, statuses_[i], response);
  }
  Add("audit", audit_status_, response);
}

void StatusBoard::AskNow() {
  const absl::StatusOr<rpc::LogState> state =
      audit_->GetLogState(clock_->Now() + kAskTime);
  absl::StatusOr<Installation> installation =
      options_.ask_store(clock_->Now() + kAskTime);
  std::vector<absl::Status> statuses;
  for (const Service& service : options_.services) {
    statuses.push_back(service.ask(clock_->Now() + kAskTime));
  }
  MutexLock lock(&mu_);
  audit_status_ = state.status();
  store_status_ = installation.status();
  // What was last known stays: a log does not shrink.
  if (state.ok()) log_state_ = *state;
  if (installation.ok()) installation_ = *std::move(installation);
  statuses_ = std::move(statuses);
}

void StatusBoard::Loop() {
  for (;;) {
    AskNow();
    MutexLock lock(&mu_);
    if (!stop_) wake_.WaitFor(&mu_, kPeriod);
    if (stop_) return;
  }
}

}  // namespace keyward::gateway
