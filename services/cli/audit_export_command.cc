// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_export_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/export_file.h"
#include "libs/audit/export_source.h"
#include "libs/audit/verify.h"
#include "libs/base/file_util.h"
#include "libs/client/pinned_checkpoint.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/audit_commands.h"
#include "services/cli/held_checkpoints.h"
#include "services/cli/printable.h"

namespace keyward::cli {
namespace {

using audit::v1::ExportEntriesRequest;
using audit::v1::ExportEntriesResponse;

// A file that has its name only once it is whole and durable; otherwise
// nothing is left. Private: records name secrets and callers.
class FileInMaking {
 public:
  explicit FileInMaking(std::string path)
      : path_(std::move(path)), part_(absl::StrCat(path_, ".part")) {}
  ~FileInMaking() {
    if (!kept_) std::remove(part_.c_str());
  }

  FileInMaking(const FileInMaking&) = delete;
  FileInMaking& operator=(const FileInMaking&) = delete;

  absl::Status Open() {
    // Made anew: what lies there may be somebody else's, or a link to a file
    // that is to be overwritten.
    std::remove(part_.c_str());
    const int fd =
        open(part_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0) return Failed();
    close(fd);
    stream_.open(part_, std::ios::binary | std::ios::in | std::ios::out);
    return stream_ ? absl::OkStatus() : Failed();
  }

  std::ostream* stream() { return &stream_; }
  // Where the bytes are until they are kept.
  const std::string& part() const { return part_; }

  absl::Status Close() {
    stream_.close();
    return stream_.fail() ? Failed() : absl::OkStatus();
  }

  // After Close.
  absl::Status Keep() {
    const int fd = open(part_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Failed();
    const bool synced = fsync(fd) == 0;
    close(fd);
    if (!synced || std::rename(part_.c_str(), path_.c_str()) != 0) {
      return Failed();
    }
    kept_ = true;
    const std::string folder =
        std::filesystem::path(path_).parent_path().string();
    return SyncDirectory(folder.empty() ? "." : folder);
  }

 private:
  absl::Status Failed() const {
    return absl::FailedPreconditionError(
        absl::StrCat(part_, ": ", strerror(errno)));
  }

  const std::string path_;
  const std::string part_;
  std::fstream stream_;
  bool kept_ = false;
};

// Appends what one message brings; the last one brings the checkpoint.
absl::Status Append(const ExportEntriesResponse& response,
                    audit::ExportWriter* writer, std::string* checkpoint) {
  if (response.leaves_size() > 0 &&
      response.first_index() != writer->next_index()) {
    return absl::DataLossError(absl::StrCat(
        "the gateway left out entries from ", writer->next_index(), " on"));
  }
  for (const std::string& leaf : response.leaves()) {
    absl::Status added = writer->Add(leaf);
    if (!added.ok()) return added;
  }
  if (!response.checkpoint().empty()) *checkpoint = response.checkpoint();
  return absl::OkStatus();
}

struct Exported {
  uint64_t entries = 0;
  std::string checkpoint;
};

// Fetches the log into `out`.
absl::StatusOr<Exported> Fetch(std::ostream* out, Session& session) {
  audit::ExportWriter writer(out, 0);
  Exported exported;
  absl::Status status = session.Stream<ExportEntriesResponse>(
      ExportEntriesRequest(), [&](ExportEntriesResponse* response) {
        return Append(*response, &writer, &exported.checkpoint);
      });
  if (!status.ok()) return status;
  if (exported.checkpoint.empty()) {
    return absl::DataLossError(
        "the gateway's export ended without a checkpoint");
  }
  status = writer.Finish(exported.checkpoint);
  if (!status.ok()) return status;
  exported.entries = writer.next_index();
  return exported;
}

// Verifies what was written against the pin. Its own checkpoint is the new
// pin: to ask for the newest one instead would pin more than the file holds,
// and the file would not verify.
absl::Status VerifyAndPin(const std::string& path, const client::Pin& pinned,
                          const std::string& checkpoint, Session& session) {
  std::ifstream in(path, std::ios::binary);
  absl::StatusOr<std::unique_ptr<audit::ExportSource>> source =
      audit::ExportSource::Open(&in);
  if (!source.ok()) return source.status();
  TrustedCheckpoints trusted;
  AddKept("the pin", pinned, &trusted);
  absl::StatusOr<audit::VerifyReport> report = audit::VerifyLog(
      source->get(), {trusted.verifiers, trusted.held, /*settled=*/false});
  if (!report.ok()) return report.status();
  absl::StatusOr<client::Pin> seen =
      client::MakePin(pinned.verifier_key, checkpoint);
  if (!seen.ok()) return seen.status();
  absl::StatusOr<const client::Settings*> settings = session.settings();
  if (!settings.ok()) return settings.status();
  return session.pins().Keep((*settings)->pin_name, *seen, pinned);
}

absl::Status Export(const std::string& path, Session& session) {
  absl::StatusOr<client::PinCheck> check = CheckLog(session);
  if (!check.ok()) return check.status();
  FileInMaking file(path);
  absl::Status status = file.Open();
  if (!status.ok()) return status;
  absl::StatusOr<Exported> exported = Fetch(file.stream(), session);
  if (!exported.ok()) return exported.status();
  status = file.Close();
  if (!status.ok()) return status;
  status =
      VerifyAndPin(file.part(), check->seen, exported->checkpoint, session);
  if (status.ok()) status = file.Keep();
  if (!status.ok()) return status;
  if (session.json()) {
    session.out() << JsonText(
        Json{{"out", path}, {"entries", absl::StrCat(exported->entries)}});
  } else {
    session.out() << "wrote " << exported->entries << " entries to "
                  << Printable(path) << "; `keyward audit verify --export "
                  << Printable(path) << "` checks them\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddAuditExportCommand(CLI::App* audit, Command* chosen) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = audit->add_subcommand(
      "export", "Write the whole log to a file that anyone can verify");
  command->add_option("--out", *path, "The file (mode 0600)")->required();
  command->footer("Example:\n  keyward audit export --out audit.log");
  command->callback([path, chosen] {
    *chosen = [path](Session& session) { return Export(*path, session); };
  });
}

}  // namespace keyward::cli
