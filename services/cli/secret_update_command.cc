// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/secret_update_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/secret_view.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using secrets::v1::GetSecretRequest;
using secrets::v1::GetSecretResponse;
using secrets::v1::Secret;
using secrets::v1::UpdateSecretRequest;
using secrets::v1::UpdateSecretResponse;

using TextMap = google::protobuf::Map<std::string, std::string>;

absl::Status Edit(absl::string_view option, const std::vector<std::string>& set,
                  const std::vector<std::string>& remove, TextMap* map) {
  for (const std::string& key : remove) map->erase(key);
  for (const std::string& text : set) {
    auto pair = ParsePair(option, text);
    if (!pair.ok()) return pair.status();
    (*map)[pair->first] = pair->second;
  }
  return absl::OkStatus();
}

absl::Status EditAliases(const UpdateOptions& options, Secret* secret) {
  auto* aliases = secret->mutable_version_aliases();
  for (const std::string& name : options.remove_aliases) aliases->erase(name);
  for (const std::string& text : options.aliases) {
    auto pair = ParsePair("--alias", text);
    if (!pair.ok()) return pair.status();
    absl::StatusOr<int64_t> number =
        ParseVersionNumber("--alias NAME=VERSION", pair->second);
    if (!number.ok()) return number.status();
    (*aliases)[pair->first] = *number;
  }
  return absl::OkStatus();
}

absl::Status EditExpiry(const UpdateOptions& options, absl::Time now,
                        UpdateSecretRequest* request) {
  const int given =
      !options.ttl.empty() + !options.expire_time.empty() + options.no_expiry;
  if (given > 1) {
    return UsageError("give one of --ttl, --expire-time and --no-expiry");
  }
  Secret* secret = request->mutable_secret();
  if (!options.ttl.empty()) {
    absl::StatusOr<absl::Duration> ttl = ParseDuration("--ttl", options.ttl);
    if (!ttl.ok()) return ttl.status();
    *secret->mutable_ttl() = ToProtoDuration(*ttl);
    request->mutable_update_mask()->add_paths("ttl");
  }
  if (!options.expire_time.empty()) {
    absl::StatusOr<absl::Time> time =
        ParseTime("--expire-time", options.expire_time, now, /*past=*/false);
    if (!time.ok()) return time.status();
    *secret->mutable_expire_time() = ToTimestamp(*time);
  }
  if (!options.expire_time.empty() || options.no_expiry) {
    request->mutable_update_mask()->add_paths("expire_time");
  }
  return absl::OkStatus();
}

absl::Status EditProtection(const UpdateOptions& options,
                            UpdateSecretRequest* request) {
  if (options.protect && options.unprotect) {
    return UsageError(
        "--deletion-protection and --no-deletion-protection contradict each "
        "other");
  }
  if (options.protect || options.unprotect) {
    request->mutable_secret()->set_deletion_protection(options.protect);
    request->mutable_update_mask()->add_paths("deletion_protection");
  }
  return absl::OkStatus();
}

absl::Status EditMaps(const UpdateOptions& options, const Secret& before,
                      UpdateSecretRequest* request) {
  Secret* secret = request->mutable_secret();
  absl::Status status;
  if (!options.labels.empty() || !options.remove_labels.empty()) {
    *secret->mutable_labels() = before.labels();
    status = Edit("--label", options.labels, options.remove_labels,
                  secret->mutable_labels());
    if (!status.ok()) return status;
    request->mutable_update_mask()->add_paths("labels");
  }
  if (!options.annotations.empty() || !options.remove_annotations.empty()) {
    *secret->mutable_annotations() = before.annotations();
    status = Edit("--annotation", options.annotations,
                  options.remove_annotations, secret->mutable_annotations());
    if (!status.ok()) return status;
    request->mutable_update_mask()->add_paths("annotations");
  }
  if (!options.aliases.empty() || !options.remove_aliases.empty()) {
    *secret->mutable_version_aliases() = before.version_aliases();
    status = EditAliases(options, secret);
    if (!status.ok()) return status;
    request->mutable_update_mask()->add_paths("version_aliases");
  }
  return absl::OkStatus();
}

absl::Status Update(const UpdateOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<ResourceName> name = SecretName(*project, options.name);
  if (!name.ok()) return name.status();
  GetSecretRequest get;
  get.set_name(name->ToString());
  auto before = session.Call<GetSecretResponse>(get);
  if (!before.ok()) return before.status();
  absl::StatusOr<UpdateSecretRequest> request =
      BuildUpdate(options, before->secret(), session.Now());
  if (!request.ok()) return request.status();
  auto after = session.Call<UpdateSecretResponse>(*std::move(request));
  if (!after.ok()) return after.status();
  return session.Print(*after, [&] { return ShowSecret(after->secret()); });
}

}  // namespace

absl::StatusOr<UpdateSecretRequest> BuildUpdate(const UpdateOptions& options,
                                                const Secret& before,
                                                absl::Time now) {
  UpdateSecretRequest request;
  request.mutable_secret()->set_name(before.name());
  request.mutable_secret()->set_etag(options.etag.empty() ? before.etag()
                                                          : options.etag);
  absl::Status status = EditMaps(options, before, &request);
  if (!status.ok()) return status;
  status = EditExpiry(options, now, &request);
  if (!status.ok()) return status;
  status = EditProtection(options, &request);
  if (!status.ok()) return status;
  if (request.update_mask().paths().empty()) {
    return UsageError("say what to change");
  }
  return request;
}

void AddSecretUpdateCommand(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<UpdateOptions>();
  CLI::App* command = secret->add_subcommand(
      "update", "Change labels, annotations, aliases, expiry or protection");
  command->add_option("NAME", options->name, "The secret")->required();
  const auto list = [command](const char* flag, std::vector<std::string>* to,
                              const char* help) {
    command->add_option(flag, *to, help)->allow_extra_args(false);
  };
  list("--label", &options->labels, "KEY=VALUE to set");
  list("--remove-label", &options->remove_labels, "KEY to remove");
  list("--annotation", &options->annotations, "KEY=VALUE to set");
  list("--remove-annotation", &options->remove_annotations, "KEY to remove");
  list("--alias", &options->aliases, "NAME=VERSION, a name for a version");
  list("--remove-alias", &options->remove_aliases, "NAME to remove");
  command->add_option("--ttl", options->ttl,
                      "Refuse access after this long from now");
  command->add_option("--expire-time", options->expire_time,
                      "Refuse access from then on");
  command->add_flag("--no-expiry", options->no_expiry, "Never expire");
  command->add_flag("--deletion-protection", options->protect,
                    "Refuse to delete it");
  command->add_flag("--no-deletion-protection", options->unprotect,
                    "Allow to delete it");
  command->add_option("--etag", options->etag,
                      "Only if this is still the secret's etag");
  command->footer(
      "Examples:\n"
      "  keyward secret update db-password --label team=payments\n"
      "  keyward secret update db-password --alias blue=3 --remove-alias red\n"
      "  keyward secret update db-password --ttl 90d --deletion-protection");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Update(*options, session); };
  });
}

}  // namespace keyward::cli
