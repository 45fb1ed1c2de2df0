// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/pipeline_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/base/proto_time.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/sensitive.h"
#include "services/gateway/audit_item.h"
#include "services/gateway/outside_status.h"

namespace keyward::gateway {
namespace {

using audit::v1::AuditEntry;
using google::protobuf::Message;

// The call ends this much before its caller's deadline, so that the caller is
// told UNAVAILABLE, and why, instead of giving up by itself: a tenth of the
// time it gave, but time enough for a sweep and an answer, and never so much
// that a long deadline is wasted.
constexpr absl::Duration kLeastMargin = absl::Milliseconds(30);
constexpr absl::Duration kGreatestMargin = absl::Milliseconds(250);

SteadyTime OwnDeadline(SteadyTime now, SteadyTime callers) {
  if (callers == SteadyTime::InfiniteFuture()) return callers;
  const absl::Duration margin =
      std::clamp((callers - now) / 10, kLeastMargin, kGreatestMargin);
  return callers - margin;
}

absl::Status Unavailable(absl::string_view reason, absl::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, reason, message);
}

// A refusal by a limiter, which is withdrawn unless it is confirmed.
class GivenRefusal {
 public:
  // `call` keeps what the limiter belongs to.
  GivenRefusal(std::shared_ptr<PipelineCall> call, RecordedLimiter* limiter,
               std::string principal, RateLimiter::Verdict verdict)
      : call_(std::move(call)),
        limiter_(limiter),
        principal_(std::move(principal)),
        verdict_(verdict) {}
  GivenRefusal(const GivenRefusal&) = delete;
  GivenRefusal& operator=(const GivenRefusal&) = delete;
  ~GivenRefusal() {
    if (!confirmed_) limiter_->Withdraw(principal_, verdict_);
  }
  void Confirm() { confirmed_ = true; }

 private:
  const std::shared_ptr<PipelineCall> call_;
  RecordedLimiter* const limiter_;
  const std::string principal_;
  const RateLimiter::Verdict verdict_;
  bool confirmed_ = false;
};

}  // namespace

rpc::Owner* PipelineParts::OwnerOf(MethodOwner owner) const {
  switch (owner) {
    case MethodOwner::kStore:
      return store;
    case MethodOwner::kPolicy:
      return policy;
    case MethodOwner::kAudit:
      return audit;
    case MethodOwner::kGateway:
      return nullptr;
  }
  return nullptr;
}

PipelineCall::PipelineCall(const PipelineParts* parts, const MethodRule* rule,
                           rpc::IncomingCall call)
    : parts_(parts),
      rule_(rule),
      call_(std::move(call)),
      start_(parts->clock->SteadyNow()),
      deadline_(OwnDeadline(start_, call_.deadline)) {}

PipelineCall::~PipelineCall() {
  if (call_.request != nullptr) rpc::WipeSensitive(call_.request.get());
}

void PipelineCall::Start() {
  registration_ = parts_->registry->Add(weak_from_this(), deadline_);
  absl::StatusOr<std::string> id = crypto::NewUuid(*parts_->random);
  if (!id.ok()) {
    // Without randomness no id, and no nonce either: refuse (P8).
    const absl::Status refused =
        Unavailable(kStoreUnavailable, "no randomness");
    parts_->refusals->Record(call_.peer, "", rule_->name, refused);
    return Answer(refused);
  }
  request_id_ = *std::move(id);
  generation_ = parts_->authenticator->generation();
  absl::StatusOr<auth::Credential> credential =
      parts_->authenticator->Authenticate(call_.peer);
  // A stream may last for hours, and a token must not (P5).
  for (std::string& token : call_.peer.authorization) {
    crypto::WipeString(&token);
  }
  call_.peer.authorization.clear();
  if (!credential.ok()) {
    parts_->refusals->Record(call_.peer, request_id_, rule_->name,
                             credential.status());
    return Answer(credential.status());
  }
  credential_ = *std::move(credential);
  // What did not count is not kept for as long as a stream lasts, nor may it
  // count later, when somebody asks for the credential again.
  if (credential_->method() != auth::AuthenticationMethod::kForwarded) {
    call_.peer.forwarded_client_cert.clear();
    call_.peer.forwarded_client_cert.shrink_to_fit();
  }
  KEYWARD_FAULT_POINT("gateway.call.authenticated");
  if (!WithinRate(parts_->limiter, Cost()) || !Admit()) return;
  if (call_.request == nullptr) {
    return RefuseInvalid(
        MakeError(absl::StatusCode::kInvalidArgument, kMalformedRequest,
                  absl::StrCat("the request is no ",
                               rule_->method->input_type()->full_name(),
                               ", or a text in it is not UTF-8")));
  }
  if (absl::Status resolved = Resolve(); !resolved.ok()) {
    return RefuseInvalid(std::move(resolved));
  }
  Begin();
}

