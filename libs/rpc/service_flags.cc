// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/service_flags.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/config/loader.h"

namespace keyward::rpc {
namespace {

void DeclareShared(CLI::App* app, ServiceFlags* flags) {
  app->add_option("--home", flags->home,
                  "folder of keys, certificates and data; default "
                  "/var/lib/keyward for root, else ~/.local/share/keyward");
  app->add_option("--config", flags->config_file, "configuration file (YAML)");
  app->add_option("--set", flags->overrides,
                  "PATH=VALUE, overrides the configuration; repeatable")
      ->take_all();
}

// A short form of one --set.
void DeclareShort(CLI::App* app, ServiceFlags* flags, const std::string& flag,
                  const std::string& path, const std::string& help) {
  app->add_option_function<std::string>(
      flag,
      [flags, path](const std::string& value) {
        flags->overrides.push_back(absl::StrCat(path, "=", value));
      },
      help);
}

void DeclareExtra(CLI::App* app, ServiceFlags* flags, const ExtraFlag& extra) {
  const std::string flag = absl::StrCat("--", extra.name);
  if (extra.has_value) {
    app->add_option_function<std::string>(
        flag,
        [flags, name = extra.name](const std::string& value) {
          flags->extra[name] = value;
        },
        extra.help);
  } else {
    app->add_flag_callback(
        flag, [flags, name = extra.name] { flags->extra[name] = ""; },
        extra.help);
  }
}

}  // namespace

ParsedFlags ParseServiceFlags(int argc, const char* const* argv,
                              const std::string& binary,
                              const std::string& description,
                              const std::vector<ExtraFlag>& extra) {
  ServiceFlags flags;
  CLI::App app(description, binary);
  DeclareShared(&app, &flags);
  DeclareShort(&app, &flags, "--listen", "listen.address",
               "HOST:PORT to serve on");
  DeclareShort(&app, &flags, "--metrics", "metrics.address",
               "HOST:PORT of metrics and readiness");
  for (const ExtraFlag& flag : extra) DeclareExtra(&app, &flags, flag);
  app.failure_message([&binary](const CLI::App*, const CLI::Error& error) {
    return absl::StrCat(binary, ": ", error.what(), "; see ", binary,
                        " --help\n");
  });
  ParsedFlags parsed;
  // CLI11 tells of everything, help included, by an exception.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  parsed.flags = std::move(flags);
  return parsed;
}

absl::StatusOr<std::string> HomeOf(const ServiceFlags& flags) {
  if (!flags.home.empty()) {
    // The folders of the defaults lie below it, and a relative one would
    // depend on where the service was started.
    if (flags.home[0] == '/') return flags.home;
    return absl::FailedPreconditionError(
        absl::StrCat("--home: must be an absolute path, not ", flags.home));
  }
  const char* home = std::getenv("HOME");
  return config::DefaultHome(geteuid(), home == nullptr ? "" : home);
}

}  // namespace keyward::rpc
