// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, properties and settings of the engine's model.

#include <utility>

#include "tests/model/engine_model.h"

namespace keyward::model {
namespace {

const std::vector<EngineSetting>& Settings() {
  static const auto& settings = *new std::vector<EngineSetting>{
      // name, deep; transactions, failed writes, power cuts, deadlines,
      // questions of others
      {{"one transaction", false, ""}, 1, 1, 2, 1, 1},
      {{"two transactions", false, ""}, 2, 2, 1, 1, 1},
      {{"three transactions", true, ""}, 3, 2, 2, 2, 1},
  };
  return settings;
}

std::vector<Rule> Rules() {
  const auto rule = [](EngineRule number, const char* name,
                       const char* sentence, const char* file, const char* seed,
                       std::vector<uint8_t> properties) {
    return Rule{static_cast<int>(number), name, sentence, file, seed,
                std::move(properties)};
  };
  return {
      rule(EngineRule::kSynced, "synced",
           "a commit is answered as applied once it is durable",
           "libs/kv/database.cc", "commit_without_sync", {kEngineAppliedStays}),
      rule(EngineRule::kFailedIsUnknown, "failed_is_unknown",
           "a write that failed is UNKNOWN", "libs/kv/group_writer.cc",
           "unknown_called_refused", {kEngineNotAppliedNever}),
      rule(EngineRule::kNothingFromFailed, "nothing_from_failed",
           "nothing is concluded from what a failed write would have made true",
           "libs/kv/group_writer.cc", "conclude_from_failed_write",
           {kEngineAppliedStays}),
      rule(EngineRule::kLateIsUnknown, "late_is_unknown",
           "a commit whose deadline passes while it is written is UNKNOWN",
           "libs/kv/commit_queue.cc", "late_commit_called_refused",
           {kEngineNotAppliedNever}),
      rule(EngineRule::kStopsAfterFailure, "stops_after_failure",
           "after a failed write the engine refuses everything until it has "
           "reopened",
           "libs/kv/rocksdb_store.cc", "serve_after_failed_sync",
           {kEngineNotAppliedNever}),
      rule(EngineRule::kRecoveryIsDurable, "recovery_is_durable",
           "what it reads again is durable before it serves",
           "libs/kv/database.cc", "recovery_not_flushed",
           {kEngineAppliedStays}),
      rule(EngineRule::kSettledAtReopen, "settled_at_reopen",
           "... and settled: what the failed write lost is barred",
           "libs/kv/rocksdb_maintenance.cc", "unknown_left_open", {}),
  };
}

}  // namespace

ModelTable EngineTable() {
  ModelTable table;
  table.name = "engine";
  table.rules = Rules();
  table.properties = {
      {kEngineAppliedStays, "applied_stays", "P4",
       "what was answered as applied is there, and stays"},
      {kEngineNotAppliedNever, "not_applied_never", "P4",
       "what was answered as not applied never is"},
  };
  for (const EngineSetting& setting : Settings()) {
    table.settings.push_back(setting.setting);
  }
  table.explore = [](size_t setting, const Question& question,
                     const Limits& limits) {
    return Explore(EngineModel(&Settings()[setting], question), limits);
  };
  return table;
}

}  // namespace keyward::model