bool PipelineCall::TakePlace() {
  place_ = parts_->call_quota->Take(credential_->principal().ToString());
  const bool fits =
      place_ != nullptr &&
      (call_.request == nullptr || place_->Add(request().ByteSizeLong()));
  if (!fits) {
    Answer(TooMuchOpen());
    return false;
  }
  if (call_.keep_until_sent) call_.keep_until_sent(place_);
  return true;
}

absl::Status PipelineCall::RoomFor(const Message& response) {
  if (place_ == nullptr || place_->Add(response.ByteSizeLong())) {
    return absl::OkStatus();
  }
  return TooMuchOpen();
}

absl::Status PipelineCall::TooMuchOpen() {
  parts_->call_limiter->Refused(credential_->principal().ToString());
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                "too many calls of this principal are open, or their answers "
                "are not read"),
      absl::Seconds(1));
}

bool PipelineCall::WithinDenials(double count, uint64_t revision) {
  const double owed = count - denials_charged_;
  if (owed <= 0) return true;
  if (!WithinRate(parts_->denial_limiter, owed, revision)) {
    return false;
  }
  denials_charged_ = count;
  return true;
}

bool PipelineCall::WithinRate(RecordedLimiter* limiter, double cost,
                              std::optional<uint64_t> fenced) {
  const std::string& principal = credential_->principal().ToString();
  const RateLimiter::Verdict verdict = limiter->Take(principal, cost);
  if (verdict.allowed) return true;
  const absl::Status refused = WithRetryAfter(
      MakeError(
          absl::StatusCode::kResourceExhausted, kQuotaExceeded,
          absl::StrCat("too many ", limiter->what(), " by this principal")),
      verdict.retry_after);
  if (!verdict.refusals_begin && !fenced.has_value()) {
    Answer(refused);
    return false;
  }
  // Audit may fail, another revision be in force, or the callback be dropped:
  // then the refusal is not given, and its record is the next one's to make.
  auto given = std::make_shared<GivenRefusal>(shared_from_this(), limiter,
                                              principal, verdict);
  auto answer = [this, given, refused](rpc::AppendResult) {
    given->Confirm();
    Answer(refused);
  };
  std::vector<AuditEntry> begin;
  if (verdict.refusals_begin) {
    begin.push_back(NewEntry(audit::v1::ENTRY_KIND_REFUSALS));
    begin.back().set_code(
        static_cast<int>(absl::StatusCode::kResourceExhausted));
    begin.back().set_detail(
        absl::StrCat("refusals for too many ", limiter->what(), " begin"));
  }
  if (!fenced.has_value()) {
    Record(std::move(begin), std::nullopt, std::move(answer));
  } else {
    // The record is no decision: the check comes before it, by itself.
    Record(std::vector<AuditEntry>(), fenced,
           [this, begin = std::move(begin),
            answer = std::move(answer)](rpc::AppendResult checked) mutable {
             if (begin.empty()) return answer(std::move(checked));
             Record(std::move(begin), std::nullopt, std::move(answer));
           });
  }
  return false;
}

