// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_verify_command.h"

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/audit/export_source.h"
#include "libs/audit/folder_source.h"
#include "libs/audit/proof_file.h"
#include "libs/audit/verify.h"
#include "libs/base/file_util.h"
#include "libs/client/pinned_checkpoint.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"
#include "services/cli/audit_view.h"
#include "services/cli/failure.h"
#include "services/cli/held_checkpoints.h"
#include "services/cli/printable.h"

namespace keyward::cli {
namespace {

using audit::VerifyReport;
using client::Pin;

// A pin's file: a note and a key.
constexpr size_t kMaxCheckpointFile = 32 << 10;

constexpr char kFolderHint[] =
    "keep a copy of what was verified; if it is another installation's log "
    "than the one that is pinned, use --ignore-pin";
constexpr char kExportHint[] =
    "keep a copy of what was verified; an export ends below every checkpoint "
    "that is newer: export again, or use --ignore-pin and a --checkpoint of "
    "its own time";

constexpr char kProofHint[] =
    "the file is not what `keyward audit prove` wrote, or is of another "
    "installation's log than the one that is pinned: then use --ignore-pin "
    "and --verifier-key";

struct VerifyCommandOptions {
  std::string export_file;
  std::string proof_file;
  std::string data;
  std::string checkpoint_file;
  std::string verifier_key;
  bool ignore_pin = false;
  bool settled = false;
};

// What people keep outside of the installation: the checkpoint in a file, the
// pinned one, a key.
absl::Status AddOutside(const VerifyCommandOptions& options, Session& session,
                        TrustedCheckpoints* trusted) {
  if (!options.checkpoint_file.empty()) {
    absl::StatusOr<std::string> text =
        ReadFileBounded(options.checkpoint_file, kMaxCheckpointFile);
    if (!text.ok()) return text.status();
    absl::StatusOr<Pin> pin = client::ParsePin(*text);
    if (!pin.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.checkpoint_file, ": ", pin.status().message()));
    }
    AddKept(options.checkpoint_file, *pin, trusted);
  }
  if (!options.verifier_key.empty()) {
    absl::StatusOr<audit::NoteVerifier> verifier =
        audit::NoteVerifier::Parse(options.verifier_key);
    if (!verifier.ok()) return UsageError("--verifier-key is no verifier key");
    trusted->verifiers.push_back(*std::move(verifier));
  }
  if (options.ignore_pin) return absl::OkStatus();
  absl::StatusOr<const client::Settings*> settings = session.settings();
  if (!settings.ok()) return settings.status();
  absl::StatusOr<absl::optional<Pin>> pinned =
      session.pins().Load((*settings)->pin_name);
  if (!pinned.ok()) return pinned.status();
  if (pinned->has_value()) {
    AddKept("the pin", **pinned, trusted);
  }
  return absl::OkStatus();
}

// A file that whoever could have forged it wrote proves nothing by a key that
// comes with it.
absl::Status CheckHasKey(const TrustedCheckpoints& trusted) {
  if (!trusted.verifiers.empty()) return absl::OkStatus();
  return WithHint(
      absl::FailedPreconditionError(
          "a file proves nothing without a key from elsewhere"),
      "give --checkpoint FILE, or --verifier-key as `keyward audit "
      "checkpoint` shows it, or pin the log with that command first");
}

absl::StatusOr<VerifyReport> VerifyExport(const VerifyCommandOptions& options,
                                          const TrustedCheckpoints& trusted) {
  absl::Status has_key = CheckHasKey(trusted);
  if (!has_key.ok()) return has_key;
  std::ifstream file(options.export_file, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat(options.export_file, ": cannot be opened"));
  }
  absl::StatusOr<std::unique_ptr<audit::ExportSource>> source =
      audit::ExportSource::Open(&file);
  if (!source.ok()) return source.status();
  return audit::VerifyLog(source->get(),
                          {trusted.verifiers, trusted.held, options.settled});
}

