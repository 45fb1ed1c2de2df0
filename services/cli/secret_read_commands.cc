// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/secret_read_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/file_util.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/access.h"
#include "services/cli/failure.h"
#include "services/cli/follow.h"
#include "services/cli/names.h"
#include "services/cli/printable.h"
#include "services/cli/secret_view.h"

namespace keyward::cli {
namespace {

using secrets::v1::GetSecretRequest;
using secrets::v1::GetSecretResponse;
using secrets::v1::GetSecretVersionRequest;
using secrets::v1::GetSecretVersionResponse;
using secrets::v1::ListSecretsRequest;
using secrets::v1::ListSecretsResponse;
using secrets::v1::ListSecretVersionsRequest;
using secrets::v1::ListSecretVersionsResponse;
using secrets::v1::Secret;
using secrets::v1::SecretVersion;
using secrets::v1::WatchSecretsRequest;
using secrets::v1::WatchSecretsResponse;

absl::StatusOr<ResourceName> Named(Session& session, const std::string& text) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  return SecretName(*project, text);
}

struct ListOptions {
  std::string filter;
  bool show_deleted = false;
  int64_t limit = 0;
};

absl::Status List(const ListOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  ListSecretsRequest request;
  request.set_parent(absl::StrCat("projects/", *project));
  request.set_filter(options.filter);
  request.set_show_deleted(options.show_deleted);
  auto all = session.List<ListSecretsResponse>(
      std::move(request), options.limit,
      [](const ListSecretsResponse& page) -> int64_t {
        return page.secrets_size();
      });
  if (!all.ok()) return all.status();
  return session.Print(*all, [&] { return ShowSecrets(all->secrets()); });
}

void AddList(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command =
      secret->add_subcommand("list", "List the secrets that you may see");
  command->add_option("--filter", options->filter,
                      "Terms joined by AND: labels.KEY = \"V\", labels:KEY, "
                      "type = TYPE, name = \"PREFIX*\"");
  command->add_flag("--show-deleted", options->show_deleted,
                    "Also deleted ones that can be brought back");
  command->add_option("--limit", options->limit, "At most this many")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}));
  command->footer(
      "Examples:\n"
      "  keyward secret list\n"
      "  keyward secret list --filter 'labels.team = \"payments\"'\n"
      "  keyward secret list --output json | jq -r '.secrets[].name'");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return List(*options, session); };
  });
}

absl::StatusOr<SecretVersion> GetVersion(const ResourceName& secret,
                                         int64_t number, Session& session) {
  absl::StatusOr<ResourceName> name = secret.Version(number);
  if (!name.ok()) return name.status();
  GetSecretVersionRequest request;
  request.set_name(name->ToString());
  auto response = session.Call<GetSecretVersionResponse>(request);
  if (!response.ok()) return response.status();
  return response->version();
}

// The versions to show beside the secret: current, and latest where it is
// another one, since then `access` and `--version latest` disagree.
absl::Status Versions(const ResourceName& name, const Secret& secret,
                      Session& session, std::vector<std::string>* titles,
                      std::vector<SecretVersion>* versions) {
  std::vector<std::pair<std::string, int64_t>> wanted;
  if (secret.current_version() > 0) {
    wanted.emplace_back("current", secret.current_version());
  }
  if (secret.latest_version() > 0 &&
      secret.latest_version() != secret.current_version()) {
    wanted.emplace_back("latest", secret.latest_version());
  }
  for (const auto& [title, number] : wanted) {
    absl::StatusOr<SecretVersion> version = GetVersion(name, number, session);
    // Who may see the secret need not be allowed to see its versions.
    if (absl::IsPermissionDenied(version.status())) return absl::OkStatus();
    if (!version.ok()) return version.status();
    titles->push_back(title);
    versions->push_back(*std::move(version));
  }
  return absl::OkStatus();
}

