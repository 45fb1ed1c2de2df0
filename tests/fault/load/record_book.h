// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Compares what callers were told with what the audit log says.

#ifndef KEYWARD_TESTS_FAULT_LOAD_RECORD_BOOK_H_
#define KEYWARD_TESTS_FAULT_LOAD_RECORD_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {

struct Finding {
  std::string promise;
  std::string what;
};

// For use by one thread.
class RecordBook {
 public:
  // `operation` on `secret` was answered to `principal`, after all that was
  // expected of it before. To be told before the entries that it expects are
  // added.
  void Expect(const std::string& principal, const std::string& secret,
              const Operation& operation);

  // The log's entries, each once and in order.
  void Add(uint64_t index, const audit::v1::AuditEntry& entry);

  // How many entries were added.
  uint64_t entries() const { return entries_; }
  size_t open_intents() const { return open_.size(); }

  // What is wrong with the log and with the answers so far. Every answer that
  // was expected until now must have its record among the entries until now: a
  // caller makes one call at a time and none is answered before its record is
  // durable, so that a caller's answers, in their order, are found in the same
  // order among its records. No clock is compared.
  std::vector<Finding> Settle();

  // A secret as it was seen when nobody used it any more: what is visible has
  // an outcome on record or an open intent, and what is on record as made is
  // visible. Changes of unknown outcome may have been made since. Only once
  // for each secret.
  std::vector<Finding> Compare(const std::string& secret,
                               absl::string_view states, int unknown_adds,
                               int unknown_others);

  // The intents that are older than `age`, by the newest entry's time, and have
  // no outcome yet.
  std::vector<Finding> OlderThan(absl::Duration age) const;

 private:
  struct Record {
    audit::v1::EntryKind kind;
    std::string method;
    std::string secret;   // empty: any
    int64_t version = 0;  // 0: any
    // The codes that fit.
    std::set<int> codes;
    std::string words;  // for people
  };

  struct Intent {
    std::string principal;
    std::string method;
    std::string secret;
    int64_t version = 0;
    absl::Time time;
  };

  struct Applied {
    std::set<int64_t> added;
    std::set<int64_t> destroyed;
    // Adds that the reconciler found out, whose outcomes name the secret alone.
    int added_unnamed = 0;
  };

  static bool IsRecordOf(const Record& record,
                         const audit::v1::AuditEntry& entry);
  void AddOutcome(uint64_t index, const audit::v1::AuditEntry& entry);
  int OpenOf(const std::string& secret, absl::string_view method,
             int64_t version) const;

  uint64_t entries_ = 0;
  absl::Time newest_ = absl::InfinitePast();
  std::map<std::string, std::deque<Record>> expected_;
  std::map<uint64_t, Intent> open_;
  std::map<std::string, Applied> applied_;
  std::vector<Finding> findings_;
};

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_RECORD_BOOK_H_
