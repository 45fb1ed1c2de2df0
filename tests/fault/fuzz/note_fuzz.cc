// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Signed notes, checkpoints, verifier keys, pins and the log's key file: what
// a log has committed itself to (P3). A note is believed only if its key signed
// exactly its text.

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/kept_checkpoint.h"
#include "libs/audit/log_key.h"
#include "libs/audit/note.h"
#include "libs/base/byte_order.h"
#include "libs/client/pinned_checkpoint.h"
#include "tests/fault/fuzz/fuzz.h"
#include "tests/fault/fuzz/test_log.h"

namespace keyward::fuzz {
namespace {

using audit::Checkpoint;

// A note is one text, whose parts give it back.
void CheckForm(absl::string_view text) {
  const absl::StatusOr<audit::Note> note = audit::ParseNote(text);
  if (!note.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(note.status()));
    return;
  }
  FUZZ_CHECK(text.size() <= audit::kMaxNoteBytes);
  FUZZ_CHECK(!note->signatures.empty());
  FUZZ_CHECK(note->signatures.size() <= audit::kMaxNoteSignatures);
  std::string again = note->text + "\n";
  for (const audit::NoteSignature& signature : note->signatures) {
    std::string blob;
    PutBigEndian32(&blob, signature.key_id);
    absl::StrAppend(&blob, signature.signature);
    absl::StrAppend(&again, "\xe2\x80\x94 ", signature.name, " ",
                    absl::Base64Escape(blob), "\n");
  }
  FUZZ_CHECK(again == text);
}

void CheckCheckpointText(absl::string_view text) {
  const absl::StatusOr<Checkpoint> checkpoint =
      audit::ParseCheckpointText(text);
  if (!checkpoint.ok()) return;
  // Further lines are ignored; those that count have one spelling.
  FUZZ_CHECK(absl::StartsWith(text, audit::CheckpointText(*checkpoint)));
}

void CheckBelief(absl::string_view text) {
  const TestLog& log = TestLog::Get();
  const auto opened = audit::OpenNote(text, log.verifiers());
  const auto checkpoint = audit::OpenCheckpoint(text, log.verifiers());
  if (opened.ok()) {
    FUZZ_CHECK(*opened == audit::CheckpointText(log.At(0)) ||
               *opened == audit::CheckpointText(log.At(2)));
    FUZZ_CHECK(checkpoint.ok());
  }
  if (checkpoint.ok()) {
    FUZZ_CHECK(opened.ok() && log.HasSigned(*checkpoint));
    const auto unverified = audit::ReadCheckpointUnverified(text);
    FUZZ_CHECK(unverified.ok() && unverified->root == checkpoint->root);
  }
  const auto handed = audit::OpenHandedCheckpoint(text, log.key());
  if (handed.ok()) FUZZ_CHECK(log.HasSigned(*handed));

  // What a service keeps only grows, under the key that it pinned.
  static const std::string& empty =
      *new std::string(audit::SignCheckpoint(log.signer(), log.At(0)).value());
  for (const auto& kept : {audit::KeptCheckpoint{"", 0, log.key()},
                           audit::KeptCheckpoint{empty, 0, log.key()}}) {
    const auto next = audit::KeepFromCall(kept, text);
    if (!next.ok() || !next->has_value()) continue;
    FUZZ_CHECK((*next)->size == 2 && (*next)->note == text);
    FUZZ_CHECK((*next)->verifier_key == kept.verifier_key);
    FUZZ_CHECK(checkpoint.ok() && checkpoint->size == 2);
  }
}

void CheckKeys(absl::string_view text) {
  const auto verifier = audit::NoteVerifier::Parse(text);
  if (verifier.ok()) FUZZ_CHECK(verifier->ToString() == text);

  const auto file = audit::ReadLogVerifier(text);
  if (file.ok()) {
    FUZZ_CHECK(absl::StrContains(
        text, absl::StrCat("keyward-log-key 1\n", file->ToString(), "\n")));
  } else {
    FUZZ_CHECK(absl::IsDataLoss(file.status()));
  }

  const auto pin = client::ParsePin(text);
  if (!pin.ok()) return;
  FUZZ_CHECK(client::FormatPin(*pin) == text);
  const auto key = audit::NoteVerifier::Parse(pin->verifier_key);
  FUZZ_CHECK(key.ok() && key->name() == pin->checkpoint.origin);
  FUZZ_CHECK(audit::OpenCheckpoint(pin->note, {*key}).ok());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckForm(Text(data, size));
  CheckCheckpointText(Text(data, size));
  CheckBelief(Text(data, size));
  CheckKeys(Text(data, size));
  return 0;
}
