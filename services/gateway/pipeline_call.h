// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What every call of the access pipeline has in common: who calls, what for,
// the decision, the record, and the one answer.
//
//   authenticate -> rate -> validate -> decide -> (the kind of call) -> answer
//
// A call of each kind (read, change, batch, stream) continues from
// Authorized(). Nothing leaves and nothing changes on another path (P1).

#ifndef KEYWARD_SERVICES_GATEWAY_PIPELINE_CALL_H_
#define KEYWARD_SERVICES_GATEWAY_PIPELINE_CALL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/auth/credential.h"
#include "libs/base/clock.h"
#include "libs/base/keyed_quota.h"
#include "libs/base/lanes.h"
#include "libs/base/log.h"
#include "libs/base/log_budget.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/random.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/incoming_call.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "services/gateway/call_quota.h"
#include "services/gateway/call_registry.h"
#include "services/gateway/caller_authenticator.h"
#include "services/gateway/credential_watch.h"
#include "services/gateway/method_table.h"
#include "services/gateway/policy_view.h"
#include "services/gateway/recorded_limiter.h"
#include "services/gateway/refusal_recorder.h"

namespace keyward::gateway {

class LocalMethods;

// What the calls share. Everything must outlive every call.
struct PipelineParts {
  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  const Logger* log = nullptr;
  LogBudget* log_budget = nullptr;
  const MethodTable* methods = nullptr;
  CallerAuthenticator* authenticator = nullptr;
  RecordedLimiter* limiter = nullptr;
  RecordedLimiter* denial_limiter = nullptr;
  CallQuota* call_quota = nullptr;
  RecordedLimiter* call_limiter = nullptr;
  KeyedQuota* stream_quota = nullptr;
  Lanes* policy_changes = nullptr;
  CredentialWatch* credential_watch = nullptr;
  RefusalRecorder* refusals = nullptr;
  PolicyView* view = nullptr;
  CallRegistry* registry = nullptr;
  LocalMethods* local = nullptr;

  rpc::AuditLog* audit_log = nullptr;
  rpc::AuditFeed* audit_feed = nullptr;
  rpc::SecretEventFeed* event_feed = nullptr;
  rpc::Owner* store = nullptr;
  rpc::Owner* policy = nullptr;
  rpc::Owner* audit = nullptr;

  // How many streams are open.
  mutable std::atomic<size_t> streams{0};

