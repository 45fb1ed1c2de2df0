// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, properties and settings of the intents' model.

#include <utility>

#include "tests/model/intent_model.h"

namespace keyward::model {
namespace {

// One call with a request id, and nothing happens to it but what `happens`.
IntentSetting In(const char* name, bool deep,
                 void (*happens)(IntentSetting& setting)) {
  IntentSetting setting = {};
  setting.setting = {name, deep, ""};
  setting.calls = setting.request_id = 1;
  happens(setting);
  return setting;
}

const std::vector<IntentSetting>& Settings() {
  static const auto& settings = *new std::vector<IntentSetting>{
      In("one call", false,
         [](IntentSetting& in) {
           in.unknowns = in.lost = in.refusals = in.floors = 1;
           in.gateway_crashes = in.store_restarts = in.audit_restarts = 1;
         }),
      In("a policy change", false,
         [](IntentSetting& in) {
           in.raises = in.unknowns = in.refusals = in.floors = 1;
           in.store_restarts = 1;
         }),
      In("a copy", false,
         [](IntentSetting& in) {
           in.copies = in.unknowns = in.refusals = in.floors = 1;
           in.store_restarts = 1;
         }),
      In("a copy without a request id", false,
         [](IntentSetting& in) {
           in.request_id = 0;
           in.copies = in.unknowns = in.refusals = in.floors = 1;
           in.store_restarts = 1;
         }),
      In("a retry", false,
         [](IntentSetting& in) {
           in.calls = 2;
           in.unknowns = 1;
         }),
      In("a retry, and the floor", false,
         [](IntentSetting& in) {
           in.calls = 2;
           in.gateway_crashes = in.floors = 1;
         }),
      In("a retry through a policy change", true,
         [](IntentSetting& in) {
           in.calls = 2;
           in.raises = in.unknowns = 1;
         }),
      In("a retry and a copy", true,
         [](IntentSetting& in) {
           in.calls = 2;
           in.copies = in.unknowns = in.floors = 1;
         }),
  };
  return settings;
}

std::vector<Rule> Rules() {
  const auto rule = [](IntentRule number, const char* name,
                       const char* sentence, const char* file, const char* seed,
                       std::vector<uint8_t> properties) {
    return Rule{static_cast<int>(number), name, sentence, file, seed,
                std::move(properties)};
  };
  return {
      rule(IntentRule::kIntentFirst, "intent_first",
           "the owner is called when the intent's record is durable",
           "services/gateway/change_call.cc", "change_before_intent",
           {kRecordedFirst}),
      rule(IntentRule::kOutcomeFirst, "outcome_first",
           "the outcome's record is durable before the answer",
           "services/gateway/change_call.cc", "answer_before_outcome",
           {kOutcomeBeforeAnswer}),
      rule(IntentRule::kOneOutcome, "one_outcome",
           "audit keeps one closing outcome for each intent",
           "services/audit/batch_builder.cc", "audit_two_outcomes",
           {kClosedOnce}),
      rule(IntentRule::kAnswersByFirst, "answers_by_first",
           "a second writer gets the first and answers by it",
           "services/gateway/change_call.cc", "barred_copy_ignores_the_log",
           {kAnswerIsTrue}),
      rule(IntentRule::kNewIntent, "new_intent",
           "what the fence refused starts again under a new intent",
           "services/gateway/change_call.cc", "change_again_under_its_intent",
           {kBarredIsGivenUp}),
      rule(IntentRule::kUnknownLeavesOpen, "unknown_leaves_open",
           "UNKNOWN leaves the intent open", "services/audit/checked_item.cc",
           "audit_unknown_closes", {kOutcomeIsTrue}),
      rule(IntentRule::kUnknownIsSaid, "unknown_is_said",
           "an outcome that is not known is called so",
           "services/gateway/change_call.cc", "unknown_taken_for_applied",
           {kAnswerIsTrue}),
      rule(IntentRule::kOutcomeIsFact, "outcome_is_fact",
           "an outcome is a fact and not fenced",
           "services/gateway/audit_item.h", "fenced_outcomes",
           {kEveryIntentCloses}),
      rule(IntentRule::kBarredIsNotFinal, "barred_is_not_final",
           "a barred intent is answered UNAVAILABLE, never as final",
           "services/gateway/change_call.cc", "barred_answered_as_final",
           {kFinalIsFinal}),
      rule(IntentRule::kSentIsUnknown, "sent_is_unknown",
           "sent and changing, an item that expires is UNKNOWN",
           "libs/rpc/remote_owner.cc", "rpc_lost_change_called_not_made",
           {kAnswerIsTrue}),
      rule(IntentRule::kExpiresUnsent, "expires_unsent",
           "nothing is done for a call that was answered as expired",
           "services/gateway/change_call.cc", "expired_change_sent",
           {kAnswerIsTrue}),
      rule(IntentRule::kIdFirst, "id_first",
           "the owner looks for the intent's id first",
           "libs/kv/group_writer.cc", "apply_an_id_twice", {kMadeOnce}),
      rule(IntentRule::kRequestId, "request_id", "... then for the request id",
           "services/store/change_runner.cc", "store_request_id_forgotten",
           {kMadeOnce}),
      rule(IntentRule::kRequestIdInTransaction, "request_id_in_transaction",
           "which it stores with the result in one transaction",
           "services/store/request_ids.cc",
           "store_request_id_outside_transaction", {kMadeOnce}),
      rule(IntentRule::kRepeatClaims, "repeat_claims",
           "a repeated call's intent gets the first's result durably",
           "services/store/change_runner.cc", "store_repeat_without_claim",
           {kOutcomeIsTrue}),
      rule(IntentRule::kRefusalBars, "refusal_bars",
           "a refusal bars its intent before it is answered",
           "services/store/change_runner.cc", "store_refusal_without_bar",
           {kClosedIsOver}),
      rule(IntentRule::kReconcilerBars, "reconciler_bars",
           "on 'not applied' the owner durably bars the id",
           "services/store/control_state.cc", "store_resolves_without_bar",
           {kClosedIsOver}),
      rule(IntentRule::kUnsettledStaysOpen, "unsettled_stays_open",
           "the reconciler records the truth, or nothing",
           "services/audit/reconciler.cc", "audit_guesses_unsettled",
           {kOutcomeIsTrue}),
      rule(IntentRule::kFloorBelowOpen, "floor_below_open",
           "an id is removed only when its intent is closed",
           "services/audit/reconciler.cc", "audit_floor_above_open",
           {kEveryIntentCloses}),
      rule(IntentRule::kFloorSizeFirst, "floor_size_first",
           "... also one that is opened meanwhile",
           "services/audit/reconciler.cc", nullptr, {kEveryIntentCloses}),
      rule(IntentRule::kRefuseBelowFloor, "refuse_below_floor",
           "an apply below the floor is refused", "libs/kv/group_writer.cc",
           "apply_below_floor", {kClosedIsOver}),
  };
}

}  // namespace

ModelTable IntentTable() {
  ModelTable table;
  table.name = "intent";
  table.rules = Rules();
  table.properties = {
      {kRecordedFirst, "recorded_first", "P1",
       "a change is made when its intent is durable"},
      {kOutcomeBeforeAnswer, "outcome_before_answer", "P1",
       "and answered when its outcome is"},
      {kClosedOnce, "closed_once", "P1", "an intent has one closing outcome"},
      {kOutcomeIsTrue, "outcome_is_true", "P1", "which is the truth"},
      {kClosedIsOver, "closed_is_over", "P1",
       "a closed intent is never applied"},
      {kMadeOnce, "made_once", "P4",
       "the calls of a request id make its change once"},
      {kAnswerIsTrue, "answer_is_true", "P4",
       "what was answered as made is, what was answered as not made never is"},
      {kFinalIsFinal, "final_is_final", "P8",
       "a refusal is final only if a precondition failed"},
      {kBarredIsGivenUp, "barred_is_given_up", "P8",
       "only what the reconciler barred is answered as barred"},
      {kEveryIntentCloses, "every_intent_closes", "P1",
       "every intent gets its outcome"},
  };
  for (const IntentSetting& setting : Settings()) {
    table.settings.push_back(setting.setting);
  }
  table.explore = [](size_t setting, const Question& question,
                     const Limits& limits) {
    return Explore(IntentModel(&Settings()[setting], question), limits);
  };
  return table;
}

}  // namespace keyward::model