void PipelineCall::RefuseInvalid(absl::Status status) {
  // The resource stays empty: people paste secrets where names belong.
  AuditEntry entry = NewEntry(audit::v1::ENTRY_KIND_INVALID);
  entry.set_code(static_cast<int>(status.code()));
  Record({std::move(entry)}, std::nullopt,
         [this, status = std::move(status)](rpc::AppendResult) mutable {
           Answer(std::move(status));
         });
}

absl::Status PipelineCall::Resolve() {
  absl::StatusOr<std::vector<Target>> targets = rule_->Resolve(request());
  if (!targets.ok()) return targets.status();
  targets_ = *std::move(targets);
  return absl::OkStatus();
}

void PipelineCall::Decide() {
  parts_->view->WhenReady(
      deadline_, [self = shared_from_this()](SnapshotPtr snapshot) {
        if (self->answered()) return;
        if (snapshot == nullptr) {
          return self->Answer(Unavailable(
              kPolicyUnavailable,
              "this gateway does not have the policy that is in force"));
        }
        RequestDecision decision = self->DecideUnder(*snapshot);
        if (!decision.allowed) {
          return self->Deny(std::move(decision), snapshot->revision());
        }
        self->decision_ = std::move(decision);
        KEYWARD_FAULT_POINT("gateway.call.decided");
        self->Authorized(std::move(snapshot));
      });
}

RequestDecision PipelineCall::DecideUnder(
    const policy::PolicySnapshot& snapshot) {
  RequestDecision first;
  for (const Target& target : targets_) {
    RequestDecision decision = DecideTarget(snapshot, target);
    if (!decision.allowed) return decision;
    if (first.resource.empty()) first = std::move(decision);
  }
  return first;
}

RequestDecision PipelineCall::DecideTarget(
    const policy::PolicySnapshot& snapshot, const Target& target) const {
  RequestDecision result;
  result.action = target.action;
  result.resource = target.resource.ToString();
  if (target.kind == access::v1::KIND_SELF) {
    result.allowed = true;
    result.rule = "self";
    return result;
  }
  const absl::Time now = parts_->clock->Now();
  const policy::Caller caller{credential_->principal().ToString(),
                              credential_->id()};
  if (target.kind == access::v1::KIND_COLLECTION) {
    // Only whether anything below might be shown; each item is decided by
    // itself before it is.
    result.allowed = snapshot.HoldsAnywhereUnder(caller, target.action,
                                                 target.resource, now);
    result.rule = result.allowed ? "item by item" : "";
    return result;
  }
  policy::Decision decision =
      snapshot.Decide(caller, target.action, target.resource, now);
  result.allowed = decision.allowed;
  result.rule = std::move(decision.rule);
  return result;
}

bool PipelineCall::Allows(const policy::PolicySnapshot& snapshot,
                          absl::string_view action,
                          const ResourceName& resource) const {
  const policy::Caller caller{credential_->principal().ToString(),
                              credential_->id()};
  return snapshot.Decide(caller, action, resource, parts_->clock->Now())
      .allowed;
}

absl::Status PipelineCall::DeniedError(const RequestDecision& decision) {
  return MakeError(
      absl::StatusCode::kPermissionDenied, kPermissionDenied,
      absl::StrCat("missing ", decision.action, " on ", decision.resource),
      {{"action", decision.action}, {"resource", decision.resource}});
}

