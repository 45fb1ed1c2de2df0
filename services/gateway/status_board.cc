// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/status_board.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/mutex.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/process_standing.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"

namespace keyward::gateway {

StatusBoard::StatusBoard(Options options, rpc::AuditLog* audit_log,
                         const Clock* clock)
    : options_(std::move(options)),
      audit_log_(audit_log),
      clock_(clock),
      others_(options_.services.size()),
      thread_([this] { Loop(); }) {}

StatusBoard::~StatusBoard() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

void StatusBoard::Add(const std::string& name, const Seen& seen,
                      operators::v1::GetStatusResponse* response) {
  operators::v1::ServiceStatus* service = response->add_services();
  service->set_service(name);
  service->set_serving(seen.status.ok());
  service->set_detail(std::string(seen.status.message()));
  if (!seen.standing.has_value()) return;
  service->set_memory_locked(seen.standing->memory_locked);
  service->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(seen.standing->start_time));
}

void StatusBoard::Fill(operators::v1::GetStatusResponse* response) const {
  MutexLock lock(&mu_);
  response->set_installation_id(installation_.id);
  response->set_incarnation(installation_.incarnation);
  response->set_version(options_.version);
  response->set_audit_size(log_state_.size);
  response->set_open_intents(log_state_.open_intents);
  Add("gateway", Seen{absl::OkStatus(), options_.standing()}, response);
  Add("store", store_, response);
  for (size_t i = 0; i < others_.size(); ++i) {
    Add(options_.services[i].name, others_[i], response);
  }
  Add("audit", audit_, response);
}

StatusBoard::Seen StatusBoard::See(absl::Status status,
                                   const AskStanding& ask_standing,
                                   SteadyTime deadline) {
  Seen seen{std::move(status), absl::nullopt};
  absl::StatusOr<rpc::Standing> standing = ask_standing(deadline);
  // An older release does not know the question, and one that is configured
  // to refuse it does not answer it: neither serves the less for that.
  if (!standing.ok()) return seen;
  // It knows better than a question that was refused.
  if (!standing->serving) {
    seen.status = absl::UnavailableError(standing->waiting_for);
  }
  seen.standing = *std::move(standing);
  return seen;
}

void StatusBoard::AskNow() {
  // Each service has one deadline for both questions: a hung one must not hold
  // up what is known of the others any longer.
  SteadyTime deadline = clock_->SteadyNow() + kAskTime;
  const absl::StatusOr<rpc::LogState> state = audit_log_->GetLogState(deadline);
  Seen audit = See(state.status(), options_.ask_audit_standing, deadline);
  deadline = clock_->SteadyNow() + kAskTime;
  absl::StatusOr<Installation> installation = options_.ask_store(deadline);
  Seen store =
      See(installation.status(), options_.ask_store_standing, deadline);
  std::vector<Seen> others;
  for (const Service& service : options_.services) {
    deadline = clock_->SteadyNow() + kAskTime;
    others.push_back(
        See(service.ask(deadline), service.ask_standing, deadline));
  }
  MutexLock lock(&mu_);
  audit_ = std::move(audit);
  store_ = std::move(store);
  // What was last known stays: a log does not shrink.
  if (state.ok()) log_state_ = *state;
  if (installation.ok()) installation_ = *std::move(installation);
  others_ = std::move(others);
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
