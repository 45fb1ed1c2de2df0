// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Proofs of entries as files, which `audit verify --proof` reads from anyone
// (P3). The input is a file or, if its first byte is not a letter, changes of
// the good one.

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "libs/audit/entry.h"
#include "libs/audit/proof.h"
#include "libs/audit/proof_file.h"
#include "tests/fault/fuzz/fuzz.h"
#include "tests/fault/fuzz/test_log.h"

namespace keyward::fuzz {
namespace {

using audit::EntryInclusion;

// One of the two that were signed, each once: it takes a while.
const std::string& Checkpoint(uint64_t size) {
  const auto sign = [](uint64_t of) {
    return new std::string(
        audit::SignCheckpoint(TestLog::Get().signer(), TestLog::Get().At(of))
            .value());
  };
  static const std::string& none = *sign(0);
  static const std::string& both = *sign(2);
  return size == 0 ? none : both;
}

void CheckBelief(const EntryInclusion& inclusion) {
  const TestLog& log = TestLog::Get();
  const auto checkpoint = VerifyEntryInclusion(inclusion, log.verifiers());
  if (!checkpoint.ok()) return;
  FUZZ_CHECK(log.HasSigned(*checkpoint) && checkpoint->size == 2);
  FUZZ_CHECK(inclusion.index < log.leaves().size());
  FUZZ_CHECK(inclusion.leaf == log.leaves()[inclusion.index]);
  FUZZ_CHECK(inclusion.path.size() == 1);
  FUZZ_CHECK(inclusion.path[0] ==
             audit::LeafHash(log.leaves()[1 - inclusion.index]));
}

void CheckFile(absl::string_view text) {
  const absl::StatusOr<EntryInclusion> inclusion = audit::ParseProofFile(text);
  if (!inclusion.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(inclusion.status()));
    return;
  }
  FUZZ_CHECK(text.size() <= audit::kMaxProofFileBytes);
  FUZZ_CHECK(inclusion->path.size() <= audit::kMaxProofHashes);
  FUZZ_CHECK(!inclusion->leaf.empty());
  FUZZ_CHECK(inclusion->leaf.size() <= audit::kMaxEntryBytes);
  FUZZ_CHECK(audit::FormatProofFile(*inclusion) == text);
  CheckBelief(*inclusion);
}

// Far fewer changes of a file leave it a file than changes of what it says.
void CheckChanged(Choices choices) {
  const TestLog& log = TestLog::Get();
  EntryInclusion inclusion;
  inclusion.index = choices.Below(2);
  inclusion.leaf = log.leaves()[inclusion.index];
  inclusion.path = {audit::LeafHash(log.leaves()[1 - inclusion.index])};
  inclusion.checkpoint = audit::SignCheckpoint(log.signer(), log.At(2)).value();
  const EntryInclusion good = inclusion;
  CheckBelief(good);
  FUZZ_CHECK(VerifyEntryInclusion(good, log.verifiers()).ok());
  while (!choices.empty()) {
    switch (choices.Below(6)) {
      case 0:
        inclusion.index = choices.Byte();
        break;
      case 1:
        inclusion.leaf = std::string(choices.Bytes(1 + choices.Below(8)));
        break;
      case 2:
        inclusion.path.resize(choices.Below(4));
        break;
      case 3:
        if (!inclusion.path.empty()) {
          inclusion.path[0].bytes[choices.Below(32)] ^= choices.Byte();
        }
        break;
      case 4:
        inclusion.checkpoint[choices.Below(inclusion.checkpoint.size())] =
            static_cast<char>(choices.Byte());
        break;
      default:
        inclusion.checkpoint = Checkpoint(0);
    }
  }
  CheckBelief(inclusion);
  if (!inclusion.leaf.empty()) CheckFile(audit::FormatProofFile(inclusion));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  if (text.empty() || absl::ascii_isalpha(data[0])) {
    CheckFile(text);
  } else {
    CheckChanged(Choices(text.substr(1)));
  }
  return 0;
}
