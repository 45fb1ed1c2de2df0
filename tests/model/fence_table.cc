// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, properties and settings of the fence's model.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/model/fence_model.h"

namespace keyward::model {
namespace {

using Kind = FenceCall::Kind;

// Rights, a bit each. 0 stands for someone who is always allowed.
constexpr uint8_t kOperator = 0;
constexpr uint8_t kReader = 1;
constexpr uint8_t kWriter = 2;
constexpr uint8_t kAdmin = 4;

constexpr FenceCall Read(uint8_t right, uint8_t gateway, uint8_t audit = 0,
                         int8_t after = -1) {
  return {Kind::kRead, right, gateway, audit, 0, 0, after};
}
constexpr FenceCall Write(uint8_t right, uint8_t gateway, uint8_t value,
                          int8_t after = -1) {
  return {Kind::kWrite, right, gateway, 0, value, 0, after};
}
constexpr FenceCall Revoke(uint8_t revoked, uint8_t right = kOperator,
                           int8_t after = -1) {
  return {Kind::kChange, right, 0, 0, 0, revoked, after};
}
constexpr FenceCall Grant(uint8_t granted, uint8_t right = kOperator,
                          int8_t after = -1) {
  return {Kind::kChange, right, 0, 0, granted, 0, after};
}

// Calls beside one audit process, of which nothing fails but what `fails`.
FenceSetting In(const char* name, uint8_t policy, std::vector<FenceCall> calls,
                void (*fails)(FenceSetting& setting) = nullptr) {
  FenceSetting setting = {};
  setting.setting = {name, false, ""};
  setting.policy = policy;
  setting.audits = 1;
  setting.gateways = 1;
  for (const FenceCall& call : calls) {
    if (call.gateway > 0) setting.gateways = 2;
  }
  setting.calls = std::move(calls);
  if (fails != nullptr) fails(setting);
  return setting;
}

// Small first: a variant's counterexample is the first setting's that has one.
const std::vector<FenceSetting>& Settings() {
  static const auto& settings = *new std::vector<FenceSetting>{
      In("a revocation", kReader,
         {Revoke(kReader), Read(kReader, 0), Read(kReader, 1)},
         [](FenceSetting& in) { in.policy_restarts = in.audit_restarts = 1; }),
      In("a grant", 0, {Grant(kReader), Read(kReader, 0), Read(kReader, 1)},
         [](FenceSetting& in) { in.policy_restarts = in.audit_restarts = 1; }),
      In("a grant and a write", 0,
         {Grant(kReader), Read(kReader, 0), Write(kOperator, 1, 1),
          Read(kReader, 1, 0, 2)}),
      In("a revocation and a write", kWriter,
         {Revoke(kWriter), Write(kWriter, 0, 1), Read(kOperator, 0, 0, 0)}),
      In("writes", kWriter,
         {Revoke(kWriter), Write(kWriter, 0, 1), Read(kWriter, 1),
          Read(kOperator, 1, 0, 2)},
         [](FenceSetting& in) { in.policy_restarts = 1; }),
      In("a refusal by the state", kWriter,
         {Revoke(kWriter),
          {Kind::kCreate, kWriter, 0, 0, 1, 0, -1},
          Write(kOperator, 1, 2, 0)}),
      In("two audit processes", kReader,
         {Revoke(kReader), Read(kReader, 0, 0), Read(kReader, 1, 1)},
         [](FenceSetting& in) {
           in.audits = 2;
           in.audit_restarts = 1;
         }),
      In("a stream", kReader,
         {Revoke(kReader), {Kind::kCheck, kReader, 0, 1, 0, 0, -1}},
         [](FenceSetting& in) { in.audits = 2; }),
      In("two changes", kReader,
         {Revoke(kWriter), Revoke(kReader, kOperator, 0), Read(kReader, 0)}),
      In("a late raise and a read", kReader,
         {Revoke(kWriter), Revoke(kReader, kOperator, 0), Read(kReader, 0)},
         [](FenceSetting& in) { in.late_raises = in.policy_restarts = 1; }),
      In("a late raise and a write", kWriter,
         {Revoke(kAdmin), Revoke(kWriter, kOperator, 0), Write(kWriter, 0, 1),
          Read(kOperator, 0, 0, 1)},
         [](FenceSetting& in) { in.late_raises = 1; }),
      In("two administrators", kAdmin,
         {Revoke(kAdmin), Grant(kReader, kAdmin), Read(kAdmin, 1),
          Read(kReader, 1, 0, 2)}),
      In("a revocation, a grant and writes", kReader,
         {Revoke(kReader), Grant(kReader, kOperator, 0), Write(kOperator, 1, 1),
          Write(kOperator, 1, 2, 2), Read(kReader, 0)}),
      In("a late raise, a read and a write", kReader,
         {Revoke(kWriter), Revoke(kReader, kOperator, 0), Read(kReader, 0),
          Write(kReader, 1, 1)},
         [](FenceSetting& in) {
           in.setting.deep = true;
           in.late_raises = in.policy_restarts = 1;
         }),
      In("two readers through two changes", kReader,
         {Revoke(kReader), Grant(kReader, kOperator, 0), Read(kReader, 0),
          Read(kReader, 1), Write(kOperator, 1, 1)},
         [](FenceSetting& in) { in.setting.deep = true; }),
      In("two audit processes through two changes", kReader,
         {Revoke(kReader), Grant(kReader, kOperator, 0), Read(kReader, 0, 0),
          Read(kReader, 1, 1)},
         [](FenceSetting& in) {
           in.setting.deep = true;
           in.audits = 2;
           in.policy_restarts = 1;
         }),
  };
  return settings;
}

std::string NameOf(uint8_t right) {
  switch (right) {
    case kReader:
      return "the reader";
    case kWriter:
      return "the writer";
    case kAdmin:
      return "the administrator";
    default:
      return "the operator";
  }
}

std::string Describe(const FenceCall& call) {
  const std::string who = NameOf(call.right);
  switch (call.kind) {
    case Kind::kRead:
      return absl::StrCat(who, " reads");
    case Kind::kWrite:
      return absl::StrCat(who, " writes ", call.value);
    case Kind::kCreate:
      return absl::StrCat(who, " writes ", call.value,
                          " if there is no value yet");
    case Kind::kCheck:
      return absl::StrCat(who, " is sent what it watches");
    case Kind::kChange:
      break;
  }
  return call.revokes != 0
             ? absl::StrCat(who, " revokes ", NameOf(call.revokes), "'s right")
             : absl::StrCat(who, " grants ", NameOf(call.value), " its right");
}

std::string Legend(const FenceSetting& setting) {
  std::string legend;
  char name = 'a';
  for (const FenceCall& call : setting.calls) {
    absl::StrAppend(&legend, legend.empty() ? "" : "; ", std::string(1, name++),
                    ": ", Describe(call));
    if (call.after >= 0) {
      absl::StrAppend(&legend, ", after ",
                      std::string(1, static_cast<char>('a' + call.after)));
    }
  }
  return legend;
}

std::vector<Rule> Rules() {
  const auto rule = [](FenceRule number, const char* name, const char* sentence,
                       const char* file, const char* seed,
                       std::vector<uint8_t> properties) {
    return Rule{static_cast<int>(number), name, sentence, file, seed,
                std::move(properties)};
  };
  return {
      rule(FenceRule::kAllowFenced, "allow_fenced",
           "audit accepts an allow only at exactly its fence",
           "services/gateway/read_call.cc", "unfenced_reads",
           {kLinearizable, kLogOrder}),
      rule(FenceRule::kDenialFenced, "denial_fenced",
           "audit accepts a denial only at exactly its fence",
           "services/gateway/pipeline_call.cc", "unfenced_denials",
           {kLinearizable, kLogOrder}),
      rule(FenceRule::kIntentFenced, "intent_fenced",
           "audit accepts an intent only at exactly its fence",
           "services/gateway/change_call.cc", "unfenced_intents", {kLogOrder}),
      rule(FenceRule::kOldDecisionRefused, "old_decision_refused",
           "audit refuses what was decided below its fence",
           "services/audit/batch_builder.cc", "audit_old_decisions_accepted",
           {kLinearizable, kLogOrder}),
      rule(FenceRule::kNewDecisionRefused, "new_decision_refused",
           "audit refuses what was decided above its fence",
           "services/audit/batch_builder.cc", "audit_new_decisions_accepted",
           {}),
      rule(FenceRule::kFenceInTransaction, "fence_in_transaction",
           "the comparison is part of the transaction, never of memory alone",
           "services/audit/log_writer.cc", "audit_append_outside_transaction",
           {kLinearizable, kLogOrder}),
      rule(FenceRule::kFencePrecondition, "fence_precondition",
           "... and compares the fence itself, not the log's head alone",
           "services/audit/log_writer.cc", "audit_fence_outside_transaction",
           {}),
      rule(FenceRule::kCheckConfirmed, "check_confirmed",
           "a check, which writes nothing, is compared with the store",
           "services/audit/log_writer.cc", "audit_check_from_memory",
           {kLinearizable}),
      rule(FenceRule::kRaiseAlone, "raise_alone",
           "a raised fence divides what was decided before from what was after",
           "services/audit/append_queue.cc", "audit_raise_in_a_group",
           {kLogOrder}),
      rule(FenceRule::kAuditFenceNeverDown, "audit_fence_never_down",
           "audit's fence never goes down", "services/audit/batch_builder.cc",
           "audit_fence_goes_down", {kLinearizable}),
      rule(FenceRule::kStoreFenceNeverDown, "store_fence_never_down",
           "the store's fence never goes down",
           "services/store/control_state.cc", "store_fence_goes_down",
           {kLinearizable}),
      rule(FenceRule::kStoreFence, "store_fence",
           "the store refuses a change decided below its fence",
           "services/store/change_runner.cc", "store_fence_ignored",
           {kLinearizable}),
      rule(FenceRule::kStoreFenceInTransaction, "store_fence_in_transaction",
           "the store compares its fence in the transaction",
           "services/store/change_runner.cc", "store_fence_outside_transaction",
           {kLinearizable}),
      rule(FenceRule::kRefusalAfterPlan, "refusal_after_plan",
           "the store reads its fence after what a refusal rests on",
           "services/store/change_runner.cc", "store_refusal_before_fence",
           {kLinearizable}),
      rule(FenceRule::kNewestDurable, "newest_durable",
           "policy applies a change only if it was decided under its newest "
           "revision",
           "services/policy/change_executor.cc", "policy_old_decisions_applied",
           {kLinearizable}),
      rule(FenceRule::kOwnersFirst, "owners_first",
           "the fence is raised in the store first, and last in audit",
           "services/policy/fence_raiser.cc", "policy_audit_fence_first",
           {kLinearizable}),
      rule(FenceRule::kAnswerInForce, "answer_in_force",
           "policy answers a change once its revision is in force",
           "services/policy/change_answers.cc", "policy_answers_before_force",
           {kLinearizable}),
      rule(FenceRule::kRetryInForce, "retry_in_force",
           "a retry is answered OK only after every fence is raised",
           "services/policy/change_answers.cc", "policy_retry_before_force",
           {kLinearizable}),
      rule(FenceRule::kRestartRaises, "restart_raises",
           "a restarting policy raises the fences to its newest revision",
           "services/policy/policy_core.cc", "policy_starts_without_fences",
           {kLinearizable}),
      rule(FenceRule::kRestartPublishes, "restart_publishes",
           "and gives gateways the snapshot that they lack",
           "services/policy/policy_core.cc", "policy_start_publishes_nothing",
           {kEveryCallEnds}),
      rule(FenceRule::kDurableFirst, "durable_first",
           "a revision is durable before any fence is raised to it",
           "services/policy/change_executor.cc", "policy_force_before_durable",
           {kInForceIsDurable}),
      rule(FenceRule::kGate, "gate",
           "a gateway never decides above the greatest fence that audit has "
           "told it",
           "services/gateway/policy_view.cc", "decide_above_fence",
           {kLinearizable, kEachDecisionNewer}),
      rule(FenceRule::kWaitForSnapshot, "wait_for_snapshot",
           "a gateway that lacks the revision in force waits for it",
           "services/gateway/policy_view.cc", "decide_below_fence",
           {kEachDecisionNewer}),
      rule(FenceRule::kAsksUntilInForce, "asks_until_in_force",
           "... and learns when what it has staged is in force",
           "services/gateway/policy_follower.cc",
           "gateway_asks_for_the_fence_once", {kEveryCallEnds}),
      rule(FenceRule::kRefusalTellsFence, "refusal_tells_fence",
           "every audit answer and refusal carries the fence",
           "services/gateway/pipeline_call.cc", "gateway_ignores_told_fence",
           {kEachDecisionNewer}),
      rule(FenceRule::kFetchAgain, "fetch_again",
           "after a refusal the fetched value is not used again",
           "services/gateway/read_call.cc", "reuse_fetched_value",
           {kLinearizable}),
      rule(FenceRule::kDecideAgain, "decide_again",
           "after a refusal the decision is not used again",
           "services/gateway/pipeline_call.cc", "reuse_decision",
           {kLinearizable}),
      rule(FenceRule::kRecordBeforeAnswer, "record_before_answer",
           "an answer waits for its record", "services/gateway/read_call.cc",
           "answer_before_record", {kRecorded}),
      rule(FenceRule::kFailedRecordNoAnswer, "failed_record_no_answer",
           "without a record nothing is answered",
           "services/gateway/pipeline_call.cc", "answer_although_record_failed",
           {kRecorded}),
      rule(FenceRule::kCommitBeforeAnswer, "commit_before_answer",
           "audit answers a record when its batch is durable",
           "services/audit/log_writer.cc", "audit_answer_before_commit",
           {kRecorded}),
  };
}

}  // namespace

ModelTable FenceTable() {
  ModelTable table;
  table.name = "fence";
  table.rules = Rules();
  table.properties = {
      {kLinearizable, "linearizable", "P2",
       "policy changes, reads, denials and changes are linearizable"},
      {kRecorded, "recorded", "P1",
       "an answer is given when its record is durable"},
      {kLogOrder, "log_order", "P2",
       "each decision in the log stands at its fence there"},
      {kInForceIsDurable, "in_force_is_durable", "P2",
       "what is in force is durable in policy"},
      {kEachDecisionNewer, "each_decision_newer", "P8",
       "a call that starts again decides under a newer revision"},
      {kEveryCallEnds, "every_call_ends", "P8", "every call can end"},
  };
  for (const FenceSetting& setting : Settings()) {
    table.settings.push_back(setting.setting);
    table.settings.back().legend = Legend(setting);
  }
  table.explore = [](size_t setting, const Question& question,
                     const Limits& limits) {
    return Explore(FenceModel(&Settings()[setting], question), limits);
  };
  return table;
}

}  // namespace keyward::model
