// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/secret_write_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/printable.h"
#include "services/cli/secret_view.h"
#include "services/cli/value_source.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using secrets::v1::AddSecretVersionRequest;
using secrets::v1::AddSecretVersionResponse;
using secrets::v1::CreateSecretRequest;
using secrets::v1::CreateSecretResponse;
using secrets::v1::DeleteSecretRequest;
using secrets::v1::DeleteSecretResponse;
using secrets::v1::Secret;
using secrets::v1::UndeleteSecretRequest;
using secrets::v1::UndeleteSecretResponse;

// The secret that a command is about.
absl::StatusOr<ResourceName> Named(Session& session, const std::string& text) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  return SecretName(*project, text);
}

struct CreateOptions {
  std::string name;
  ValueOptions value;
  std::string type;
  std::vector<std::string> labels;
  std::vector<std::string> annotations;
  std::string ttl;
  std::string expire_time;
  std::string key;
  bool deletion_protection = false;
};

absl::Status SetLifetime(const std::string& ttl, const std::string& expire_time,
                         absl::Time now, Secret* secret) {
  if (!ttl.empty() && !expire_time.empty()) {
    return UsageError("give --ttl or --expire-time, not both");
  }
  if (!ttl.empty()) {
    absl::StatusOr<absl::Duration> duration = ParseDuration("--ttl", ttl);
    if (!duration.ok()) return duration.status();
    *secret->mutable_ttl() = ToProtoDuration(*duration);
  }
  if (!expire_time.empty()) {
    absl::StatusOr<absl::Time> time =
        ParseTime("--expire-time", expire_time, now, /*past=*/false);
    if (!time.ok()) return time.status();
    *secret->mutable_expire_time() = ToTimestamp(*time);
  }
  return absl::OkStatus();
}

absl::StatusOr<Secret> SecretOf(const CreateOptions& options,
                                const std::string& project, absl::Time now) {
  Secret secret;
  if (!options.type.empty()) {
    absl::StatusOr<secrets::v1::SecretType> type =
        ParseSecretType(options.type);
    if (!type.ok()) return type.status();
    secret.set_type(*type);
  }
  for (const std::string& text : options.labels) {
    auto pair = ParsePair("--label", text);
    if (!pair.ok()) return pair.status();
    (*secret.mutable_labels())[pair->first] = pair->second;
  }
  for (const std::string& text : options.annotations) {
    auto pair = ParsePair("--annotation", text);
    if (!pair.ok()) return pair.status();
    (*secret.mutable_annotations())[pair->first] = pair->second;
  }
  if (!options.key.empty()) {
    absl::StatusOr<ResourceName> key = KeyName(project, options.key);
    if (!key.ok()) return key.status();
    secret.set_key(key->ToString());
  }
  secret.set_deletion_protection(options.deletion_protection);
  absl::Status status =
      SetLifetime(options.ttl, options.expire_time, now, &secret);
  if (!status.ok()) return status;
  return secret;
}

std::string ShowCreated(const CreateSecretResponse& created) {
  std::string text =
      absl::StrCat("created ", Printable(created.secret().name()));
  if (created.has_version()) {
    absl::StrAppend(&text, " with version ",
                    Printable(LastSegment(created.version().name())));
  }
  return absl::StrCat(text, "\n");
}

absl::Status Create(const CreateOptions& options, Session& session) {
  absl::StatusOr<ResourceName> name = Named(session, options.name);
  if (!name.ok()) return name.status();
  absl::StatusOr<Secret> secret =
      SecretOf(options, std::string(name->project()), session.Now());
  if (!secret.ok()) return secret.status();
  absl::StatusOr<absl::optional<SecretValue>> value =
      ReadValue(options.value, session.environment());
  if (!value.ok()) return value.status();
  CreateSecretRequest request;
  request.set_parent(name->parent()->ToString());
  request.set_secret_id(std::string(name->secret()));
  *request.mutable_secret() = *std::move(secret);
  if (value->has_value()) SetValue(**value, &request);
  auto created = session.Call<CreateSecretResponse>(std::move(request));
  if (!created.ok()) return created.status();
  return session.Print(*created, [&] { return ShowCreated(*created); });
}

