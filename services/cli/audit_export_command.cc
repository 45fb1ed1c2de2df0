// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_export_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/export_file.h"
#include "libs/base/file_util.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/audit_commands.h"
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
    const int fd =
        open(part_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0) return Failed();
    close(fd);
    stream_.open(part_, std::ios::binary | std::ios::in | std::ios::out);
    return stream_ ? absl::OkStatus() : Failed();
  }

  std::ostream* stream() { return &stream_; }

  absl::Status Keep() {
    stream_.close();
    if (stream_.fail()) return Failed();
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

absl::Status Export(const std::string& path, Session& session) {
  FileInMaking file(path);
  absl::Status status = file.Open();
  if (!status.ok()) return status;
  audit::ExportWriter writer(file.stream(), 0);
  std::string checkpoint;
  status = session.Stream<ExportEntriesResponse>(
      ExportEntriesRequest(), [&](ExportEntriesResponse* response) {
        return Append(*response, &writer, &checkpoint);
      });
  if (!status.ok()) return status;
  if (checkpoint.empty()) {
    return absl::DataLossError(
        "the gateway's export ended without a "
        "checkpoint");
  }
  status = writer.Finish(checkpoint);
  if (status.ok()) status = CheckLog(session);
  if (status.ok()) status = file.Keep();
  if (!status.ok()) return status;
  if (session.json()) {
    session.out() << JsonText(
        Json{{"out", path}, {"entries", absl::StrCat(writer.next_index())}});
  } else {
    session.out() << "wrote " << writer.next_index() << " entries to "
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
