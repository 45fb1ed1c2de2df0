// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/version_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/secret_view.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using secrets::v1::DestroySecretVersionRequest;
using secrets::v1::DestroySecretVersionResponse;
using secrets::v1::DisableSecretVersionRequest;
using secrets::v1::DisableSecretVersionResponse;
using secrets::v1::EnableSecretVersionRequest;
using secrets::v1::EnableSecretVersionResponse;
using secrets::v1::PromoteSecretVersionRequest;
using secrets::v1::PromoteSecretVersionResponse;
using secrets::v1::RollbackSecretRequest;
using secrets::v1::RollbackSecretResponse;
using secrets::v1::Secret;

struct VersionOptions {
  std::string name;
  std::string version;
  std::string etag;
  bool allow_current = false;
};

// The version's full name. Where `numbered`, only a number will do: a stage
// could move between what a person saw and what is destroyed.
absl::StatusOr<std::string> Named(const VersionOptions& options, bool numbered,
                                  Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> name =
      VersionName(*project, options.name, options.version);
  if (!name.ok() || !numbered) return name;
  absl::StatusOr<int64_t> number =
      ParseVersionNumber("VERSION", LastSegment(*name));
  if (!number.ok()) return number.status();
  return name;
}

void AddNameAndVersion(CLI::App* command, VersionOptions* options,
                       const char* version_help) {
  command->add_option("NAME", options->name, "The secret")->required();
  command->add_option("VERSION", options->version, version_help);
}

// enable and disable differ in their types alone.
template <typename Request, typename Response>
absl::Status SetState(const VersionOptions& options, const char* done,
                      Session& session) {
  absl::StatusOr<std::string> name = Named(options, true, session);
  if (!name.ok()) return name.status();
  Request request;
  request.set_name(*name);
  request.set_etag(options.etag);
  auto response = session.Call<Response>(std::move(request));
  if (!response.ok()) return response.status();
  return session.Print(*response, [&] {
    return absl::StrCat(done, " ", DescribeVersion(response->version()), "\n");
  });
}

template <typename Request, typename Response>
void AddStateCommand(CLI::App* secret, Command* chosen, const char* verb,
                     const char* help, const char* done) {
  auto options = std::make_shared<VersionOptions>();
  CLI::App* command = secret->add_subcommand(verb, help);
  AddNameAndVersion(command, options.get(), "The version's number");
  command->add_option("--etag", options->etag,
                      "Only if this is still the version's etag");
  command->footer(
      absl::StrCat("Example:\n  keyward secret ", verb, " db-password 3"));
  command->callback([options, done, chosen] {
    *chosen = [options, done](Session& session) {
      return SetState<Request, Response>(*options, done, session);
    };
  });
}

absl::Status Destroy(const VersionOptions& options, Session& session) {
  absl::StatusOr<std::string> name = Named(options, true, session);
  if (!name.ok()) return name.status();
  DestroySecretVersionRequest request;
  request.set_name(*name);
  request.set_etag(options.etag);
  request.set_allow_current(options.allow_current);
  auto response = session.Call<DestroySecretVersionResponse>(request);
  if (absl::IsFailedPrecondition(response.status()) && !options.allow_current) {
    return WithHint(response.status(),
                    "--allow-current destroys even the current version");
  }
  if (!response.ok()) return response.status();
  return session.Print(*response, [&] {
    return absl::StrCat("destroyed ", DescribeVersion(response->version()),
                        " for good\n");
  });
}

void AddDestroy(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<VersionOptions>();
  CLI::App* command = secret->add_subcommand(
      "destroy", "Destroy one version's value, at once and for good");
  AddNameAndVersion(command, options.get(), "The version's number");
  command->add_flag("--allow-current", options->allow_current,
                    "Even if it is the current version");
  command->add_option("--etag", options->etag,
                      "Only if this is still the version's etag");
  command->footer("Example:\n  keyward secret destroy db-password 1");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return Destroy(*options, session);
    };
  });
}

std::string ShowMoved(const Secret& secret) {
  std::string text = absl::StrCat("version ", secret.current_version(), " of ",
                                  secret.name(), " is current");
  if (secret.previous_version() > 0) {
    absl::StrAppend(&text, ", ", secret.previous_version(), " is previous");
  }
  return absl::StrCat(text, "\n");
}

absl::Status Promote(VersionOptions options, Session& session) {
  if (options.version.empty()) options.version = "pending";
  absl::StatusOr<std::string> name = Named(options, false, session);
  if (!name.ok()) return name.status();
  PromoteSecretVersionRequest request;
  request.set_name(*name);
  request.set_etag(options.etag);
  auto response = session.Call<PromoteSecretVersionResponse>(request);
  if (!response.ok()) return response.status();
  return session.Print(*response,
                       [&] { return ShowMoved(response->secret()); });
}

void AddPromote(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<VersionOptions>();
  CLI::App* command =
      secret->add_subcommand("promote", "Make a version current");
  AddNameAndVersion(command, options.get(),
                    "The version's number; the pending one otherwise");
  command->add_option("--etag", options->etag,
                      "Only if this is still the secret's etag");
  command->footer(
      "Examples:\n"
      "  keyward secret promote db-password\n"
      "  keyward secret promote db-password 3");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return Promote(*options, session);
    };
  });
}

absl::Status Rollback(const VersionOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<ResourceName> name = SecretName(*project, options.name);
  if (!name.ok()) return name.status();
  RollbackSecretRequest request;
  request.set_name(name->ToString());
  request.set_etag(options.etag);
  auto response = session.Call<RollbackSecretResponse>(request);
  if (!response.ok()) return response.status();
  return session.Print(*response,
                       [&] { return ShowMoved(response->secret()); });
}

void AddRollback(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<VersionOptions>();
  CLI::App* command = secret->add_subcommand(
      "rollback", "Make the previous version current again");
  command->add_option("NAME", options->name, "The secret")->required();
  command->add_option("--etag", options->etag,
                      "Only if this is still the secret's etag");
  command->footer("Example:\n  keyward secret rollback db-password");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return Rollback(*options, session);
    };
  });
}

}  // namespace

void AddVersionCommands(CLI::App* secret, Command* chosen) {
  AddStateCommand<EnableSecretVersionRequest, EnableSecretVersionResponse>(
      secret, chosen, "enable", "Make a disabled version readable again",
      "enabled");
  AddStateCommand<DisableSecretVersionRequest, DisableSecretVersionResponse>(
      secret, chosen, "disable", "Refuse access to a version until enabled",
      "disabled");
  AddDestroy(secret, chosen);
  AddPromote(secret, chosen);
  AddRollback(secret, chosen);
}

}  // namespace keyward::cli