absl::Status PipelineCall::CheckBeforeOwner(
    const policy::PolicySnapshot& snapshot) const {
  if (!rule_->not_implemented.empty()) {
    return MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                     rule_->not_implemented);
  }
  // Projects are policy's own; everybody else's resources need theirs to be.
  if (rule_->owner == MethodOwner::kPolicy) return absl::OkStatus();
  for (const Target& target : targets_) {
    if (target.kind == access::v1::KIND_SELF) continue;
    absl::Status status = snapshot.CheckProject(
        target.resource, target.kind == access::v1::KIND_PARENT);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void PipelineCall::Deny(RequestDecision decision, uint64_t revision) {
  if (!WithinDenials(1, revision)) return;
  AuditEntry entry =
      NewDecisionEntry(audit::v1::ENTRY_KIND_DENIAL, decision, revision);
  entry.set_code(static_cast<int>(absl::StatusCode::kPermissionDenied));
  KEYWARD_FAULT_POINT("gateway.denial.before_record");
  // Fenced like an allow: a grant that has returned is never denied (P2).
  Record({std::move(entry)}, revision,
         [this, decision = std::move(decision)](rpc::AppendResult) {
           KEYWARD_FAULT_POINT("gateway.denial.recorded");
           Answer(DeniedError(decision));
         });
}

void PipelineCall::Restart() {
  Forget();
  if (answered()) return;
  if (++restarts_ > kMaxRestarts) {
    return Answer(Unavailable(kPolicyUnavailable,
                              "the policy changes faster than it can be read"));
  }
  Decide();
}

void PipelineCall::Record(
    std::vector<AuditEntry> entries, std::optional<uint64_t> fenced,
    absl::AnyInvocable<void(rpc::AppendResult)> accepted) {
  std::vector<std::string> leaves;
  leaves.reserve(entries.size());
  for (AuditEntry& entry : entries) {
    if (!AddLeaf(std::move(entry), &leaves)) return;
  }
  Append(std::move(leaves), fenced, std::move(accepted));
}

void PipelineCall::Record(
    AuditEntry entry, std::optional<uint64_t> fenced,
    absl::AnyInvocable<void(rpc::AppendResult)> accepted) {
  std::vector<std::string> leaves;
  if (!AddLeaf(std::move(entry), &leaves)) return;
  Append(std::move(leaves), fenced, std::move(accepted));
}

bool PipelineCall::AddLeaf(AuditEntry entry, std::vector<std::string>* leaves) {
  absl::StatusOr<std::string> leaf = audit::SerializeEntry(std::move(entry));
  // What cannot be put on record does not happen.
  if (!leaf.ok()) {
    Forget();
    Answer(Unavailable(kAuditUnavailable, leaf.status().message()));
    return false;
  }
  leaves->push_back(*std::move(leaf));
  return true;
}

void PipelineCall::Append(
    std::vector<std::string> leaves, std::optional<uint64_t> fenced,
    absl::AnyInvocable<void(rpc::AppendResult)> accepted) {
  rpc::AppendItem item;
  item.entries = std::move(leaves);
  item.fenced_revision = fenced;
  item.deadline =
      std::min(deadline_, parts_->clock->SteadyNow() + absl::Seconds(60));
  parts_->audit_log->Append(
      std::move(item),
      [self = shared_from_this(),
       accepted = std::move(accepted)](rpc::AppendResult result) mutable {
        self->OnAppended(std::move(result), std::move(accepted));
      });
}

void PipelineCall::OnAppended(
    rpc::AppendResult result,
    absl::AnyInvocable<void(rpc::AppendResult)> accepted) {
  if (result.fence != 0) parts_->view->OnFence(result.fence);
  switch (result.status) {
    case rpc::AppendStatus::kAccepted:
      return accepted(std::move(result));
    case rpc::AppendStatus::kFence:
      // What the attempt has taken is given back before the next takes it.
      accepted = nullptr;
      return Restart();
    // No answer to a decision, which closes nothing: it is not on record.
    case rpc::AppendStatus::kIntentClosed:
    case rpc::AppendStatus::kFailed:
    case rpc::AppendStatus::kUnknown:
      break;
  }
  Forget();
  absl::Status error = std::move(result.error);
  // An audit that answers garbage refuses too (P8).
  if (error.ok() || error.code() == absl::StatusCode::kInvalidArgument) {
    error = Unavailable(kAuditUnavailable, "the audit log did not take it");
  }
  Answer(std::move(error));
}

SteadyTime PipelineCall::FetchDeadline() const {
  const SteadyTime now = parts_->clock->SteadyNow();
  return deadline_ - std::min(kRecordTime, (deadline_ - now) / 4);
}

void PipelineCall::Answer(absl::Status status,
                          std::unique_ptr<Message> response) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) {
    if (response != nullptr) rpc::WipeSensitive(response.get());
    return;
  }
  KEYWARD_FAULT_POINT("gateway.call.before_answer");
  Deliver(ForCaller(status), std::move(response));
}