absl::Status Describe(const std::string& text, Session& session) {
  absl::StatusOr<ResourceName> name = Named(session, text);
  if (!name.ok()) return name.status();
  GetSecretRequest request;
  request.set_name(name->ToString());
  auto response = session.Call<GetSecretResponse>(request);
  if (!response.ok()) return response.status();
  std::vector<std::string> titles;
  std::vector<SecretVersion> versions;
  absl::Status status =
      Versions(*name, response->secret(), session, &titles, &versions);
  if (!status.ok()) return status;
  if (!session.json()) {
    session.out() << ShowSecret(response->secret());
    if (!versions.empty()) {
      session.out() << "\n" << ShowVersionsSideBySide(titles, versions);
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Json> json = ToJson(*response);
  if (!json.ok()) return json.status();
  for (size_t i = 0; i < versions.size(); ++i) {
    absl::StatusOr<Json> version = ToJson(versions[i]);
    if (!version.ok()) return version.status();
    (*json)[titles[i]] = *std::move(version);
  }
  session.out() << JsonText(*json);
  return absl::OkStatus();
}

void AddDescribe(CLI::App* secret, Command* chosen) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = secret->add_subcommand(
      "describe", "Show a secret's metadata; never its value");
  command->add_option("NAME", *name, "The secret")->required();
  command->footer(
      "Examples:\n"
      "  keyward secret describe db-password\n"
      "  keyward secret describe projects/payments/secrets/db-password");
  command->callback([name, chosen] {
    *chosen = [name](Session& session) { return Describe(*name, session); };
  });
}

absl::Status ListVersions(const std::string& text, Session& session) {
  absl::StatusOr<ResourceName> name = Named(session, text);
  if (!name.ok()) return name.status();
  ListSecretVersionsRequest request;
  request.set_parent(name->ToString());
  auto all = session.List<ListSecretVersionsResponse>(
      std::move(request), 0,
      [](const ListSecretVersionsResponse& page) -> int64_t {
        return page.versions_size();
      });
  if (!all.ok()) return all.status();
  return session.Print(*all, [&] { return ShowVersions(all->versions()); });
}

void AddVersions(CLI::App* secret, Command* chosen) {
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      secret->add_subcommand("versions", "List a secret's versions");
  command->add_option("NAME", *name, "The secret")->required();
  command->footer("Example:\n  keyward secret versions db-password");
  command->callback([name, chosen] {
    *chosen = [name](Session& session) { return ListVersions(*name, session); };
  });
}

struct AccessOptions {
  std::string name;
  std::string version;
  std::string out;
};

absl::Status WriteOut(const AccessedValue& accessed, const std::string& path,
                      Session& session) {
  absl::Status written =
      WriteFileDurably(path, accessed.value.ExposeSecret(), 0600);
  if (!written.ok()) return written;
  if (session.json()) {
    const Json json = {{"name", accessed.name},
                       {"out", path},
                       {"bytes", accessed.value.size()}};
    session.out() << JsonText(json);
  } else {
    session.out() << "wrote " << Printable(accessed.name) << " to "
                  << Printable(path) << "\n";
  }
  return absl::OkStatus();
}

absl::Status AccessCommand(const AccessOptions& options, Session& session) {
  if (session.json() && options.out.empty()) {
    return UsageError(
        "values are never printed as JSON; leave out --output json, or give "
        "--out FILE");
  }
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> name =
      options.version.empty()
          ? SecretReference(*project, options.name)
          : VersionName(*project, options.name, options.version);
  if (!name.ok()) return name.status();
  absl::StatusOr<AccessedValue> accessed = Access(*name, session);
  if (!accessed.ok()) return accessed.status();
  if (!options.out.empty()) return WriteOut(*accessed, options.out, session);
  return session.environment().write_secret(accessed->value.ExposeSecret());
}

void AddAccess(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<AccessOptions>();
  CLI::App* command = secret->add_subcommand(
      "access", "Print a secret's value, exactly as it was stored");
  command->add_option("NAME", options->name, "The secret, or NAME:VERSION")
      ->required();
  command->add_option("--version", options->version,
                      "A number, current, pending, previous, latest or an "
                      "alias; current otherwise");
  command->add_option("--out", options->out,
                      "Write it to this file (mode 0600) and print nothing");
  command->footer(
      "Examples:\n"
      "  keyward secret access db-password\n"
      "  keyward secret access db-password --version previous\n"
      "  keyward secret access web-tls --out /run/web/tls.pem");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return AccessCommand(*options, session);
    };
  });
}

struct WatchOptions {
  std::string name;
  std::string position;
};

absl::Status PrintEvent(const WatchSecretsResponse& response,
                        Session& session) {
  if (!response.has_event()) return absl::OkStatus();
  if (!session.json()) {
    session.out() << ShowEvent(response.event()) << std::endl;
    return absl::OkStatus();
  }
  absl::StatusOr<Json> json = ToJson(response);
  if (!json.ok()) return json.status();
  session.out() << JsonLine(*json) << std::flush;
  return absl::OkStatus();
}

// Where to begin, so that an interruption before the first event loses
// nothing; empty for callers who may watch but not list.
absl::StatusOr<std::string> PresentPosition(const std::string& project,
                                            Session& session) {
  ListSecretsRequest request;
  request.set_parent(absl::StrCat("projects/", project));
  request.set_page_size(1);
  auto response = session.Call<ListSecretsResponse>(request);
  if (absl::IsPermissionDenied(response.status())) return std::string();
  if (!response.ok()) return response.status();
  return response->watch_position();
}

// Follows the feed for as long as the gateway can be reached: an interrupted
// stream goes on behind what was printed last.
absl::Status Watch(const WatchOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  WatchSecretsRequest request;
  request.set_parent(absl::StrCat("projects/", *project));
  request.set_position(options.position);
  if (!options.name.empty()) {
    absl::StatusOr<ResourceName> name = SecretName(*project, options.name);
    if (!name.ok()) return name.status();
    request.set_parent(name->ToString());
    project = std::string(name->project());
  }
  if (options.position.empty()) {
    absl::StatusOr<std::string> position = PresentPosition(*project, session);
    if (!position.ok()) return position.status();
    request.set_position(*position);
  }
  bool warned = false;
  return Follow(session.environment(), [&](bool* progress) {
    const absl::Status ended = session.Stream<WatchSecretsResponse>(
        request, [&](WatchSecretsResponse* response) {
          *progress = true;
          request.set_position(response->position());
          return PrintEvent(*response, session);
        });
    if (!ended.ok() && request.position().empty() && !warned) {
      warned = true;
      session.err() << "keyward: interrupted before the first position was "
                       "known; changes may be missing\n";
    }
    return ended;
  });
}

void AddWatch(CLI::App* secret, Command* chosen) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = secret->add_subcommand(
      "watch", "Print every change as it happens, never a value");
  command->add_option("NAME", options->name,
                      "One secret; all that you may see otherwise");
  command->add_option("--position", options->position,
                      "From here on: an earlier answer's position, or "
                      "watchPosition of `list --output json`; now otherwise");
  command->footer(
      "Examples:\n"
      "  keyward secret watch\n"
      "  keyward secret watch db-password --output json");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Watch(*options, session); };
  });
}

}  // namespace

void AddSecretReadCommands(CLI::App* secret, Command* chosen) {
  AddList(secret, chosen);
  AddDescribe(secret, chosen);
  AddVersions(secret, chosen);
  AddAccess(secret, chosen);
  AddWatch(secret, chosen);
}

}  // namespace keyward::cli
