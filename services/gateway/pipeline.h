// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The access pipeline: one way for every method of every public contract.
// See pipeline_call.h for what happens on it.

#ifndef KEYWARD_SERVICES_GATEWAY_PIPELINE_H_
#define KEYWARD_SERVICES_GATEWAY_PIPELINE_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/keyed_quota.h"
#include "libs/base/lanes.h"
#include "libs/base/log.h"
#include "libs/base/log_budget.h"
#include "libs/base/mutex.h"
#include "libs/base/timer.h"
#include "libs/crypto/buffered_random.h"
#include "libs/crypto/random.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/incoming_call.h"
#include "services/gateway/call_quota.h"
#include "services/gateway/call_registry.h"
#include "services/gateway/caller_authenticator.h"
#include "services/gateway/credential_watch.h"
#include "services/gateway/local_methods.h"
#include "services/gateway/method_table.h"
#include "services/gateway/pipeline_call.h"
#include "services/gateway/policy_view.h"
#include "services/gateway/rate_limiter.h"
#include "services/gateway/recorded_limiter.h"
#include "services/gateway/refusal_recorder.h"

namespace keyward::gateway {

// What a pipeline is built on. All must outlive it.
struct PipelineDependencies {
  const Clock* clock = nullptr;
  Timer* timer = nullptr;
  crypto::RandomSource* random = nullptr;
  const Logger* log = nullptr;
  CallerAuthenticator* authenticator = nullptr;
  rpc::AuditLog* audit_log = nullptr;
  rpc::AuditFeed* audit_feed = nullptr;
  rpc::SecretEventFeed* event_feed = nullptr;
  rpc::Owner* store = nullptr;
  rpc::Owner* policy = nullptr;
  rpc::Owner* audit = nullptr;
};

struct PipelineOptions {
  RateLimits rate_limits;
  // Denials of an authenticated caller that are put on record one by one.
  RateLimits denial_limits = {20, 100, 65536};
  // What unary calls hold at once.
  CallLimits call_limits;
  // Streams that may be open at once, of all principals and of one; more are
  // RESOURCE_EXHAUSTED. The first is also what each owner takes of a gateway.
  size_t max_streams = rpc::kMaxGatewayStreams;
  size_t max_streams_of_principal = 256;
};

// Thread-safe. Calls that are under way keep using it, some for a moment after
// their caller has its answer: destroy it only after the transport has finished
// all of them and AwaitCalls has seen the last one go.
class Pipeline : public rpc::CallHandler {
 public:
  // FAILED_PRECONDITION if a method's access option does not compile, or a
  // stream has no source: the gateway then refuses to start.
  static absl::StatusOr<std::unique_ptr<Pipeline>> Create(
      const PipelineDependencies& dependencies, const PipelineOptions& options,
      StatusSource status);

  // Stops the sweeping. Ends the process if calls are still under way: they
  // would go on in freed memory.
  ~Pipeline() override;

  void HandleUnary(rpc::IncomingCall call, rpc::UnaryDone done) override;
  void HandleStream(rpc::IncomingCall call,
                    std::shared_ptr<rpc::StreamWriter> writer) override;

  void OnRefused(const rpc::PeerFacts& peer,
                 const google::protobuf::MethodDescriptor* method,
                 const absl::Status& status) override;

  // Where snapshots and fences arrive.
  PolicyView& view() { return view_; }
  const MethodTable& methods() const { return *methods_; }
  // Waits until no call or stream is under way, `time` at most. False if some
  // still are. Blocks.
  bool AwaitCalls(absl::Duration time) const;
  // Puts on record which refusals have none of their own, and that times of
  // refusals end: what is done now and then, for the last time. Waits for it,
  // `time` at most, and says in the log what could not be recorded. Blocks.
  void FlushRecords(absl::Duration time);

 private:
  Pipeline(const PipelineDependencies& dependencies,
           const PipelineOptions& options, StatusSource status,
           std::unique_ptr<MethodTable> methods);

  // While a service is away every call fails.
  static constexpr int kLinesPerSecond = 20;

  // Ends what is past its deadline, and arms itself again.
  void Tick();

  Timer* const timer_;
  const std::unique_ptr<MethodTable> methods_;
  const PipelineOptions options_;
  // For the ids of requests.
  crypto::BufferedRandom random_;
  CallRegistry registry_;
  PolicyView view_;
  RecordedLimiter limiter_;
  RecordedLimiter denial_limiter_;
  CallQuota call_quota_;
  RecordedLimiter call_limiter_;
  KeyedQuota stream_quota_;
  Lanes policy_changes_;
  CredentialWatch credential_watch_;
  RefusalRecorder refusals_;
  LogBudget log_budget_{kLinesPerSecond};
  LocalMethods local_;
  PipelineParts parts_;

  Mutex tick_mu_;
  CondVar tick_done_;
  bool stopping_ ABSL_GUARDED_BY(tick_mu_) = false;
  bool ticking_ ABSL_GUARDED_BY(tick_mu_) = false;
  Timer::Id tick_ ABSL_GUARDED_BY(tick_mu_) = 0;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PIPELINE_H_
