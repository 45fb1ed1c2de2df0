// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/operator_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/principal.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using operators::v1::GetStatusRequest;
using operators::v1::GetStatusResponse;
using operators::v1::ServiceStatus;

// Nothing is known of a service that does not run, or that tells the gateway
// neither this nor since when it runs.
std::string Memory(const ServiceStatus& service) {
  if (!service.serving() || !service.has_start_time()) return "";
  return service.memory_locked() ? "locked" : "may be swapped";
}

std::string ShowStatus(const GetStatusResponse& status) {
  Fields fields;
  fields.Add("installation", status.installation_id());
  fields.Add("incarnation", absl::StrCat(status.incarnation()));
  fields.Add("version", status.version());
  fields.Add("policy revision", absl::StrCat(status.policy_revision()));
  fields.Add("audit entries", absl::StrCat(status.audit_size()));
  fields.Add("open intents", absl::StrCat(status.open_intents()));
  Table table({"service", "serving", "since", "memory", "waiting for"});
  for (const ServiceStatus& service : status.services()) {
    table.Add({service.service(), service.serving() ? "yes" : "no",
               ShowTime(service.start_time()), Memory(service),
               service.detail()});
  }
  return absl::StrCat(fields.ToString(), "\n", table.ToString());
}

absl::Status Status(Session& session) {
  auto status = session.Call<GetStatusResponse>(GetStatusRequest());
  if (!status.ok()) return status.status();
  return session.Print(*status, [&] { return ShowStatus(*status); });
}

struct RecoverOptions {
  std::string principal = "spiffe://keyward.internal/user/admin";
  std::string home;
};

absl::Status RecoverAdmin(const RecoverOptions& options, Session& session) {
  absl::StatusOr<auth::Principal> principal =
      auth::Principal::Parse(options.principal);
  if (!principal.ok()) return UsageError(principal.status().message());
  const Environment& environment = session.environment();
  const std::string home = options.home.empty() ? session.home() : options.home;
  // It serves nobody meanwhile: no port that another installation may have.
  return WithHint(
      environment.execute(
          {absl::StrCat(environment.program_folder, "/keyward-standalone"),
           "--home", home, "--listen", "127.0.0.1:0", "--metrics",
           "127.0.0.1:0", "--recover-admin", principal->ToString()},
          {}),
      "keyward-standalone must lie beside this program; in a deployment of "
      "single services, run `keyward-policy --recover-admin` instead");
}

void AddRecoverAdmin(CLI::App* group, Command* chosen) {
  auto options = std::make_shared<RecoverOptions>();
  CLI::App* command = group->add_subcommand(
      "recover-admin",
      "Make a principal administrator again, on record; with "
      "the services stopped and the root key at hand");
  command->add_option("PRINCIPAL", options->principal,
                      "Who; the development administrator otherwise");
  command->add_option("--home", options->home,
                      "The installation's folder; KEYWARD_HOME or the default "
                      "otherwise");
  command->footer(
      "Examples:\n"
      "  keyward operator recover-admin\n"
      "  keyward operator recover-admin oidc:corp:alice --home /srv/keyward");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return RecoverAdmin(*options, session);
    };
  });
}

}  // namespace

void AddOperatorCommands(CLI::App* app, Command* chosen) {
  CLI::App* group = app->add_subcommand("operator", "Run the installation");
  group->require_subcommand(1);
  CLI::App* status = group->add_subcommand(
      "status", "Show how the installation and each service stand");
  status->footer("Example:\n  keyward operator status");
  status->callback([chosen] { *chosen = Status; });
  AddRecoverAdmin(group, chosen);
}

}  // namespace keyward::cli
