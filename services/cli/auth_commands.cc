// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/auth_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using policy::v1::CallerBinding;
using policy::v1::GetCallerIdentityRequest;
using policy::v1::GetCallerIdentityResponse;
using policy::v1::TestPermissionsRequest;
using policy::v1::TestPermissionsResponse;

std::string ShowCaller(const GetCallerIdentityResponse& caller) {
  Fields fields;
  fields.Add("principal", caller.principal());
  fields.Add("proven by", caller.authentication());
  fields.Add("credential", caller.credential_id());
  fields.Add("expires", ShowTime(caller.expire_time()));
  fields.Add("policy revision", absl::StrCat(caller.revision()));
  Table bindings({"role", "on", "until", "binding"});
  for (const CallerBinding& binding : caller.bindings()) {
    bindings.Add({binding.role(), binding.resource(),
                  ShowTime(binding.expire_time()), binding.name()});
  }
  if (bindings.empty()) {
    return absl::StrCat(fields.ToString(), "\nno binding names you\n");
  }
  return absl::StrCat(fields.ToString(), "\n", bindings.ToString());
}

absl::Status WhoAmI(Session& session) {
  auto caller =
      session.Call<GetCallerIdentityResponse>(GetCallerIdentityRequest());
  if (!caller.ok()) return caller.status();
  return session.Print(*caller, [&] { return ShowCaller(*caller); });
}

// `words` is ACTION... RESOURCE.
absl::Status Can(const std::vector<std::string>& words, Session& session) {
  if (words.size() < 2) {
    return UsageError("give one or more actions and then a resource");
  }
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> resource = PolicyResource(*project, words.back());
  if (!resource.ok()) return resource.status();
  TestPermissionsRequest request;
  request.set_resource(*resource);
  for (size_t i = 0; i + 1 < words.size(); ++i) request.add_actions(words[i]);
  auto held = session.Call<TestPermissionsResponse>(request);
  if (!held.ok()) return held.status();
  bool all = true;
  Table table({"action", "allowed"});
  for (const std::string& action : request.actions()) {
    const bool allowed =
        std::find(held->actions().begin(), held->actions().end(), action) !=
        held->actions().end();
    table.Add({action, allowed ? "yes" : "no"});
    all = all && allowed;
  }
  absl::Status printed = session.Print(*held, [&] { return table.ToString(); });
  if (!printed.ok()) return printed;
  return all ? absl::OkStatus() : NegativeResult();
}

}  // namespace

void AddAuthCommands(CLI::App* app, Command* chosen) {
  CLI::App* auth = app->add_subcommand("auth", "Who you are, what you may do");
  auth->require_subcommand(1);

  CLI::App* whoami = auth->add_subcommand(
      "whoami", "Show who the gateway says you are, and your roles");
  whoami->footer("Example:\n  keyward auth whoami");
  whoami->callback([chosen] { *chosen = WhoAmI; });

  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* can = auth->add_subcommand(
      "can", "Ask whether you may; exit code 1 unless you hold all actions");
  can->add_option("ACTION", *words, "Actions, and then what they are about")
      ->required()
      ->option_text("... RESOURCE");
  can->footer(
      "Examples:\n"
      "  keyward auth can secrets.access secrets/db-password\n"
      "  keyward auth can secrets.create secrets.delete projects/payments");
  can->callback([words, chosen] {
    *chosen = [words](Session& session) { return Can(*words, session); };
  });
}

}  // namespace keyward::cli