void AddCreate(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = secret->add_subcommand(
      "create", "Create a secret; with a value, its first version too");
  command->add_option("NAME", options->name, "The secret")->required();
  AddValueOptions(command, &options->value);
  command->add_option("--type", options->type,
                      "opaque (the default), database-credentials, api-key, "
                      "tls-certificate, oauth-token or ssh-key");
  command->add_option("--label", options->labels, "KEY=VALUE, to list by")
      ->allow_extra_args(false);
  command->add_option("--annotation", options->annotations, "KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--ttl", options->ttl,
                      "Refuse access after this long, such as 30d");
  command->add_option("--expire-time", options->expire_time,
                      "Refuse access from then on, such as "
                      "2027-01-01T00:00:00Z");
  command->add_option("--key", options->key,
                      "The key that protects it; the project's default one "
                      "otherwise");
  command->add_flag("--deletion-protection", options->deletion_protection,
                    "Refuse to delete it");
  command->footer(
      "Examples:\n"
      "  keyward secret create db-password --generate\n"
      "  keyward secret create stripe-key --type api-key --from-file key.txt\n"
      "  openssl rand -hex 16 | keyward secret create token -\n"
      "  keyward secret create web-tls --type tls-certificate "
      "--from-file both.pem --label team=web");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Create(*options, session); };
  });
}

struct PutOptions {
  std::string name;
  ValueOptions value;
  bool create = false;
  bool pending = false;
  std::string etag;
};

absl::Status PrintAdded(const AddSecretVersionResponse& added,
                        Session& session) {
  return session.Print(added, [&] {
    return absl::StrCat("added ", DescribeVersion(added.version()), "\n");
  });
}

absl::StatusOr<AddSecretVersionResponse> AddVersion(const ResourceName& name,
                                                    const PutOptions& options,
                                                    const SecretValue& value,
                                                    Session& session) {
  AddSecretVersionRequest request;
  request.set_parent(name.ToString());
  request.set_etag(options.etag);
  if (options.pending) request.set_stage(secrets::v1::STAGE_PENDING);
  SetValue(value, &request);
  return session.Call<AddSecretVersionResponse>(std::move(request));
}

// Creates the secret with the value. ALREADY_EXISTS if another was quicker.
absl::Status CreateWith(const ResourceName& name, const SecretValue& value,
                        Session& session) {
  CreateSecretRequest request;
  request.set_parent(name.parent()->ToString());
  request.set_secret_id(std::string(name.secret()));
  SetValue(value, &request);
  auto created = session.Call<CreateSecretResponse>(std::move(request));
  if (!created.ok()) return created.status();
  return session.Print(*created, [&] { return ShowCreated(*created); });
}

absl::Status Put(const PutOptions& options, Session& session) {
  if (options.create && (options.pending || !options.etag.empty())) {
    return UsageError(
        "--create makes a missing secret, whose first version is current and "
        "which has no etag: leave out --pending and --etag");
  }
  absl::StatusOr<ResourceName> name = Named(session, options.name);
  if (!name.ok()) return name.status();
  absl::StatusOr<absl::optional<SecretValue>> value =
      ReadValue(options.value, session.environment());
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return UsageError("give the value: --from-file, - or --generate");
  }
  auto added = AddVersion(*name, options, **value, session);
  if (added.ok()) return PrintAdded(*added, session);
  if (!absl::IsNotFound(added.status())) return added.status();
  if (!options.create) {
    return WithHint(added.status(),
                    absl::StrCat("`keyward secret create ", options.name,
                                 "` makes it; `put --create` does so when it "
                                 "is missing"));
  }
  absl::Status created = CreateWith(*name, **value, session);
  if (!absl::IsAlreadyExists(created)) return created;
  added = AddVersion(*name, options, **value, session);
  return added.ok() ? PrintAdded(*added, session) : added.status();
}

