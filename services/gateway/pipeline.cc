// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/pipeline.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/policy/public_actions.h"
#include "services/gateway/stream_call.h"
#include "services/gateway/unary_call.h"

namespace keyward::gateway {
namespace {

using google::protobuf::ServiceDescriptor;

absl::Status NotServed() {
  return MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                   "no such method");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Create(
    const PipelineDependencies& dependencies, const PipelineOptions& options,
    StatusSource status) {
  const std::vector<const ServiceDescriptor*> services =
      policy::PublicServices();
  absl::StatusOr<std::unique_ptr<MethodTable>> methods =
      MethodTable::Create(services);
  if (!methods.ok()) return methods.status();
  std::unique_ptr<Pipeline> pipeline(new Pipeline(
      dependencies, options, std::move(status), *std::move(methods)));
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodRule* rule = pipeline->methods_->Find(service->method(i));
      if (service->method(i)->server_streaming() &&
          MakeOpener(&pipeline->parts_, rule) == nullptr) {
        return absl::FailedPreconditionError(
            absl::StrCat("stream ", rule->name, " has no source"));
      }
    }
  }
  pipeline->Tick();
  return pipeline;
}

Pipeline::Pipeline(const PipelineDependencies& dependencies,
                   const PipelineOptions& options, StatusSource status,
                   std::unique_ptr<MethodTable> methods)
    : timer_(dependencies.timer),
      methods_(std::move(methods)),
      options_(options),
      random_(dependencies.random),
      limiter_(dependencies.clock, dependencies.audit_log, options.rate_limits,
               "calls"),
      denial_limiter_(dependencies.clock, dependencies.audit_log,
                      options.denial_limits, "denied calls"),
      call_quota_(options.call_limits),
      call_limiter_(dependencies.clock, dependencies.audit_log,
                    options.rate_limits, "calls at once"),
      stream_quota_(options.max_streams_of_principal),
      refusals_(dependencies.clock, dependencies.audit_log),
      local_(dependencies.clock, std::move(status)) {
  parts_.clock = dependencies.clock;
  parts_.random = &random_;
  parts_.log = dependencies.log;
  parts_.log_budget = &log_budget_;
  parts_.methods = methods_.get();
  parts_.authenticator = dependencies.authenticator;
  parts_.limiter = &limiter_;
  parts_.denial_limiter = &denial_limiter_;
  parts_.call_quota = &call_quota_;
  parts_.call_limiter = &call_limiter_;
  parts_.stream_quota = &stream_quota_;
  parts_.policy_changes = &policy_changes_;
  parts_.credential_watch = &credential_watch_;
  parts_.refusals = &refusals_;
  parts_.view = &view_;
  parts_.registry = &registry_;
  parts_.local = &local_;
  parts_.audit_log = dependencies.audit_log;
  parts_.audit_feed = dependencies.audit_feed;
  parts_.event_feed = dependencies.event_feed;
  parts_.store = dependencies.store;
  parts_.policy = dependencies.policy;
  parts_.audit = dependencies.audit;
}

Pipeline::~Pipeline() {
  {
    MutexLock lock(&tick_mu_);
    stopping_ = true;
    if (tick_ != 0 && timer_->Cancel(tick_)) tick_ = 0;
    while (ticking_ || tick_ != 0) {
      tick_done_.WaitFor(&tick_mu_, absl::Seconds(1));
    }
  }
  if (registry_.size() > 0) std::abort();
}

bool Pipeline::AwaitCalls(absl::Duration time) const {
  const SystemClock clock;
  const SteadyTime end = clock.SteadyNow() + time;
  while (registry_.size() > 0) {
    if (clock.SteadyNow() >= end) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

void Pipeline::FlushRecords(absl::Duration time) {
  const SystemClock clock;
  const SteadyTime end = clock.SteadyNow() + time;
  const auto settled = [this] {
    return refusals_.settled() && limiter_.settled() &&
           denial_limiter_.settled() && call_limiter_.settled();
  };
  for (;;) {
    refusals_.FlushAll();
    limiter_.FlushAll();
    denial_limiter_.FlushAll();
    call_limiter_.FlushAll();
    if (settled()) return;
    if (clock.SteadyNow() >= end) break;
    absl::SleepFor(absl::Milliseconds(5));
  }
  parts_.log->Warning(
      "refusals are not on record: the audit log does not take them",
      {{"refusals", refusals_.owed() + limiter_.owed() +
                        denial_limiter_.owed() + call_limiter_.owed()}});
}

void Pipeline::Tick() {
  {
    MutexLock lock(&tick_mu_);
    tick_ = 0;
    if (stopping_) return tick_done_.SignalAll();
    ticking_ = true;
  }
  const SteadyTime now = parts_.clock->SteadyNow();
  registry_.Sweep(now, parts_.clock->Now());
  view_.Sweep(now);
  credential_watch_.Sweep(parts_.authenticator->generation());
  refusals_.Flush();
  limiter_.Flush();
  denial_limiter_.Flush();
  call_limiter_.Flush();
  MutexLock lock(&tick_mu_);
  ticking_ = false;
  if (stopping_) return tick_done_.SignalAll();
  tick_ = timer_->RunAt(now + CallRegistry::kSweepInterval, [this] { Tick(); });
}

void Pipeline::HandleUnary(rpc::IncomingCall call, rpc::UnaryDone done) {
  const MethodRule* rule = methods_->Find(call.method);
  if (rule == nullptr || rule->method->server_streaming()) {
    return done(NotServed(), nullptr);
  }
  std::shared_ptr<PipelineCall> run;
  if (rule->repeated()) {
    run = std::make_shared<BatchCall>(&parts_, rule, std::move(call),
                                      std::move(done));
  } else if (rule->change) {
    run = std::make_shared<ChangeCall>(&parts_, rule, std::move(call),
                                       std::move(done));
  } else {
    run = std::make_shared<ReadCall>(&parts_, rule, std::move(call),
                                     std::move(done));
  }
  run->Start();
}

void Pipeline::HandleStream(rpc::IncomingCall call,
                            std::shared_ptr<rpc::StreamWriter> writer) {
  const MethodRule* rule = methods_->Find(call.method);
  if (rule == nullptr || !rule->method->server_streaming()) {
    return writer->Finish(NotServed());
  }
  if (parts_.streams.fetch_add(1) >= options_.max_streams) {
    parts_.streams.fetch_sub(1);
    const absl::Status refused =
        MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                  "too many streams are open on this gateway");
    OnRefused(call.peer, call.method, refused);
    return writer->Finish(refused);
  }
  auto run = std::make_shared<StreamCall>(&parts_, rule, std::move(call),
                                          std::move(writer),
                                          MakeOpener(&parts_, rule));
  run->Start();
}

void Pipeline::OnRefused(const rpc::PeerFacts& peer,
                         const google::protobuf::MethodDescriptor* method,
                         const absl::Status& status) {
  // Without randomness the record has no id.
  const absl::StatusOr<std::string> id = crypto::NewUuid(*parts_.random);
  refusals_.Record(peer, id.value_or(""),
                   method == nullptr ? "" : method->full_name(), status);
}

}  // namespace keyward::gateway
