// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"

namespace keyward::audit {
namespace {

absl::Status Broken(absl::string_view what) {
  return absl::DataLossError(what);
}

}  // namespace

absl::Status LogRules::Add(absl::string_view leaf) {
  absl::StatusOr<v1::AuditEntry> entry = ParseEntry(leaf);
  if (!entry.ok()) return entry.status();
  const uint64_t index = size_++;
  if (entry->kind() == v1::ENTRY_KIND_IN_FORCE) {
    if (entry->policy_revision() <= fence_) {
      return Broken(absl::StrCat("it puts revision ", entry->policy_revision(),
                                 " in force after ", fence_));
    }
    fence_ = entry->policy_revision();
  }
  if (IsDecision(*entry) && entry->policy_revision() != fence_) {
    return Broken(absl::StrCat("a decision under revision ",
                               entry->policy_revision(), " stands where ",
                               fence_, " was in force"));
  }
  if (entry->kind() == v1::ENTRY_KIND_INTENT) {
    if (open_.size() == kMaxOpenIntents) {
      return Broken("more intents are open than a log can have");
    }
    open_.insert(index);
    opened_.push_back(index);
    ++intents_;
  }
  if (entry->kind() == v1::ENTRY_KIND_OUTCOME) {
    const uint64_t intent = entry->intent_index();
    if (open_.count(intent) == 0) {
      return Broken(absl::StrCat("an outcome is about leaf ", intent,
                                 ", which is no intent or closed already"));
    }
    if (IsClosingOutcome(*entry)) {
      open_.erase(intent);
      closed_.push_back({intent, index});
    }
  }
  return absl::OkStatus();
}

std::vector<uint64_t> LogRules::TakeOpened() {
  return std::exchange(opened_, {});
}

std::vector<ClosedIntent> LogRules::TakeClosed() {
  return std::exchange(closed_, {});
}

}  // namespace keyward::audit
