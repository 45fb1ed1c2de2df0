// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_prove_command.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"
#include "libs/audit/note.h"
#include "libs/audit/proof.h"
#include "libs/audit/proof_file.h"
#include "libs/base/file_util.h"
#include "libs/client/pinned_checkpoint.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/audit_commands.h"
#include "services/cli/audit_view.h"
#include "services/cli/failure.h"
#include "services/cli/printable.h"

namespace keyward::cli {
namespace {

using audit::v1::ProveEntryRequest;
using audit::v1::ProveEntryResponse;

constexpr char kHint[] =
    "somebody may have tampered with the log: keep a copy of the data folders, "
    "and see `keyward audit verify`";

// What the gateway says of entry `index` in the tree of `pin`. It is asked for
// that tree and no newer one: the pin was just shown to extend what this
// person saw before, so a path to its root says all that there is to say.
absl::StatusOr<audit::EntryInclusion> Fetch(uint64_t index,
                                            const client::Pin& pin,
                                            Session& session) {
  ProveEntryRequest request;
  request.set_index(index);
  request.set_tree_size(pin.checkpoint.size);
  absl::StatusOr<ProveEntryResponse> answer =
      session.Call<ProveEntryResponse>(request);
  if (absl::IsOutOfRange(answer.status())) {
    return absl::DataLossError(absl::StrCat(
        "the gateway has shown a checkpoint of ", pin.checkpoint.size,
        " entries and cannot prove one of them: ", answer.status().message()));
  }
  if (!answer.ok()) return answer.status();
  absl::StatusOr<std::vector<audit::Hash>> path =
      audit::HashesFromBytes(std::vector<std::string>(
          answer->inclusion_proof().begin(), answer->inclusion_proof().end()));
  if (!path.ok()) {
    return absl::DataLossError(absl::StrCat(
        "the gateway's proof is malformed: ", path.status().message()));
  }
  audit::EntryInclusion inclusion;
  inclusion.leaf = std::move(*answer->mutable_leaf());
  inclusion.index = index;
  inclusion.path = *std::move(path);
  inclusion.checkpoint = pin.note;
  return inclusion;
}

// Fetches the proof and checks all of it.
absl::StatusOr<ProvenEntry> FetchProven(uint64_t index, const client::Pin& pin,
                                        Session& session) {
  absl::StatusOr<audit::NoteVerifier> key =
      audit::NoteVerifier::Parse(pin.verifier_key);
  if (!key.ok()) return key.status();
  absl::StatusOr<audit::EntryInclusion> inclusion = Fetch(index, pin, session);
  if (!inclusion.ok()) return inclusion.status();
  absl::StatusOr<audit::Checkpoint> checkpoint =
      audit::VerifyEntryInclusion(*inclusion, {*key});
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<audit::v1::AuditEntry> entry =
      audit::ParseEntry(inclusion->leaf);
  if (!entry.ok()) return entry.status();
  return ProvenEntry{*std::move(inclusion), *std::move(checkpoint),
                     *std::move(entry)};
}

struct ProveOptions {
  uint64_t index = 0;
  std::string out;
};

absl::Status Prove(const ProveOptions& options, Session& session) {
  absl::StatusOr<client::PinCheck> check = CheckLog(session);
  if (!check.ok()) return check.status();
  if (options.index >= check->seen.checkpoint.size) {
    return absl::OutOfRangeError(
        absl::StrCat("INDEX: the log has ", check->seen.checkpoint.size,
                     " entries, the first of which is 0"));
  }
  absl::StatusOr<ProvenEntry> proven =
      FetchProven(options.index, check->seen, session);
  if (absl::IsDataLoss(proven.status())) {
    return WithHint(proven.status(), kHint);
  }
  if (!proven.ok()) return proven.status();
  absl::StatusOr<Json> json = ProvenJson(*proven);
  if (!json.ok()) return json.status();
  if (!options.out.empty()) {
    // Private: an entry names a secret and a caller.
    absl::Status written = WriteFileDurably(
        options.out, audit::FormatProofFile(proven->inclusion), 0600);
    if (!written.ok()) return written;
  }
  if (session.json()) {
    session.out() << JsonText(*json);
    return absl::OkStatus();
  }
  session.out() << ShowProven(*proven);
  if (!options.out.empty()) {
    session.out() << "\nwrote " << Printable(options.out)
                  << "; `keyward audit verify --proof "
                  << Printable(options.out) << "` checks it\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddAuditProveCommand(CLI::App* audit, Command* chosen) {
  auto options = std::make_shared<ProveOptions>();
  CLI::App* command = audit->add_subcommand(
      "prove",
      "Prove that an entry is in the log: its path to the root of the pinned "
      "checkpoint is fetched and checked");
  command
      ->add_option("INDEX", options->index,
                   "The entry's index, as `keyward audit query` shows it")
      ->required();
  command->add_option("--out", options->out,
                      "Also write the entry and its proof to this file (mode "
                      "0600), for whoever has the log's key and nothing else");
  command->footer(
      "Examples:\n"
      "  keyward audit prove 4711\n"
      "  keyward audit prove 4711 --out read-of-db-password.tlog-proof");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Prove(*options, session); };
  });
}

}  // namespace keyward::cli
