// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/identity_command.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/auth/development_ca.h"
#include "libs/base/file_util.h"
#include "libs/base/proto_time.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/root_key.h"
#include "services/cli/failure.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using auth::DevelopmentCa;

struct IssueOptions {
  std::string name;
  std::string ttl;
  std::string out = ".";
  std::string home;
};

// What POSIX shells read back as `text`.
std::string ShellQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

absl::StatusOr<std::string> Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": ", error.message()));
  }
  return absolute.lexically_normal().string();
}

absl::StatusOr<std::unique_ptr<DevelopmentCa>> OpenCa(
    const std::string& home, const Environment& environment) {
  crypto::RootKeyLocation location;
  location.path = absl::StrCat(home, "/keys/root.key");
  location.data_folders = {absl::StrCat(home, "/data")};
  absl::StatusOr<std::unique_ptr<crypto::KeyFileSeal>> seal =
      crypto::KeyFileSeal::Load(location, environment.random);
  if (!seal.ok()) return seal.status();
  return DevelopmentCa::Open(absl::StrCat(home, "/keys"), **seal,
                             environment.random);
}

absl::Status PrintIssued(const std::string& principal,
                         const std::string& folder, const std::string& name,
                         absl::Time expires, Session& session) {
  const std::string ca = absl::StrCat(folder, "/ca.pem");
  const std::string certificate = absl::StrCat(folder, "/", name, ".pem");
  const std::string key = absl::StrCat(folder, "/", name, ".key");
  if (session.json()) {
    const Json json = {{"principal", principal},
                       {"certFile", certificate},
                       {"keyFile", key},
                       {"caFile", ca},
                       {"expireTime", ShowTime(ToTimestamp(expires))}};
    session.out() << JsonText(json);
    return absl::OkStatus();
  }
  session.out() << "# " << principal << " until "
                << ShowTime(ToTimestamp(expires)) << "\n"
                << "export KEYWARD_CA=" << ShellQuoted(ca) << "\n"
                << "export KEYWARD_CERT=" << ShellQuoted(certificate) << "\n"
                << "export KEYWARD_KEY=" << ShellQuoted(key) << "\n";
  return absl::OkStatus();
}

absl::Status Issue(const IssueOptions& options, Session& session) {
  absl::Duration ttl = auth::kWorkloadLifetime;
  if (!options.ttl.empty()) {
    absl::StatusOr<absl::Duration> given = ParseDuration("--ttl", options.ttl);
    if (!given.ok()) return given.status();
    ttl = *given;
  }
  const std::string home = options.home.empty() ? session.home() : options.home;
  absl::StatusOr<std::string> folder = Absolute(options.out);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<std::unique_ptr<DevelopmentCa>> ca =
      OpenCa(home, session.environment());
  if (absl::IsNotFound(ca.status())) {
    return WithHint(ca.status(),
                    "the development CA is made by keyward-standalone's first "
                    "start; --home or KEYWARD_HOME says where it is");
  }
  if (!ca.ok()) return ca.status();
  const absl::Time now = session.Now();
  absl::StatusOr<std::string> principal = (*ca)->IssueTo(
      *folder, DevelopmentCa::Kind::kWorkload, options.name, ttl, now);
  if (!principal.ok()) return principal.status();
  absl::Status written = WriteFileDurably(absl::StrCat(*folder, "/ca.pem"),
                                          (*ca)->certificate_pem(), 0644);
  if (!written.ok()) return written;
  return PrintIssued(*principal, *folder, options.name, now + ttl, session);
}

}  // namespace

void AddIdentityCommand(CLI::App* app, Command* chosen) {
  CLI::App* identity =
      app->add_subcommand("identity", "Issue development identities");
  identity->require_subcommand(1);
  auto options = std::make_shared<IssueOptions>();
  CLI::App* issue = identity->add_subcommand(
      "issue",
      "Issue a workload's certificate, offline, and print the lines "
      "that make a shell use it");
  issue->add_option("NAME", options->name, "[a-z0-9-], 1 to 63 characters")
      ->required();
  issue->add_option("--ttl", options->ttl,
                    "How long it is valid; 24h otherwise");
  issue->add_option("--out", options->out,
                    "The folder for NAME.pem, NAME.key and ca.pem; the "
                    "current one otherwise");
  issue->add_option("--home", options->home,
                    "The installation's folder, with keys/ in it; KEYWARD_HOME "
                    "or the default otherwise");
  issue->footer(
      "The principal is spiffe://keyward.internal/workload/NAME.\n"
      "Examples:\n"
      "  keyward identity issue payments-api --out ids\n"
      "  eval \"$(keyward identity issue payments-api --out ids)\"");
  issue->callback([options, chosen] {
    *chosen = [options](Session& session) { return Issue(*options, session); };
  });
}

}  // namespace keyward::cli
