// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/session.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/client/context_file.h"

namespace keyward::cli {

Session::Session(const Environment* environment, GlobalOptions options)
    : environment_(environment), options_(std::move(options)) {}

Session::~Session() = default;

std::string Session::home() const {
  const absl::optional<std::string> set =
      environment_->variable("KEYWARD_HOME");
  return set.has_value() && !set->empty() ? *set : environment_->home;
}

absl::StatusOr<const client::Settings*> Session::settings() {
  if (settings_ != nullptr) return settings_.get();
  absl::StatusOr<client::ContextFile> contexts =
      client::LoadContextFile(contexts_path());
  if (!contexts.ok()) return contexts.status();
  client::SettingsSources sources;
  sources.context_flag = options_.context;
  sources.project_flag = options_.project;
  sources.environment = environment_->variable;
  sources.contexts = *std::move(contexts);
  sources.home = home();
  absl::StatusOr<client::Settings> settings = client::ResolveSettings(sources);
  if (!settings.ok()) return settings.status();
  settings_ = std::make_unique<client::Settings>(*std::move(settings));
  return settings_.get();
}

absl::StatusOr<std::string> Session::project() {
  absl::StatusOr<const client::Settings*> resolved = settings();
  if (!resolved.ok()) return resolved.status();
  return (*resolved)->project;
}

absl::StatusOr<client::GatewayClient*> Session::gateway() {
  if (client_ != nullptr) return client_.get();
  absl::StatusOr<const client::Settings*> resolved = settings();
  if (!resolved.ok()) return resolved.status();
  absl::StatusOr<std::unique_ptr<client::Transport>> transport =
      environment_->connect(**resolved);
  if (!transport.ok()) return transport.status();
  client::GatewayClient::Dependencies dependencies;
  dependencies.transport = transport->get();
  dependencies.random = environment_->random;
  dependencies.sleep = environment_->sleep;
  dependencies.steady_now = environment_->steady_now;
  absl::StatusOr<std::unique_ptr<client::GatewayClient>> client =
      client::GatewayClient::Create(std::move(dependencies), options_.timeout);
  if (!client.ok()) return client.status();
  transport_ = *std::move(transport);
  client_ = *std::move(client);
  return client_.get();
}

absl::Status Session::Print(const google::protobuf::Message& message,
                            absl::FunctionRef<std::string()> table) {
  if (!json()) {
    out() << table();
    return absl::OkStatus();
  }
  absl::StatusOr<Json> json = ToJson(message);
  if (!json.ok()) return json.status();
  out() << JsonText(*json);
  return absl::OkStatus();
}

client::PinStore Session::pins() const {
  return client::PinStore(
      absl::StrCat(environment_->config_folder, "/checkpoints"));
}

std::string Session::contexts_path() const {
  return absl::StrCat(environment_->config_folder, "/contexts.yaml");
}

}  // namespace keyward::cli
