// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/context_commands.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/file_util.h"
#include "libs/client/context_file.h"
#include "services/cli/failure.h"
#include "services/cli/printable.h"

namespace keyward::cli {
namespace {

using client::Context;
using client::ContextFile;

// Changes the file of contexts.
absl::Status Edit(Session& session,
                  absl::FunctionRef<absl::Status(ContextFile*)> change) {
  absl::StatusOr<ContextFile> file =
      client::LoadContextFile(session.contexts_path());
  if (!file.ok()) return file.status();
  absl::Status changed = change(&*file);
  if (!changed.ok()) return changed;
  absl::Status folder =
      EnsurePrivateDirectory(session.environment().config_folder);
  if (!folder.ok()) return folder;
  return client::SaveContextFile(session.contexts_path(), *file);
}

absl::Status Missing() {
  return WithHint(absl::NotFoundError("there is no context of that name"),
                  "`keyward context list` shows those that there are");
}

absl::Status List(Session& session) {
  absl::StatusOr<ContextFile> file =
      client::LoadContextFile(session.contexts_path());
  if (!file.ok()) return file.status();
  Table table({"", "context", "address", "project", "certificate", "token"});
  Json json = {{"current", file->current}, {"contexts", Json::array()}};
  for (const auto& [name, context] : file->contexts) {
    table.Add({name == file->current ? "*" : " ", name, context.address,
               context.project, context.cert_file, context.token_file});
    json["contexts"].push_back({{"name", name},
                                {"address", context.address},
                                {"caFile", context.ca_file},
                                {"certFile", context.cert_file},
                                {"keyFile", context.key_file},
                                {"tokenFile", context.token_file},
                                {"project", context.project},
                                {"serverId", context.server_id}});
  }
  session.out() << (session.json() ? JsonText(json) : table.ToString());
  return absl::OkStatus();
}

struct SetOptions {
  std::string name;
  Context context;
};

// Commands are run from any folder, so the file has full paths.
absl::Status MakeAbsolute(std::string* path) {
  if (path->empty()) return absl::OkStatus();
  std::error_code error;
  *path = std::filesystem::absolute(*path, error).lexically_normal().string();
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(error.message());
}

void SetIfGiven(const std::string& given, std::string* value) {
  if (!given.empty()) *value = given;
}

absl::Status Set(SetOptions options, Session& session) {
  absl::Status named = client::CheckContextName(options.name);
  if (!named.ok()) return UsageError(named.message());
  for (std::string* path :
       {&options.context.ca_file, &options.context.cert_file,
        &options.context.key_file, &options.context.token_file}) {
    absl::Status status = MakeAbsolute(path);
    if (!status.ok()) return status;
  }
  return Edit(session, [&](ContextFile* file) {
    Context& context = file->contexts[options.name];
    SetIfGiven(options.context.address, &context.address);
    SetIfGiven(options.context.ca_file, &context.ca_file);
    SetIfGiven(options.context.cert_file, &context.cert_file);
    SetIfGiven(options.context.key_file, &context.key_file);
    SetIfGiven(options.context.token_file, &context.token_file);
    SetIfGiven(options.context.project, &context.project);
    SetIfGiven(options.context.server_id, &context.server_id);
    if (file->current.empty()) file->current = options.name;
    return absl::OkStatus();
  });
}

void AddSet(CLI::App* group, Command* chosen) {
  auto options = std::make_shared<SetOptions>();
  CLI::App* command = group->add_subcommand(
      "set", "Make a context, or change what is given of one");
  Context& context = options->context;
  command->add_option("NAME", options->name, "[a-z0-9_-], 1 to 63 characters")
      ->required();
  command->add_option("--addr", context.address, "HOST:PORT of the gateway");
  command->add_option("--ca", context.ca_file,
                      "PEM file: who issued the gateway's certificate");
  command->add_option("--cert", context.cert_file, "PEM file: yours");
  command->add_option("--key", context.key_file, "PEM file: its key");
  command->add_option("--token-file", context.token_file,
                      "A file with a bearer token, read for every call");
  command->add_option("--use-project", context.project,
                      "The project that commands are about");
  command->add_option("--server-id", context.server_id,
                      "The gateway's SPIFFE id, if it is not "
                      "spiffe://keyward.internal/service/gateway");
  command->footer(
      "Example:\n"
      "  keyward context set prod --addr keyward.example.org:7100 "
      "--ca ca.pem --cert me.pem --key me.key");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Set(*options, session); };
  });
}

absl::Status Use(const std::string& name, Session& session) {
  return Edit(session, [&](ContextFile* file) {
    if (file->contexts.count(name) == 0) return Missing();
    file->current = name;
    return absl::OkStatus();
  });
}

// The context's pinned checkpoint stays: a context of the same name made later
// must not begin by believing whatever it is shown.
absl::Status Delete(const std::string& name, Session& session) {
  return Edit(session, [&](ContextFile* file) {
    if (file->contexts.erase(name) == 0) return Missing();
    if (file->current == name) file->current.clear();
    return absl::OkStatus();
  });
}

}  // namespace

void AddContextCommands(CLI::App* app, Command* chosen) {
  CLI::App* group = app->add_subcommand(
      "context", "Keep the gateways that you use, and how to reach them");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "List the contexts");
  list->footer("Example:\n  keyward context list");
  list->callback([chosen] { *chosen = List; });
  AddSet(group, chosen);

  auto used = std::make_shared<std::string>();
  CLI::App* use =
      group->add_subcommand("use", "Make a context the one that commands use");
  use->add_option("NAME", *used, "The context")->required();
  use->footer("Example:\n  keyward context use prod");
  use->callback([used, chosen] {
    *chosen = [used](Session& session) { return Use(*used, session); };
  });

  auto deleted = std::make_shared<std::string>();
  CLI::App* remove = group->add_subcommand("delete", "Forget a context");
  remove->add_option("NAME", *deleted, "The context")->required();
  remove->footer("Example:\n  keyward context delete old");
  remove->callback([deleted, chosen] {
    *chosen = [deleted](Session& session) { return Delete(*deleted, session); };
  });
}

}  // namespace keyward::cli