absl::Status PipelineCall::ForCaller(const absl::Status& status) const {
  if (HidesFromCallers(status)) {
    const auto left_out =
        parts_->log_budget->Take(absl::ToUnixSeconds(parts_->clock->Now()));
    if (left_out.has_value()) {
      parts_->log->Warning("a call failed", {{"request_id", request_id_},
                                             {"method", rule_->name},
                                             {"error", status},
                                             {"left_out", *left_out}});
    }
  }
  return OutsideStatus(status, request_id_);
}

void PipelineCall::Expire() {
  Answer(Unavailable(kDeadlineTooShort,
                     "the deadline passed before the call was done"));
}

AuditEntry PipelineCall::NewEntry(audit::v1::EntryKind kind) const {
  AuditEntry entry = audit::TakeEntry();
  *entry.mutable_time() = ToTimestamp(parts_->clock->Now());
  *entry.mutable_duration() =
      ToProtoDuration(parts_->clock->SteadyNow() - start_);
  entry.set_kind(kind);
  entry.set_request_id(request_id_);
  entry.set_method(rule_->name);
  entry.set_peer(call_.peer.peer);
  entry.set_user_agent(call_.peer.user_agent);
  if (credential_.has_value()) {
    entry.set_principal(credential_->principal().ToString());
    entry.set_authentication(
        std::string(auth::AuthenticationMethodName(credential_->method())));
    entry.set_credential_id(credential_->id());
    entry.set_forwarded_by(credential_->forwarded_by());
  }
  return entry;
}

AuditEntry PipelineCall::NewDecisionEntry(audit::v1::EntryKind kind,
                                          const RequestDecision& decision,
                                          uint64_t revision) const {
  AuditEntry entry = NewEntry(kind);
  entry.set_action(decision.action);
  entry.set_resource(decision.resource);
  entry.set_decision(decision.allowed ? audit::v1::DECISION_ALLOW
                                      : audit::v1::DECISION_DENY);
  entry.set_rule(decision.rule);
  entry.set_policy_revision(revision);
  return entry;
}

void PipelineCall::CheckAnswer(const MethodRule& rule,
                               rpc::CallResult* result) {
  if (!result->status.ok()) return;
  if (result->response != nullptr &&
      result->response->GetDescriptor() == rule.method->output_type()) {
    return;
  }
  if (result->response != nullptr) rpc::WipeSensitive(result->response.get());
  result->response.reset();
  result->status =
      Unavailable(kResponseMismatch, "the owning service answered nonsense");
  if (result->outcome != rpc::Outcome::kNone) {
    result->outcome = rpc::Outcome::kUnknown;
  }
}

rpc::CallContext PipelineCall::NewContext(
    const policy::PolicySnapshot& snapshot,
    const RequestDecision& decision) const {
  rpc::CallContext context;
  context.request_id = request_id_;
  context.method = rule_->name;
  context.principal = credential_->principal().ToString();
  context.credential_id = credential_->id();
  context.resource = decision.resource;
  // Of an element of a batch it is no target of the call's.
  if (!targets_.empty() &&
      targets_[0].resource.ToString() == decision.resource) {
    context.project_uid = snapshot.ProjectUid(targets_[0].resource);
  } else if (absl::StatusOr<ResourceName> name =
                 ResourceName::Parse(decision.resource);
             name.ok()) {
    context.project_uid = snapshot.ProjectUid(*name);
  }
  context.policy_revision = snapshot.revision();
  context.deadline = deadline_;
  return context;
}

}  // namespace keyward::gateway
