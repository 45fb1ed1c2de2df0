// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_LOG_RULES_H_
#define KEYWARD_LIBS_AUDIT_LOG_RULES_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/audit/batch.h"

namespace keyward::audit {

// The rules that a log's entries keep among themselves, checked from the log
// alone, entry by entry:
// - the fence only rises (P2);
// - no decision stands at a revision other than the fence of its place (P2);
// - every intent has at most one closing outcome, and no outcome is about
//   anything else than an intent that is open at its place (P1).
//
// It keeps the intents that are open, and nothing else of the past. A value
// type.
class LogRules {
 public:
  // More open intents than this are refused: a log of ours has at most 65,536,
  // and a hostile one must not fill the memory.
  static constexpr size_t kMaxOpenIntents = size_t{1} << 20;

  // The next leaf. DATA_LOSS if it is no entry or breaks a rule, in words that
  // do not say where.
  absl::Status Add(absl::string_view leaf);

  // How many leaves were added.
  uint64_t size() const { return size_; }
  // The revision in force after them.
  uint64_t fence() const { return fence_; }
  uint64_t intents() const { return intents_; }
  const std::set<uint64_t>& open_intents() const { return open_; }

  // The intents that were opened and closed since this was called last.
  std::vector<uint64_t> TakeOpened();
  std::vector<ClosedIntent> TakeClosed();

 private:
  uint64_t size_ = 0;
  uint64_t fence_ = 0;
  uint64_t intents_ = 0;
  std::set<uint64_t> open_;
  std::vector<uint64_t> opened_;
  std::vector<ClosedIntent> closed_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_LOG_RULES_H_