absl::StatusOr<VerifyReport> VerifyFolder(const VerifyCommandOptions& options,
                                          const std::string& data,
                                          TrustedCheckpoints* trusted) {
  absl::Status status = AddHeldBelow(data, trusted);
  if (!status.ok()) return status;
  status = AddOwnKey(data, trusted);
  if (!status.ok()) return status;
  // After the checkpoints: a server that runs meanwhile lets the log grow.
  absl::StatusOr<std::unique_ptr<kv::KeyValueReader>> state =
      kv::OpenRocksDbReadOnly(absl::StrCat(data, "/audit"));
  if (!state.ok()) return state.status();
  audit::FolderSource source(state->get());
  return audit::VerifyLog(&source,
                          {trusted->verifiers, trusted->held, options.settled});
}

std::string SizeOf(const audit::HeldCheckpoint& held) {
  absl::StatusOr<audit::Checkpoint> read =
      audit::ReadCheckpointUnverified(held.note);
  return read.ok() ? absl::StrCat(read->size) : "unreadable";
}

std::string ShowReport(const VerifyReport& report,
                       const TrustedCheckpoints& trusted) {
  Fields fields;
  fields.Add("entries", absl::StrCat(report.size));
  fields.Add("root", absl::Base64Escape(report.root.view()));
  fields.Add("policy revision", absl::StrCat(report.fence));
  fields.Add("changes", absl::StrCat(report.intents, ", ", report.open_intents,
                                     " without an outcome yet"));
  fields.Add("open", absl::StrJoin(report.open_list, ", "));
  for (const audit::HeldCheckpoint& held : trusted.held) {
    fields.Add("extends",
               absl::StrCat(held.name, " (size ", SizeOf(held), ")"));
  }
  if (report.checkpoint_name.empty()) {
    fields.Add("warning",
               "no checkpoint to compare with: the log is whole "
               "and keeps its rules, and that is all");
  } else {
    fields.Add("newest used", absl::StrCat(report.checkpoint_name, " (size ",
                                           report.checkpoint_size, ")"));
  }
  if (trusted.keys_are_the_logs_own) {
    fields.Add("warning",
               "the key is the one beside the log; pin the log "
               "with `keyward audit checkpoint`, or give "
               "--checkpoint, to notice another log in its place");
  }
  return absl::StrCat("verified\n", fields.ToString());
}

Json ReportJson(const VerifyReport& report, const TrustedCheckpoints& trusted) {
  Json json = {{"verified", true},
               {"size", absl::StrCat(report.size)},
               {"rootHash", absl::Base64Escape(report.root.view())},
               {"policyRevision", absl::StrCat(report.fence)},
               {"intents", absl::StrCat(report.intents)},
               {"openIntents", absl::StrCat(report.open_intents)},
               {"newestCheckpoint", report.checkpoint_name},
               {"newestCheckpointSize", absl::StrCat(report.checkpoint_size)},
               {"keysAreTheLogsOwn", trusted.keys_are_the_logs_own},
               {"checkpoints", Json::array()}};
  for (const audit::HeldCheckpoint& held : trusted.held) {
    json["checkpoints"].push_back(
        {{"name", held.name}, {"size", SizeOf(held)}});
  }
  return json;
}

