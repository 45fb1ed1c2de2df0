// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/run_command.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/cli/access.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

constexpr size_t kMaxVariableName = 255;

struct RunOptions {
  std::vector<std::string> secrets;  // ENV=NAME
  std::vector<std::string> command;
};

struct Wanted {
  std::vector<std::string> variables;
  std::vector<std::string> names;  // full, one for each variable
};

absl::StatusOr<Wanted> ParseSecrets(const RunOptions& options,
                                    const std::string& project) {
  if (options.secrets.empty() || options.secrets.size() > kMaxRunSecrets) {
    return UsageError(
        absl::StrCat("give 1 to ", kMaxRunSecrets, " times --secret ENV=NAME"));
  }
  Wanted wanted;
  std::set<std::string> seen;
  for (const std::string& text : options.secrets) {
    auto pair = ParsePair("--secret", text);
    if (!pair.ok()) return pair.status();
    absl::Status named = CheckVariableName(pair->first);
    if (!named.ok()) return named;
    if (!seen.insert(pair->first).second) {
      return UsageError(
          absl::StrCat("--secret names the variable ", pair->first, " twice"));
    }
    absl::StatusOr<std::string> name = SecretReference(project, pair->second);
    if (!name.ok()) return name.status();
    wanted.variables.push_back(pair->first);
    wanted.names.push_back(*std::move(name));
  }
  return wanted;
}

absl::StatusOr<std::vector<SecretVariable>> Fetch(const Wanted& wanted,
                                                  Session& session) {
  absl::StatusOr<std::vector<AccessedValue>> values =
      AccessAll(wanted.names, session);
  if (!values.ok()) return values.status();
  std::vector<SecretVariable> variables;
  for (size_t i = 0; i < values->size(); ++i) {
    crypto::SecretBuffer& value = (*values)[i].value;
    const absl::string_view bytes = value.ExposeSecret();
    if (bytes.find('\0') != absl::string_view::npos) {
      return WithHint(
          absl::InvalidArgumentError(absl::StrCat(
              wanted.names[i],
              ": the value holds a NUL byte, which no environment variable "
              "can")),
          "write it to a file with `keyward secret access --out` instead");
    }
    variables.push_back({wanted.variables[i], std::move(value)});
  }
  return variables;
}

absl::Status Run(const RunOptions& options, Session& session) {
  if (options.command.empty()) {
    return UsageError("give the command to run behind --");
  }
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<Wanted> wanted = ParseSecrets(options, *project);
  if (!wanted.ok()) return wanted.status();
  absl::StatusOr<std::vector<SecretVariable>> variables =
      Fetch(*wanted, session);
  if (!variables.ok()) return variables.status();
  return session.environment().execute(options.command, *variables);
}

}  // namespace

absl::Status CheckVariableName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= kMaxVariableName &&
              !absl::ascii_isdigit(static_cast<unsigned char>(name.front()));
  for (const char c : name) {
    good = good &&
           (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_');
  }
  if (good) return absl::OkStatus();
  return UsageError(
      "--secret ENV=NAME: ENV has letters, digits and _, and does not begin "
      "with a digit");
}

void AddRunCommand(CLI::App* app, Command* chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app->add_subcommand(
      "run", "Start a program with secrets in its environment");
  command
      ->add_option("--secret", options->secrets,
                   "ENV=NAME or ENV=NAME:VERSION; give it again for more")
      ->allow_extra_args(false)
      ->required();
  command->add_option("COMMAND", options->command,
                      "The program and its arguments, behind --");
  command->footer(
      "Examples:\n"
      "  keyward run --secret PGPASSWORD=db-password -- psql -h db shop\n"
      "  keyward run --secret OLD=token:previous --secret NEW=token -- "
      "./migrate");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Run(*options, session); };
  });
}

}  // namespace keyward::cli
