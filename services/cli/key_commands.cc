// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/key_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/cli/names.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using keys::v1::Key;
using keys::v1::ListKeysRequest;
using keys::v1::ListKeysResponse;
using keys::v1::RotateKeyRequest;
using keys::v1::RotateKeyResponse;

struct RotateOptions {
  std::string name = "default";
  std::string etag;
};

absl::Status Rotate(const RotateOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<ResourceName> name = KeyName(*project, options.name);
  if (!name.ok()) return name.status();
  RotateKeyRequest request;
  request.set_name(name->ToString());
  request.set_etag(options.etag);
  auto rotated = session.Call<RotateKeyResponse>(request);
  if (!rotated.ok()) return rotated.status();
  return session.Print(*rotated, [&] {
    return absl::StrCat(name->ToString(), " now wraps with version ",
                        rotated->key().primary_version(), "; ",
                        rotated->key().rewrap_remaining(),
                        " data keys are still to be rewrapped\n");
  });
}

// The numbers of the versions that do not open.
std::string Damaged(const Key& key) {
  std::vector<std::string> numbers;
  for (const keys::v1::KeyVersion& version : key.versions()) {
    if (version.damaged()) numbers.push_back(LastSegment(version.name()));
  }
  return absl::StrJoin(numbers, ", ");
}

std::string ShowKeys(const ListKeysResponse& all) {
  Table table({"key", "primary version", "versions", "to rewrap", "created",
               "rotated", "damaged versions"});
  for (const Key& key : all.keys()) {
    table.Add({LastSegment(key.name()), absl::StrCat(key.primary_version()),
               absl::StrCat(key.versions_size()),
               absl::StrCat(key.rewrap_remaining()),
               ShowTime(key.create_time()), ShowTime(key.rotate_time()),
               Damaged(key)});
  }
  return table.ToString();
}

absl::Status List(Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  ListKeysRequest request;
  request.set_parent(absl::StrCat("projects/", *project));
  auto all = session.List<ListKeysResponse>(
      std::move(request), 0,
      [](const ListKeysResponse& page) -> int64_t { return page.keys_size(); });
  if (!all.ok()) return all.status();
  return session.Print(*all, [&] { return ShowKeys(*all); });
}

}  // namespace

void AddKeyCommands(CLI::App* app, Command* chosen) {
  CLI::App* key = app->add_subcommand("key", "Rotate and list keys");
  key->require_subcommand(1);

  auto options = std::make_shared<RotateOptions>();
  CLI::App* rotate = key->add_subcommand(
      "rotate",
      "Add a key version; existing data keys are rewrapped behind "
      "the scenes, without touching a value");
  rotate->add_option("NAME", options->name,
                     "The key; the project's default one otherwise");
  rotate->add_option("--etag", options->etag,
                     "Only if this is still the key's etag");
  rotate->footer("Example:\n  keyward key rotate");
  rotate->callback([options, chosen] {
    *chosen = [options](Session& session) { return Rotate(*options, session); };
  });

  CLI::App* list = key->add_subcommand("list", "List the project's keys");
  list->footer("Example:\n  keyward key list --project payments");
  list->callback([chosen] { *chosen = List; });
}

}  // namespace keyward::cli