void AddPut(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<PutOptions>();
  CLI::App* command =
      secret->add_subcommand("put", "Add a version, which becomes current");
  command->add_option("NAME", options->name, "The secret")->required();
  AddValueOptions(command, &options->value);
  command->add_flag("--create", options->create,
                    "Make the secret if it is missing");
  command->add_flag("--pending", options->pending,
                    "Leave the current version current; `promote` moves it");
  command->add_option("--etag", options->etag,
                      "Only if this is still the secret's etag");
  command->footer(
      "Examples:\n"
      "  keyward secret put db-password --generate=48\n"
      "  keyward secret put stripe-key --from-file key.txt\n"
      "  keyward secret put db-password --from-file new.txt --pending");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Put(*options, session); };
  });
}

struct DeleteOptions {
  std::string name;
  std::string etag;
  bool now = false;
  int recovery_days = 0;
};

absl::Status Delete(const DeleteOptions& options, Session& session) {
  if (options.now && options.recovery_days != 0) {
    return UsageError("--now leaves no time to recover: leave out one");
  }
  absl::StatusOr<ResourceName> name = Named(session, options.name);
  if (!name.ok()) return name.status();
  DeleteSecretRequest request;
  request.set_name(name->ToString());
  request.set_etag(options.etag);
  request.set_destroy_now(options.now);
  request.set_recovery_days(options.recovery_days);
  auto deleted = session.Call<DeleteSecretResponse>(request);
  if (!deleted.ok()) return deleted.status();
  return session.Print(*deleted, [&]() -> std::string {
    if (options.now) {
      return absl::StrCat("destroyed ", name->ToString(), " for good\n");
    }
    return absl::StrCat("deleted ", name->ToString(), "; `keyward secret ",
                        "undelete ", options.name, "` brings it back until ",
                        ShowTime(deleted->secret().purge_time()), "\n");
  });
}

void AddDelete(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* command = secret->add_subcommand(
      "delete", "Delete a secret with all its versions, recoverably");
  command->add_option("NAME", options->name, "The secret")->required();
  command
      ->add_option("--recovery-days", options->recovery_days,
                   "How long it can be brought back; 30 otherwise")
      ->check(CLI::Range(7, 90));
  command->add_flag("--now", options->now,
                    "Destroy it at once and for good; needs secrets.destroy");
  command->add_option("--etag", options->etag,
                      "Only if this is still the secret's etag");
  command->footer(
      "Examples:\n"
      "  keyward secret delete db-password\n"
      "  keyward secret delete db-password --now");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Delete(*options, session); };
  });
}

absl::Status Undelete(const std::string& text, Session& session) {
  absl::StatusOr<ResourceName> name = Named(session, text);
  if (!name.ok()) return name.status();
  UndeleteSecretRequest request;
  request.set_name(name->ToString());
  auto restored = session.Call<UndeleteSecretResponse>(request);
  if (!restored.ok()) return restored.status();
  return session.Print(*restored, [&] {
    return absl::StrCat("restored ", name->ToString(), "\n");
  });
}

void AddUndelete(CLI::App* secret, Command* chosen) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = secret->add_subcommand(
      "undelete", "Bring a deleted secret back as it was");
  command->add_option("NAME", *name, "The secret")->required();
  command->footer("Example:\n  keyward secret undelete db-password");
  command->callback([name, chosen] {
    *chosen = [name](Session& session) { return Undelete(*name, session); };
  });
}

}  // namespace

void AddSecretWriteCommands(CLI::App* secret, Command* chosen) {
  AddCreate(secret, chosen);
  AddPut(secret, chosen);
  AddDelete(secret, chosen);
  AddUndelete(secret, chosen);
}

}  // namespace keyward::cli
