// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/record_book.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/audit/entry.h"
#include "libs/base/proto_time.h"

namespace keyward::fault {
namespace {

using audit::v1::AuditEntry;
using Code = absl::StatusCode;

constexpr absl::string_view kAdd = "AddSecretVersion";
constexpr absl::string_view kDestroy = "DestroySecretVersion";

// `AddSecretVersion` of `keyward.secrets.v1.SecretService.AddSecretVersion`.
std::string LastPart(const std::string& method) {
  return method.substr(method.find_last_of("./") + 1);
}

// The secret and the version that a resource names; empty and 0 if none.
struct Named {
  std::string secret;
  int64_t version = 0;
};

Named NamedIn(const std::string& resource) {
  const std::vector<std::string> parts = absl::StrSplit(resource, '/');
  Named named;
  if (parts.size() >= 4 && parts[2] == "secrets") named.secret = parts[3];
  if (parts.size() == 6 && !absl::SimpleAtoi(parts[5], &named.version)) {
    named.version = 0;
  }
  return named;
}

absl::string_view MethodOf(Kind kind) {
  switch (kind) {
    case Kind::kAdd:
      return kAdd;
    case Kind::kRead:
      return "AccessSecretVersion";
    case Kind::kEnable:
      return "EnableSecretVersion";
    case Kind::kDisable:
      return "DisableSecretVersion";
    case Kind::kDestroy:
      return kDestroy;
    case Kind::kGrant:
    case Kind::kRevoke:
      return "ApplyPolicy";
    case Kind::kList:
      return "ListSecretVersions";
  }
  return "";
}

int CodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return static_cast<int>(Code::kOk);
    case Outcome::kDenied:
      return static_cast<int>(Code::kPermissionDenied);
    case Outcome::kNotFound:
      return static_cast<int>(Code::kNotFound);
    default:
      return static_cast<int>(Code::kFailedPrecondition);
  }
}

}  // namespace

void RecordBook::Expect(const std::string& principal, const std::string& secret,
                        const Operation& operation) {
  if (operation.outcome == Outcome::kRefused ||
      operation.outcome == Outcome::kUnknown) {
    return;
  }
  const bool reads =
      operation.kind == Kind::kRead || operation.kind == Kind::kList;
  const bool policy =
      operation.kind == Kind::kGrant || operation.kind == Kind::kRevoke;
  Record record;
  if (operation.outcome == Outcome::kDenied) {
    record.kind = audit::v1::ENTRY_KIND_DENIAL;
  } else {
    record.kind =
        reads ? audit::v1::ENTRY_KIND_ACCESS : audit::v1::ENTRY_KIND_OUTCOME;
  }
  record.method = std::string(MethodOf(operation.kind));
  if (!policy) record.secret = secret;
  if (operation.outcome == Outcome::kDone) {
    record.version = operation.number != 0 ? operation.number : operation.asked;
  }
  record.codes = {CodeOf(operation.outcome)};
  record.words = absl::StrCat(secret, ": ", FormatOperation(operation));
  expected_[principal].push_back(std::move(record));
}

bool RecordBook::IsRecordOf(const Record& record, const AuditEntry& entry) {
  if (entry.kind() != record.kind ||
      LastPart(entry.method()) != record.method ||
      record.codes.count(entry.code()) == 0) {
    return false;
  }
  if (record.kind == audit::v1::ENTRY_KIND_OUTCOME) {
    const bool applied = entry.outcome() == audit::v1::CHANGE_OUTCOME_APPLIED;
    const bool done = record.codes.count(0) != 0;
    if (!audit::IsClosingOutcome(entry) || applied != done) return false;
  }
  const Named named = NamedIn(entry.resource());
  return (record.secret.empty() || named.secret == record.secret) &&
         (record.version == 0 || named.version == record.version);
}

void RecordBook::Add(uint64_t index, const AuditEntry& entry) {
  ++entries_;
  newest_ = std::max(newest_, FromTimestamp(entry.time()));
  if (entry.kind() == audit::v1::ENTRY_KIND_INTENT) {
    const Named named = NamedIn(entry.resource());
    open_[index] = {entry.principal(), LastPart(entry.method()), named.secret,
                    named.version, FromTimestamp(entry.time())};
  }
  if (entry.kind() == audit::v1::ENTRY_KIND_OUTCOME) AddOutcome(index, entry);
  const auto expected = expected_.find(entry.principal());
  if (expected == expected_.end() || expected->second.empty()) return;
  if (IsRecordOf(expected->second.front(), entry)) {
    expected->second.pop_front();
  }
}