// A log signs one tree of each size: with another root than in a checkpoint
// that somebody kept, one of the two is a lie. Of other sizes a proof of one
// entry says nothing.
absl::Status CompareWithHeld(const audit::Checkpoint& checkpoint,
                             const TrustedCheckpoints& trusted) {
  for (const audit::HeldCheckpoint& held : trusted.held) {
    absl::StatusOr<audit::Checkpoint> kept =
        audit::OpenCheckpoint(held.note, trusted.verifiers);
    if (!kept.ok()) return kept.status();
    if (kept->size == checkpoint.size && kept->root != checkpoint.root) {
      return absl::DataLossError(
          absl::StrCat("the proof's checkpoint of ", checkpoint.size,
                       " entries is of another tree than that of ", held.name));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ProvenEntry> VerifyProof(const std::string& path,
                                        const TrustedCheckpoints& trusted) {
  absl::Status status = CheckHasKey(trusted);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> text =
      ReadFileBounded(path, audit::kMaxProofFileBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<audit::EntryInclusion> inclusion =
      audit::ParseProofFile(*text);
  if (!inclusion.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", inclusion.status().message()));
  }
  absl::StatusOr<audit::Checkpoint> checkpoint =
      audit::VerifyEntryInclusion(*inclusion, trusted.verifiers);
  if (!checkpoint.ok()) return checkpoint.status();
  status = CompareWithHeld(*checkpoint, trusted);
  if (!status.ok()) return status;
  absl::StatusOr<audit::v1::AuditEntry> entry =
      audit::ParseEntry(inclusion->leaf);
  if (!entry.ok()) return entry.status();
  return ProvenEntry{*std::move(inclusion), *std::move(checkpoint),
                     *std::move(entry)};
}

absl::Status PrintProof(const std::string& path,
                        const TrustedCheckpoints& trusted, Session& session) {
  absl::StatusOr<ProvenEntry> proven = VerifyProof(path, trusted);
  if (absl::IsDataLoss(proven.status()) ||
      absl::IsUnauthenticated(proven.status())) {
    return WithHint(proven.status(), kProofHint);
  }
  if (!proven.ok()) return proven.status();
  absl::StatusOr<Json> json = ProvenJson(*proven);
  if (!json.ok()) return json.status();
  session.out() << (session.json() ? JsonText(*json) : ShowProven(*proven));
  return absl::OkStatus();
}

absl::Status Verify(const VerifyCommandOptions& options, Session& session) {
  TrustedCheckpoints trusted;
  absl::Status status = AddOutside(options, session, &trusted);
  if (!status.ok()) return status;
  if (!options.proof_file.empty()) {
    return PrintProof(options.proof_file, trusted, session);
  }
  absl::StatusOr<VerifyReport> report;
  if (!options.export_file.empty()) {
    report = VerifyExport(options, trusted);
  } else {
    absl::StatusOr<const client::Settings*> settings = session.settings();
    if (!settings.ok()) return settings.status();
    report = VerifyFolder(
        options, options.data.empty() ? (*settings)->data_folder : options.data,
        &trusted);
  }
  if (absl::IsDataLoss(report.status()) ||
      absl::IsUnauthenticated(report.status())) {
    return WithHint(report.status(),
                    options.export_file.empty() ? kFolderHint : kExportHint);
  }
  if (!report.ok()) return report.status();
  session.out() << (session.json() ? JsonText(ReportJson(*report, trusted))
                                   : ShowReport(*report, trusted));
  return absl::OkStatus();
}

}  // namespace

void AddAuditVerifyCommand(CLI::App* audit, Command* chosen) {
  auto options = std::make_shared<VerifyCommandOptions>();
  CLI::App* command = audit->add_subcommand(
      "verify",
      "Recompute the log's tree and compare it with every "
      "checkpoint that can be found; offline");
  CLI::Option* exported = command->add_option(
      "--export", options->export_file, "A file of `keyward audit export`");
  CLI::Option* proof =
      command->add_option("--proof", options->proof_file,
                          "A file of `keyward audit prove --out`: one entry");
  CLI::Option* data = command->add_option(
      "--data", options->data,
      "A data folder, also of a running server; KEYWARD_DATA or this "
      "machine's otherwise");
  exported->excludes(proof)->excludes(data);
  proof->excludes(data);
  command->add_option("--checkpoint", options->checkpoint_file,
                      "A file of `keyward audit checkpoint --out`");
  command->add_option("--verifier-key", options->verifier_key,
                      "The log's key, as `keyward audit checkpoint` shows it");
  command->add_flag("--ignore-pin", options->ignore_pin,
                    "Leave the pinned checkpoint out: it is another log's");
  command
      ->add_flag("--settled", options->settled,
                 "Fail if a change has no outcome yet")
      ->excludes(proof);
  command->footer(
      "Examples:\n"
      "  keyward audit verify\n"
      "  keyward audit verify --data /var/lib/keyward/data "
      "--checkpoint /mnt/usb/keyward.checkpoint\n"
      "  keyward audit verify --export audit.log --settled\n"
      "  keyward audit verify --proof read-of-db-password.tlog-proof");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Verify(*options, session); };
  });
}

}  // namespace keyward::cli