  rpc::Owner* OwnerOf(MethodOwner owner) const;
};

// The decision on one request, or on one element of a batch.
struct RequestDecision {
  bool allowed = false;
  // The action and the resource that the record shows: of the check that
  // failed, or of the first.
  std::string action;
  std::string resource;
  std::string rule;
};

// One call. It keeps itself alive through the callbacks that it waits for;
// thread-safe in that those may come on any thread, one step at a time.
class PipelineCall : public Expirable,
                     public std::enable_shared_from_this<PipelineCall> {
 public:
  // How often a call starts again at its decision because the policy moved on
  // under it. More than this in one deadline is not a policy that changes but
  // a fault.
  static constexpr int kMaxRestarts = 64;

  // How much of its time, but never more than a quarter, a read keeps for its
  // record.
  static constexpr absl::Duration kRecordTime = absl::Seconds(1);

  PipelineCall(const PipelineParts* parts, const MethodRule* rule,
               rpc::IncomingCall call);
  // Wipes the request's sensitive fields.
  ~PipelineCall() override;
  PipelineCall(const PipelineCall&) = delete;
  PipelineCall& operator=(const PipelineCall&) = delete;

  // Runs the call. Once.
  void Start();

 protected:
  // The kind's own part. `snapshot` has allowed everything that Resolve asks.
  virtual void Authorized(SnapshotPtr snapshot) = 0;
  // The one answer, given by Answer once.
  virtual void Deliver(absl::Status status,
                       std::unique_ptr<google::protobuf::Message> response) = 0;
  // Forgets what was fetched under a decision that no longer counts.
  virtual void Forget() {}
  // How many of the principal's tokens the call takes; its names must be
  // counted before anything else is done for them.
  virtual double Cost() const { return 1; }
  // Whether there is room for the call; answers if there is not.
  virtual bool Admit() { return true; }
  // What must be authorized; empty for kinds that decide element by element.
  // INVALID_ARGUMENT is recorded and answered.
  virtual absl::Status Resolve();
  // Step 2, for the first time: calls Decide, now or when it is this call's
  // turn.
  virtual void Begin() { Decide(); }
  // Decides what Resolve found.
  virtual RequestDecision DecideUnder(const policy::PolicySnapshot& snapshot);

  // Takes a place among the calls that the principal has open, with room for
  // the request, until the transport is done with the call; refuses if there is
  // none.
  bool TakePlace();
  // Whether the place has room for the answer. If not, the principal's refusals
  // are on record, and this is what to answer.
  absl::Status RoomFor(const google::protobuf::Message& response);

  // Step 2, again if need be: waits for the snapshot in force, decides, and
  // goes on to Authorized or to a denial on record.
  void Decide();
  // Starts again at step 2, or gives up if that was too often.
  void Restart();

  // Makes `entries` durable, at exactly `fenced` if set, and then runs
  // `accepted`. Instead: starts again if the fence is another one; answers
  // UNAVAILABLE if audit could not (nothing leaves without a record).
  void Record(std::vector<audit::v1::AuditEntry> entries,
              std::optional<uint64_t> fenced,
              absl::AnyInvocable<void(rpc::AppendResult)> accepted);
  // The same for one: a list of one would be a copy of it.
  void Record(audit::v1::AuditEntry entry, std::optional<uint64_t> fenced,
              absl::AnyInvocable<void(rpc::AppendResult)> accepted);

  // The deadline has passed: UNAVAILABLE now, whatever a peer does later.
  void Expire() override;

  // Gives the one answer, unless the deadline already has: the one place where
  // an error leaves, as OutsideStatus lets it.
  void Answer(absl::Status status,
              std::unique_ptr<google::protobuf::Message> response = nullptr);
  bool answered() const { return answered_.load(std::memory_order_acquire); }

  // What the caller is told of an error, with the rest of it in the log. For
  // errors that leave inside of an answer; Answer does it for its own.
  absl::Status ForCaller(const absl::Status& status) const;

  // Whether one target is allowed under the snapshot.
  RequestDecision DecideTarget(const policy::PolicySnapshot& snapshot,
                               const Target& target) const;
  // The same of one name, for what has no record of its own.
  bool Allows(const policy::PolicySnapshot& snapshot, absl::string_view action,
              const ResourceName& resource) const;
  // Why an allowed request cannot even be sent to its owner: the method is not
  // built yet, or the project does not exist or takes nothing new. The failure
  // is on record like any other.
  absl::Status CheckBeforeOwner(const policy::PolicySnapshot& snapshot) const;
  // The error for a caller who was refused: names the action, and nothing of
  // anyone's rules.
  static absl::Status DeniedError(const RequestDecision& decision);

  // A record with everything that is known by now.
  audit::v1::AuditEntry NewEntry(audit::v1::EntryKind kind) const;
  audit::v1::AuditEntry NewDecisionEntry(audit::v1::EntryKind kind,
                                         const RequestDecision& decision,
                                         uint64_t revision) const;
  // The context of a call to an owner, for what `decision` allowed.
  rpc::CallContext NewContext(const policy::PolicySnapshot& snapshot,
                              const RequestDecision& decision) const;

  // Turns an answer that is no answer to the method into UNAVAILABLE: what a
  // faulty peer sends is not passed on (P8).
  static void CheckAnswer(const MethodRule& rule, rpc::CallResult* result);

  const PipelineParts& parts() const { return *parts_; }
  const MethodRule& rule() const { return *rule_; }
  // False if the bytes did not parse; then there is no request().
  bool has_request() const { return call_.request != nullptr; }
  const google::protobuf::Message& request() const { return *call_.request; }
  const auth::Credential& credential() const { return *credential_; }
  // Under whose rules, or later ones, the credential was verified.
  uint64_t generation() const { return generation_; }
  // Without its bearer tokens, which nobody needs once they are verified.
  const rpc::PeerFacts& peer() const { return call_.peer; }
  const std::vector<Target>& targets() const { return targets_; }
  const RequestDecision& decision() const { return decision_; }
  const std::string& request_id() const { return request_id_; }
  // Before the caller's own deadline, so that the caller sees our answer.
  SteadyTime deadline() const { return deadline_; }
  // Before deadline(), so that an owner that does not answer is still put on
  // record, and the caller told which of the two was away.
  SteadyTime FetchDeadline() const;

  // Whether the principal may be denied `count` names in this call, decided at
  // `revision`; answers if it may not. Every denial costs a record, and who
  // collects them would fill audit's disk. A call that starts again is not
  // charged again. The refusal is itself decided at the fence: it must not
  // meet a caller whose grant has returned (P2).
  bool WithinDenials(double count, uint64_t revision);

 private:
  // Whether the principal's rate allows the call; answers, with the begin of
  // such a time on record, if it does not. With `fenced` only if that revision
  // is in force, and otherwise the call starts again.
  bool WithinRate(RecordedLimiter* limiter, double cost,
                  std::optional<uint64_t> fenced = std::nullopt);
  // Puts a request that failed validation on record, and answers.
  void RefuseInvalid(absl::Status status);
  void Deny(RequestDecision decision, uint64_t revision);
  // RESOURCE_EXHAUSTED for what the principal's open calls hold, on record.
  absl::Status TooMuchOpen();
  // Adds the entry as the log takes it; answers, and is false, if it cannot.
  bool AddLeaf(audit::v1::AuditEntry entry, std::vector<std::string>* leaves);
  void Append(std::vector<std::string> leaves, std::optional<uint64_t> fenced,
              absl::AnyInvocable<void(rpc::AppendResult)> accepted);
  void OnAppended(rpc::AppendResult result,
                  absl::AnyInvocable<void(rpc::AppendResult)> accepted);

  const PipelineParts* const parts_;
  const MethodRule* const rule_;
  rpc::IncomingCall call_;
  const SteadyTime start_;
  const SteadyTime deadline_;
  std::string request_id_;
  std::optional<auth::Credential> credential_;
  uint64_t generation_ = 0;
  std::vector<Target> targets_;
  RequestDecision decision_;
  int restarts_ = 0;
  double denials_charged_ = 0;
  std::shared_ptr<CallQuota::Place> place_;
  std::atomic<bool> answered_{false};
  CallRegistry::Registration registration_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PIPELINE_CALL_H_
