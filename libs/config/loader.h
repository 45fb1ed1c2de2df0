// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Reads a service's configuration: one YAML file, then flags over it, into the
// message of proto/keyward/config/v1/config.proto that is its schema.
//
//   absl::StatusOr<v1::StoreConfig> config =
//       config::Load<v1::StoreConfig>(path, {.home = home, .overrides = sets});
//
// The result is complete: a field that neither file nor flags name holds its
// default. Loading happens once, before any thread is started; nothing here is
// shared.

#ifndef KEYWARD_LIBS_CONFIG_LOADER_H_
#define KEYWARD_LIBS_CONFIG_LOADER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace keyward::config {

// As many --set flags as a command line sensibly has.
inline constexpr size_t kMaxOverrides = 256;

struct LoadOptions {
  // What {home} in defaults means; see DefaultHome.
  std::string home;
  // The values of --set flags, "PATH=VALUE", the later winning. PATH is keys
  // joined by dots. VALUE is taken as it is where the field is a single value
  // (--set listen.address=[::1]:7100) and as YAML where it is a list, map or
  // section (--set 'allowed_callers.methods={...}'). A list is set whole.
  std::vector<std::string> overrides;
};

// The installation's folder: /var/lib/keyward for root, otherwise
// .local/share/keyward below `home_variable`, the value of $HOME.
// FAILED_PRECONDITION if that is needed and is not an absolute path.
absl::StatusOr<std::string> DefaultHome(unsigned user_id,
                                        absl::string_view home_variable);

// Parses `text`; `origin` names it in messages. INVALID_ARGUMENT with origin,
// line, column, key and rule, or with the flag, for whatever ParseYaml,
// SetAtPath and DecodeMessage refuse, and for a flag without "=".
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ParseMessage(
    absl::string_view text, absl::string_view origin,
    const LoadOptions& options, const google::protobuf::Message& prototype);

// The same from the file at `path`; an empty path is an empty file. A missing
// file is NOT_FOUND: a service that was told of a file must not run without it.
// Other failures to read are those of ReadFileBounded.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> LoadMessage(
    const std::string& path, const LoadOptions& options,
    const google::protobuf::Message& prototype);

template <typename Config>
absl::StatusOr<Config> Parse(absl::string_view text, absl::string_view origin,
                             const LoadOptions& options) {
  auto message =
      ParseMessage(text, origin, options, Config::default_instance());
  if (!message.ok()) return message.status();
  return std::move(static_cast<Config&>(**message));
}

template <typename Config>
absl::StatusOr<Config> Load(const std::string& path,
                            const LoadOptions& options) {
  auto message = LoadMessage(path, options, Config::default_instance());
  if (!message.ok()) return message.status();
  return std::move(static_cast<Config&>(**message));
}

}  // namespace keyward::config

#endif  // KEYWARD_LIBS_CONFIG_LOADER_H_
