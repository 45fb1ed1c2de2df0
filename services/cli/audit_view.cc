// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_view.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/audit/proof.h"
#include "libs/audit/tree_hash.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using audit::v1::AuditEntry;
using audit::v1::IndexedEntry;

// What was done: the action that was checked, otherwise the method.
std::string What(const AuditEntry& entry) {
  if (!entry.action().empty()) return entry.action();
  const size_t dot = entry.method().rfind('.');
  return dot == std::string::npos ? entry.method()
                                  : entry.method().substr(dot + 1);
}

// How it went, in one word, and for a change what became of it.
std::string Result(const AuditEntry& entry) {
  if (entry.kind() == audit::v1::ENTRY_KIND_OUTCOME) {
    return absl::StrCat(ShowEnum(audit::v1::ChangeOutcome_Name(entry.outcome()),
                                 "CHANGE_OUTCOME_"),
                        " #", entry.intent_index());
  }
  if (entry.kind() == audit::v1::ENTRY_KIND_IN_FORCE) {
    return absl::StrCat("revision ", entry.policy_revision());
  }
  std::string result =
      ShowEnum(audit::v1::Decision_Name(entry.decision()), "DECISION_");
  if (entry.code() != 0) {
    absl::StrAppend(
        &result, result.empty() ? "" : " ",
        absl::StatusCodeToString(static_cast<absl::StatusCode>(entry.code())));
  }
  return result;
}

std::vector<std::string> Cells(const IndexedEntry& indexed) {
  const AuditEntry& entry = indexed.entry();
  return {absl::StrCat(indexed.index()),
          ShowTime(entry.time()),
          ShowEnum(audit::v1::EntryKind_Name(entry.kind()), "ENTRY_KIND_"),
          entry.principal(),
          What(entry),
          entry.resource(),
          Result(entry),
          entry.rule().empty() ? entry.detail() : entry.rule()};
}

Json PinJson(const client::Pin& pin) {
  return {{"origin", pin.checkpoint.origin},
          {"size", absl::StrCat(pin.checkpoint.size)},
          {"rootHash", absl::Base64Escape(pin.checkpoint.root.view())},
          {"verifierKey", pin.verifier_key},
          {"note", pin.note}};
}

}  // namespace

std::string ShowEntries(
    const google::protobuf::RepeatedPtrField<IndexedEntry>& entries) {
  Table table({"index", "time", "kind", "principal", "action", "resource",
               "result", "rule"});
  for (const IndexedEntry& entry : entries) table.Add(Cells(entry));
  return table.ToString();
}

std::string ShowEntryLine(const IndexedEntry& entry) {
  std::vector<std::string> cells = Cells(entry);
  for (std::string& cell : cells) cell = cell.empty() ? "-" : Printable(cell);
  return absl::StrCat(absl::StrJoin(cells, "  "), "\n");
}

std::string ShowPinCheck(const client::PinCheck& check) {
  Fields fields;
  fields.Add("log", check.seen.checkpoint.origin);
  fields.Add("size", absl::StrCat(check.seen.checkpoint.size));
  fields.Add("root", absl::Base64Escape(check.seen.checkpoint.root.view()));
  fields.Add("verifier key", check.seen.verifier_key);
  if (!check.pinned.has_value()) {
    fields.Add("pinned", "now, for the first time: believed as it is");
  } else if (check.rollback_accepted) {
    fields.Add("was pinned", client::DescribePin(*check.pinned));
    fields.Add("pinned",
               "now, ACCEPTING A ROLLBACK: it does not extend what "
               "was pinned");
  } else {
    fields.Add("pinned", absl::StrCat("now; proven to extend the one of size ",
                                      check.pinned->checkpoint.size));
  }
  return fields.ToString();
}

Json PinCheckJson(const client::PinCheck& check) {
  Json json = {{"checkpoint", PinJson(check.seen)},
               {"rollbackAccepted", check.rollback_accepted}};
  if (check.pinned.has_value()) json["pinned"] = PinJson(*check.pinned);
  return json;
}

std::string ShowProven(const ProvenEntry& proven) {
  Fields fields;
  fields.Add("entry", absl::StrCat(proven.inclusion.index));
  fields.Add("leaf hash",
             absl::Base64Escape(audit::LeafHash(proven.inclusion.leaf).view()));
  fields.Add("path", absl::StrCat(proven.inclusion.path.size(), " hashes"));
  fields.Add("log", proven.checkpoint.origin);
  fields.Add("size", absl::StrCat(proven.checkpoint.size));
  fields.Add("root", absl::Base64Escape(proven.checkpoint.root.view()));
  audit::v1::QueryEntriesResponse shown;
  IndexedEntry* entry = shown.add_entries();
  entry->set_index(proven.inclusion.index);
  *entry->mutable_entry() = proven.entry;
  return absl::StrCat("proven\n", fields.ToString(), "\n",
                      ShowEntries(shown.entries()));
}

absl::StatusOr<Json> ProvenJson(const ProvenEntry& proven) {
  absl::StatusOr<Json> entry = ToJson(proven.entry);
  if (!entry.ok()) return entry;
  Json json = {
      {"proven", true},
      {"index", absl::StrCat(proven.inclusion.index)},
      {"entry", *entry},
      {"leaf", absl::Base64Escape(proven.inclusion.leaf)},
      {"inclusionProof", Json::array()},
      {"checkpoint",
       {{"origin", proven.checkpoint.origin},
        {"size", absl::StrCat(proven.checkpoint.size)},
        {"rootHash", absl::Base64Escape(proven.checkpoint.root.view())},
        {"note", proven.inclusion.checkpoint}}}};
  for (const audit::Hash& hash : proven.inclusion.path) {
    json["inclusionProof"].push_back(absl::Base64Escape(hash.view()));
  }
  return json;
}

}  // namespace keyward::cli
