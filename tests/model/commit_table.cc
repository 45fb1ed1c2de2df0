// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, properties and settings of the commits' model.

#include <utility>

#include "tests/model/commit_model.h"

namespace keyward::model {
namespace {

using Kind = CommitTransaction::Kind;

CommitSetting In(const char* name, std::vector<CommitTransaction> transactions,
                 bool deep = false) {
  const uint8_t often = deep ? 2 : 1;
  CommitSetting setting = {};
  setting.setting = {name, deep, ""};
  setting.transactions = std::move(transactions);
  setting.timeouts = static_cast<uint8_t>(often + 1);
  setting.resubmissions = setting.closings = often;
  return setting;
}

const std::vector<CommitSetting>& Settings() {
  const std::vector<CommitTransaction> three = {
      {Kind::kUpdate, 0}, {Kind::kUpdate, 0}, {Kind::kUpdate, 1}};
  const std::vector<CommitTransaction> of_a_name = {
      {Kind::kCreate, 0}, {Kind::kCreate, 1}, {Kind::kDelete, 1}};
  static const auto& settings = *new std::vector<CommitSetting>{
      In("one transaction", {{Kind::kUpdate, 0}}),
      In("one that compares a fence", {{Kind::kPut, 0}}),
      In("two writers", {{Kind::kUpdate, 0}, {Kind::kUpdate, 1}}),
      In("two transactions of a session",
         {{Kind::kUpdate, 0}, {Kind::kUpdate, 0}}),
      In("a name", of_a_name),
      In("three transactions", three),
      In("a name, and more goes wrong", of_a_name, true),
      In("three transactions, and more goes wrong", three, true),
  };
  return settings;
}

std::vector<Rule> Rules() {
  const auto rule = [](CommitRule number, const char* name,
                       const char* sentence, const char* file, const char* seed,
                       std::vector<uint8_t> properties) {
    return Rule{static_cast<int>(number), name, sentence, file, seed,
                std::move(properties)};
  };
  return {
      rule(CommitRule::kClaimsId, "claims_id",
           "every changing transaction also claims its id if absent",
           "libs/kv/group_writer.cc", "apply_an_id_twice", {kAppliedOnce}),
      rule(CommitRule::kSettleSubmits, "settle_submits",
           "UNKNOWN is settled only by submitting again; a read that finds "
           "nothing proves nothing",
           "services/store/change_runner.cc",
           "store_unknown_settled_by_reading", {kNotAppliedNever}),
      rule(CommitRule::kSettleBars, "settle_bars",
           "the settling submission marks an absent id aborted",
           "libs/kv/group_writer.cc", "settle_without_bar", {kNotAppliedNever}),
      rule(CommitRule::kConflictIsNoAnswer, "conflict_is_no_answer",
           "after an unanswered submission a plain CONFLICT is not an answer",
           "services/store/change_runner.cc", nullptr, {kNotAppliedNever}),
      rule(CommitRule::kLateIsUnknown, "late_is_unknown",
           "a commit that is not answered in time is UNKNOWN",
           "libs/kv/commit_queue.cc", "late_commit_called_refused",
           {kNotAppliedNever}),
      rule(CommitRule::kPrecondition, "precondition",
           "there is no write without a precondition", "libs/kv/transaction.cc",
           "write_without_precondition", {kAppliedStays}),
      rule(CommitRule::kSessionPrecondition, "session_precondition",
           "a session's transaction has the precondition that the session "
           "exists",
           "libs/kv/group_writer.cc", "apply_below_floor", {kNotAppliedNever}),
      rule(CommitRule::kRemoveAfterClose, "remove_after_close",
           "only after the session's key is deleted may its txn/ keys be "
           "removed",
           "libs/kv/janitor.cc", "purge_open_session", {kNotAppliedNever}),
      rule(CommitRule::kClosedStaysUnknown, "closed_stays_unknown",
           "settling an id of a closed session stays UNKNOWN, never aborted",
           "libs/kv/group_writer.cc", "settle_closed_session",
           {kNotAppliedNever}),
      rule(CommitRule::kFloorKeepsOpen, "floor_keeps_open",
           "a session's floor is raised behind what is settled",
           "libs/kv/writer_session.cc", "session_floor_past_open",
           {kUnknownEnds}),
  };
}

}  // namespace

ModelTable CommitTable() {
  ModelTable table;
  table.name = "commit";
  table.rules = Rules();
  table.properties = {
      {kAppliedOnce, "applied_once", "P4", "a transaction is applied once"},
      {kAppliedStays, "applied_stays", "P4",
       "what was answered as applied is there, and stays"},
      {kNotAppliedNever, "not_applied_never", "P4",
       "what was answered as not applied never is"},
      {kUnknownEnds, "unknown_ends", "P4",
       "UNKNOWN is settled while its session exists"},
  };
  for (const CommitSetting& setting : Settings()) {
    table.settings.push_back(setting.setting);
  }
  table.explore = [](size_t setting, const Question& question,
                     const Limits& limits) {
    return Explore(CommitModel(&Settings()[setting], question), limits);
  };
  return table;
}

}  // namespace keyward::model
