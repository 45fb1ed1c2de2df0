// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/command_line.h"

#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/cli/audit_commands.h"
#include "services/cli/audit_export_command.h"
#include "services/cli/audit_prove_command.h"
#include "services/cli/audit_verify_command.h"
#include "services/cli/auth_commands.h"
#include "services/cli/context_commands.h"
#include "services/cli/failure.h"
#include "services/cli/grant_commands.h"
#include "services/cli/identity_command.h"
#include "services/cli/key_commands.h"
#include "services/cli/operator_commands.h"
#include "services/cli/policy_commands.h"
#include "services/cli/project_commands.h"
#include "services/cli/run_command.h"
#include "services/cli/secret_read_commands.h"
#include "services/cli/secret_update_command.h"
#include "services/cli/secret_write_commands.h"
#include "services/cli/session.h"
#include "services/cli/values.h"
#include "services/cli/version.h"
#include "services/cli/version_commands.h"

namespace keyward::cli {
namespace {

// The global options as they were given.
struct GlobalTexts {
  std::string context;
  std::string project;
  std::string output = "table";
  std::string timeout;
};

// Added to every command, not to the root with a fall-through to it: that
// would take a secret that is called like a command, such as `list`, for one.
void AddGlobalOptions(CLI::App* app, GlobalTexts* texts) {
  for (CLI::App* command : app->get_subcommands({})) {
    AddGlobalOptions(command, texts);
  }
  const char* group = "Global options";
  app->add_option("--context", texts->context, "The context to use")
      ->group(group);
  app->add_option("--project", texts->project, "The project's id")
      ->group(group);
  app->add_option("--output", texts->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->group(group);
  app->add_option("--timeout", texts->timeout, "For one call; 30s, at most 60s")
      ->group(group);
}

void AddCommands(CLI::App* app, Command* chosen) {
  CLI::App* secret =
      app->add_subcommand("secret", "Store secrets and read them");
  secret->require_subcommand(1);
  AddSecretWriteCommands(secret, chosen);
  AddSecretUpdateCommand(secret, chosen);
  AddSecretReadCommands(secret, chosen);
  AddVersionCommands(secret, chosen);
  AddRunCommand(app, chosen);
  CLI::App* policy = app->add_subcommand("policy", "Say who may do what");
  policy->require_subcommand(1);
  AddPolicyCommands(policy, chosen);
  AddGrantCommands(policy, chosen);
  AddProjectCommands(app, chosen);
  AddAuthCommands(app, chosen);
  AddKeyCommands(app, chosen);
  CLI::App* audit = app->add_subcommand("audit", "Read the log and check it");
  audit->require_subcommand(1);
  AddAuditCommands(audit, chosen);
  AddAuditExportCommand(audit, chosen);
  AddAuditProveCommand(audit, chosen);
  AddAuditVerifyCommand(audit, chosen);
  AddIdentityCommand(app, chosen);
  AddContextCommands(app, chosen);
  AddOperatorCommands(app, chosen);
}

absl::StatusOr<GlobalOptions> Checked(const GlobalTexts& texts) {
  GlobalOptions options;
  options.context = texts.context;
  options.project = texts.project;
  options.json = texts.output == "json";
  if (!texts.timeout.empty()) {
    absl::StatusOr<absl::Duration> timeout =
        ParseDuration("--timeout", texts.timeout);
    if (!timeout.ok()) return timeout.status();
    if (*timeout > client::kMaxCallTimeout) {
      return UsageError("--timeout is at most 60s");
    }
    options.timeout = *timeout;
  }
  return options;
}

int Report(const absl::Status& status, const Environment& environment) {
  *environment.out << std::flush;
  *environment.err << FailureText(status) << std::flush;
  return ExitCode(status);
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments,
                   const Environment& environment) {
  CLI::App app("Keyward: secrets that only those get who may have them",
               "keyward");
  app.set_version_flag("--version", absl::StrCat("keyward ", kVersion));
  app.require_subcommand(1);
  app.footer(
      "The gateway and your credentials come from the environment "
      "(KEYWARD_ADDR, KEYWARD_CA,\nKEYWARD_CERT, KEYWARD_KEY, "
      "KEYWARD_TOKEN_FILE, KEYWARD_PROJECT), a context, or the\ninstallation "
      "on this machine. `keyward COMMAND --help` has examples.\n"
      "Exit codes: 0 done, 1 refused or failed, 2 usage.");
  Command chosen;
  GlobalTexts texts;
  AddCommands(&app, &chosen);
  AddGlobalOptions(&app, &texts);
  try {
    // CLI11 takes them last first.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    // Asking for help or the version is no error.
    return app.exit(error, *environment.out, *environment.err) == 0
               ? kExitDone
               : kExitUsage;
  }
  absl::StatusOr<GlobalOptions> options = Checked(texts);
  if (!options.ok()) return Report(options.status(), environment);
  Session session(&environment, *options);
  return Report(chosen(session), environment);
}

}  // namespace keyward::cli
