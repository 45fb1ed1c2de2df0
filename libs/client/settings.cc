// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/settings.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/auth/spiffe_id.h"
#include "libs/base/file_util.h"
#include "libs/base/hex.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/sha256.h"

namespace keyward::client {
namespace {

// A bundle of 64 authorities has some 100 KiB.
constexpr size_t kMaxBundleBytes = 1 << 20;

// A context that was asked for by name wins over what the environment says of
// the gateway and the caller.
bool ContextWins(const SettingsSources& sources, absl::string_view name) {
  return !sources.context_flag.empty() && name != "KEYWARD_PROJECT" &&
         name != "KEYWARD_DATA";
}

std::string FromEnvironment(const SettingsSources& sources,
                            const std::string& name) {
  if (!sources.environment || ContextWins(sources, name)) return "";
  return sources.environment(name).value_or("");
}

absl::StatusOr<std::string> ChosenContext(const SettingsSources& sources) {
  std::string name = sources.context_flag;
  if (name.empty() && FromEnvironment(sources, "KEYWARD_ADDR").empty()) {
    name = sources.contexts.current;
  }
  if (name.empty() || sources.contexts.contexts.count(name) > 0) return name;
  return absl::NotFoundError(absl::StrCat(
      "there is no context of that name; `keyward context list` shows those "
      "that there are"));
}

std::string First(std::string a, std::string b, std::string c) {
  if (!a.empty()) return a;
  return b.empty() ? c : b;
}

// Certificate and key, from the first source that names either.
absl::Status ResolveIdentity(const SettingsSources& sources,
                             const Context& context, Settings* settings) {
  settings->cert_file = FromEnvironment(sources, "KEYWARD_CERT");
  settings->key_file = FromEnvironment(sources, "KEYWARD_KEY");
  settings->token_file = FromEnvironment(sources, "KEYWARD_TOKEN_FILE");
  absl::string_view source = "KEYWARD_CERT and KEYWARD_KEY";
  if (settings->cert_file.empty() && settings->key_file.empty() &&
      settings->token_file.empty()) {
    settings->cert_file = context.cert_file;
    settings->key_file = context.key_file;
    settings->token_file = context.token_file;
    source = "the context's cert_file and key_file";
  }
  if (settings->cert_file.empty() != settings->key_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": one is useless without the other"));
  }
  if (settings->cert_file.empty() && settings->token_file.empty()) {
    settings->cert_file = sources.home + "/tls/admin.pem";
    settings->key_file = sources.home + "/tls/admin.key";
  }
  return absl::OkStatus();
}

absl::Status CheckAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  const bool good = colon != absl::string_view::npos && colon > 0 &&
                    absl::SimpleAtoi(address.substr(colon + 1), &port) &&
                    port > 0 && port < 65536 && address.size() <= 261 &&
                    address.find('/') == absl::string_view::npos;
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the gateway's address must be HOST:PORT (KEYWARD_ADDR or the "
      "context's address), such as 127.0.0.1:7100");
}

absl::Status Check(const Settings& settings) {
  absl::Status address = CheckAddress(settings.address);
  if (!address.ok()) return address;
  absl::StatusOr<ResourceName> project =
      ResourceName::Parse(absl::StrCat("projects/", settings.project));
  if (!project.ok() || project->kind() != ResourceKind::kProject) {
    return absl::InvalidArgumentError(
        "the project must be its id (--project, KEYWARD_PROJECT or the "
        "context's project), such as default");
  }
  absl::StatusOr<auth::SpiffeId> id = auth::SpiffeId::Parse(settings.server_id);
  if (id.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the context's server_id: ", id.status().message()));
}

std::string PinName(const Settings& settings, const std::string& context_name,
                    const Context& context) {
  if (!context_name.empty() && settings.address == context.address &&
      settings.ca_file == context.ca_file) {
    return absl::StrCat("context-", context_name);
  }
  // A bundle that cannot be read fails the call itself; its path stands in.
  const std::string bundle = ReadFileBounded(settings.ca_file, kMaxBundleBytes)
                                 .value_or(settings.ca_file);
  const crypto::Sha256Digest digest =
      crypto::Sha256({settings.address, "\n", bundle});
  return absl::StrCat("server-",
                      HexEncode(crypto::AsBytes(digest).substr(0, 16)));
}

}  // namespace

absl::StatusOr<Settings> ResolveSettings(const SettingsSources& sources) {
  absl::StatusOr<std::string> name = ChosenContext(sources);
  if (!name.ok()) return name.status();
  const Context context =
      name->empty() ? Context() : sources.contexts.contexts.at(*name);

  Settings settings;
  settings.address = First(FromEnvironment(sources, "KEYWARD_ADDR"),
                           context.address, kDefaultAddress);
  settings.ca_file = First(FromEnvironment(sources, "KEYWARD_CA"),
                           context.ca_file, sources.home + "/keys/ca.pem");
  settings.project =
      First(sources.project_flag, FromEnvironment(sources, "KEYWARD_PROJECT"),
            First(context.project, kDefaultProject, ""));
  settings.server_id = First(context.server_id, kDefaultServerId, "");
  settings.data_folder = First(FromEnvironment(sources, "KEYWARD_DATA"),
                               sources.home + "/data", "");
  absl::Status status = ResolveIdentity(sources, context, &settings);
  if (!status.ok()) return status;
  status = Check(settings);
  if (!status.ok()) return status;
  settings.pin_name = PinName(settings, *name, context);
  return settings;
}

}  // namespace keyward::client
