// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_BATCH_BUILDER_H_
#define KEYWARD_SERVICES_AUDIT_BATCH_BUILDER_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/audit/batch.h"
#include "libs/audit/log_reader.h"
#include "services/audit/append_queue.h"
#include "services/audit/log_view.h"
#include "services/audit/open_intents.h"

namespace keyward::audit_service {

// Decides what becomes of each item of a group on top of one state of the log,
// and collects the leaves of those that are appended. What it decides from the
// state in memory holds only together with the commit, whose preconditions
// compare head and fence; what needs no commit is true of every later state as
// well, or is to be confirmed first (see below).
//
// For one group and one thread. The arguments outlive it.
class BatchBuilder {
 public:
  BatchBuilder(const LogView* view, const OpenIntents* open_intents,
               const audit::LogReader* reader, absl::Time now);

  // Sets pending->result and pending->awaits_commit. The item keeps its leaves,
  // so that it can be decided again on another state.
  void Add(PendingAppend* pending);

  // A decision above rests on memory alone: that the fence is still the view's
  // one. The caller reads it from the store before it answers.
  bool needs_fence_confirmed() const {
    return stale_if_right_ || (batch_.leaves.empty() && relies_on_fence_);
  }

  // What is to be appended; without leaves if nothing is.
  const audit::Batch& batch() const { return batch_; }

 private:
  void AddRaise(PendingAppend* pending);
  // Whether the item's fence is the log's; else the result is set.
  bool PassesFence(PendingAppend* pending);
  // Whether all intents that the item's outcomes name are open; else the
  // result is set.
  bool PassesIntents(PendingAppend* pending);
  // The result for an outcome of an intent that is not open.
  rpc::AppendResult NotOpen(uint64_t intent_index) const;
  void AppendLeaves(PendingAppend* pending);

  const LogView* const view_;
  const OpenIntents* const open_intents_;
  const audit::LogReader* const reader_;
  const absl::Time now_;

  audit::Batch batch_;
  bool relies_on_fence_ = false;
  // An item claims a fence above the view's: either it is wrong, or another
  // process has raised it.
  bool stale_if_right_ = false;
  // Intents that this batch closes, with the outcome's leaf.
  std::map<uint64_t, std::string> closed_here_;
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_BATCH_BUILDER_H_