void RecordBook::AddOutcome(uint64_t index, const AuditEntry& entry) {
  if (!audit::IsClosingOutcome(entry)) return;
  const auto intent = open_.find(entry.intent_index());
  if (intent == open_.end()) {
    findings_.push_back(
        {"P1",
         absl::StrCat("entry ", index, " closes the intent ",
                      entry.intent_index(), ", which is not open before it")});
    return;
  }
  const std::string method = intent->second.method;
  open_.erase(intent);
  if (entry.outcome() != audit::v1::CHANGE_OUTCOME_APPLIED) return;
  const Named named = NamedIn(entry.resource());
  if (named.secret.empty()) return;
  if (named.version == 0) {
    if (method == kAdd) ++applied_[named.secret].added_unnamed;
    return;
  }
  if (method == kAdd) applied_[named.secret].added.insert(named.version);
  if (method == kDestroy) {
    applied_[named.secret].destroyed.insert(named.version);
  }
}

std::vector<Finding> RecordBook::Settle() {
  std::vector<Finding> findings = std::move(findings_);
  findings_.clear();
  for (auto& [principal, records] : expected_) {
    if (records.empty()) continue;
    findings.push_back(
        {"P1", absl::StrCat("an answer has no record in the log: ",
                            records.front().words, " (", records.size(),
                            " answers from there on)")});
    records.clear();
  }
  return findings;
}

int RecordBook::OpenOf(const std::string& secret, absl::string_view method,
                       int64_t version) const {
  int open = 0;
  for (const auto& [index, intent] : open_) {
    if (intent.secret == secret && intent.method == method &&
        (version == 0 || intent.version == version)) {
      ++open;
    }
  }
  return open;
}

std::vector<Finding> RecordBook::Compare(const std::string& secret,
                                         absl::string_view states,
                                         int unknown_adds, int unknown_others) {
  std::vector<Finding> findings;
  const Applied applied = applied_[secret];
  applied_.erase(secret);
  const int64_t count = static_cast<int64_t>(states.size());
  int unrecorded = 0;
  for (int64_t number = 1; number <= count; ++number) {
    if (applied.added.count(number) == 0) ++unrecorded;
    const bool destroyed = states[number - 1] == kDestroyedState;
    const bool recorded = applied.destroyed.count(number) != 0;
    if (destroyed && !recorded && OpenOf(secret, kDestroy, number) == 0) {
      findings.push_back(
          {"P1", absl::StrCat(secret, ": version ", number,
                              " is destroyed and nothing on record did it")});
    }
    if (recorded && !destroyed && unknown_others == 0) {
      findings.push_back(
          {"P4", absl::StrCat(secret, ": version ", number,
                              " is destroyed on record and not in truth")});
    }
  }
  if (unrecorded > applied.added_unnamed + OpenOf(secret, kAdd, 0)) {
    findings.push_back(
        {"P1", absl::StrCat(secret, ": ", unrecorded,
                            " versions are visible that no outcome and no "
                            "open intent stands for")});
  }
  const auto beyond = applied.added.upper_bound(count);
  const auto invisible = std::distance(beyond, applied.added.end());
  if (invisible > unknown_adds) {
    findings.push_back(
        {"P4", absl::StrCat(secret, ": ", invisible,
                            " versions are added on record and not visible, "
                            "the first is ",
                            *beyond)});
  }
  return findings;
}

std::vector<Finding> RecordBook::OlderThan(absl::Duration age) const {
  std::vector<Finding> findings;
  for (const auto& [index, intent] : open_) {
    if (newest_ - intent.time <= age) continue;
    findings.push_back(
        {"P1", absl::StrCat("the intent ", index, " of ", intent.method,
                            " is open for ",
                            absl::FormatDuration(newest_ - intent.time))});
  }
  return findings;
}

}  // namespace keyward::fault
