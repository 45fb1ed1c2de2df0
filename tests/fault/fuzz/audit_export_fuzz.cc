// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Exports of the audit log, which `audit verify` reads from anyone (P3). The
// input is an export or, if it does not begin like one, changes of a good log
// by its own operator, who has the key and signs what comes out.

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "libs/audit/entry.h"
#include "libs/audit/export_file.h"
#include "libs/audit/export_source.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/audit/verify.h"
#include "tests/fault/fuzz/fuzz.h"
#include "tests/fault/fuzz/test_log.h"

namespace keyward::fuzz {
namespace {

using audit::v1::AuditEntry;
using Leaves = std::vector<std::string>;

constexpr int kMaxChanges = 12;

std::string Leaf(audit::v1::EntryKind kind, uint64_t revision,
                 uint64_t intent = 0) {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  if (kind == audit::v1::ENTRY_KIND_OUTCOME) {
    entry.set_intent_index(intent);
    entry.set_outcome(audit::v1::CHANGE_OUTCOME_APPLIED);
  }
  return audit::SerializeEntry(entry).value();
}

// Something of everything; the last intent is open.
const Leaves& GoodLeaves() {
  static const Leaves& leaves =
      *new Leaves{Leaf(audit::v1::ENTRY_KIND_IN_FORCE, 1),
                  Leaf(audit::v1::ENTRY_KIND_ACCESS, 1),
                  Leaf(audit::v1::ENTRY_KIND_INTENT, 1),
                  Leaf(audit::v1::ENTRY_KIND_DENIAL, 1),
                  Leaf(audit::v1::ENTRY_KIND_OUTCOME, 0, 2),
                  Leaf(audit::v1::ENTRY_KIND_IN_FORCE, 2),
                  Leaf(audit::v1::ENTRY_KIND_INTENT, 2)};
  return leaves;
}

std::string Signed(const Leaves& leaves) {
  const TestLog& log = TestLog::Get();
  return audit::SignCheckpoint(log.signer(),
                               {log.signer().verifier().name(), leaves.size(),
                                audit::NaiveRoot(leaves, 0, leaves.size())})
      .value();
}

std::string Export(const Leaves& leaves, const std::string& checkpoint) {
  std::ostringstream out;
  audit::ExportWriter writer(&out, 0);
  for (const std::string& leaf : leaves) FUZZ_CHECK(writer.Add(leaf).ok());
  FUZZ_CHECK(writer.Finish(checkpoint).ok());
  return out.str();
}

absl::StatusOr<audit::VerifyReport> Verify(
    absl::string_view bytes, std::vector<audit::HeldCheckpoint> held) {
  std::istringstream in{std::string(bytes)};
  auto source = audit::ExportSource::Open(&in);
  if (!source.ok()) return source.status();
  audit::VerifyOptions options;
  options.verifiers = TestLog::Get().verifiers();
  options.held = std::move(held);
  return audit::VerifyLog(source->get(), options);
}

// Nothing is believed but what the key of the log has signed: of the log of
// FORMAT.md, whose leaves are no entries, only that it is empty.
void CheckBytes(absl::string_view bytes) {
  const auto report = Verify(bytes, {});
  if (!report.ok()) return;
  const bool empty = report->size == 0 && report->root == audit::EmptyRoot();
  const bool good =
      report->size == GoodLeaves().size() &&
      report->root == audit::NaiveRoot(GoodLeaves(), 0, GoodLeaves().size());
  FUZZ_CHECK(empty || good);
}

void Change(Choices* choices, Leaves* leaves) {
  const size_t at = choices->Below(leaves->size() + 1);
  const auto place = leaves->begin() + static_cast<std::ptrdiff_t>(at);
  switch (choices->Below(6)) {
    case 0:
      if (at < leaves->size()) leaves->erase(place);
      break;
    case 1:
      leaves->insert(place, GoodLeaves()[choices->Below(GoodLeaves().size())]);
      break;
    case 2:
      if (at + 1 < leaves->size()) std::swap((*leaves)[at], (*leaves)[at + 1]);
      break;
    case 3:
      if (at < leaves->size()) {
        std::string& leaf = (*leaves)[at];
        leaf[choices->Below(leaf.size())] = static_cast<char>(choices->Byte());
      }
      break;
    case 4:
      leaves->resize(at);
      break;
    default:
      leaves->insert(place,
                     std::string(choices->Bytes(1 + choices->Below(64))));
  }
  leaves->erase(std::remove(leaves->begin(), leaves->end(), ""), leaves->end());
}

void CheckChanged(Choices choices) {
  Leaves leaves = GoodLeaves();
  for (int i = 0; i < kMaxChanges && !choices.empty(); ++i) {
    Change(&choices, &leaves);
  }
  const std::string old_note = Signed(GoodLeaves());
  const bool extends =
      leaves.size() >= GoodLeaves().size() &&
      std::equal(GoodLeaves().begin(), GoodLeaves().end(), leaves.begin());

  // Whoever holds the old checkpoint sees that the log was changed, though all
  // hashes and the signature were made anew.
  const auto seen = Verify(Export(leaves, Signed(leaves)), {{"us", old_note}});
  if (seen.ok()) {
    FUZZ_CHECK(extends);
    FUZZ_CHECK(seen->size == leaves.size());
    FUZZ_CHECK(seen->root == audit::NaiveRoot(leaves, 0, leaves.size()));
    FUZZ_CHECK(seen->open_intents <= seen->intents);
  }
  // And whoever holds none, unless it was signed anew.
  const auto own = Verify(Export(leaves, old_note), {});
  FUZZ_CHECK(own.ok() == (leaves == GoodLeaves()));

  // What extends it and keeps the rules is a log; of rules there are those of
  // entries and fences, which the change may have broken.
  if (leaves == GoodLeaves()) {
    FUZZ_CHECK(seen.ok() && seen->open_intents == 1 && seen->fence == 2);
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  if (absl::StartsWith(text, "keyward-audit-export")) {
    CheckBytes(text);
  } else {
    CheckChanged(Choices(text));
  }
  return 0;
}
