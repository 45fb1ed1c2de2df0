// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_SETTINGS_H_
#define KEYWARD_LIBS_CLIENT_SETTINGS_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/client/context_file.h"

namespace keyward::client {

// Which gateway a command talks to, as whom, and about what, once everything
// that can say so has been heard.
struct Settings {
  std::string address;
  std::string ca_file;
  std::string cert_file;  // empty with key_file
  std::string key_file;
  std::string token_file;
  std::string project;      // a project's id
  std::string server_id;    // the gateway's SPIFFE id
  std::string data_folder;  // what `audit verify` reads
  // The name under which this gateway's checkpoint is pinned; see below.
  std::string pin_name;
};

// What can say so, the first that speaks winning, field by field:
//
//   flags        --project, --context
//   environment  KEYWARD_ADDR, KEYWARD_CA, KEYWARD_CERT, KEYWARD_KEY,
//                KEYWARD_TOKEN_FILE, KEYWARD_PROJECT, KEYWARD_DATA
//   a context    the file's current one
//   the installation on this machine, as its first start made it
//
// A context that --context names wins over the environment too. A current
// context says nothing where KEYWARD_ADDR is set: that is another gateway, and
// this one's identity, project and keys are none of its business.
//
// A certificate and its key come from one source: a key is only looked for
// where the certificate was named.
struct SettingsSources {
  // Empty: the file's current one, if there is one.
  std::string context_flag;
  std::string project_flag;
  // A variable of the environment; absent if it is not set.
  std::function<absl::optional<std::string>(const std::string& name)>
      environment;
  ContextFile contexts;
  // The installation's folder (libs/config/loader.h DefaultHome).
  std::string home;
};

// The gateway of the development trust domain.
inline constexpr char kDefaultServerId[] =
    "spiffe://keyward.internal/service/gateway";
inline constexpr char kDefaultAddress[] = "127.0.0.1:7100";
inline constexpr char kDefaultProject[] = "default";

// The settings. NOT_FOUND if --context names none that there is;
// INVALID_ARGUMENT, naming variable or setting, if a value is malformed or a
// certificate has no key.
//
// pin_name is "context-NAME" as long as neither the address nor the
// authorities come from elsewhere than that context. Otherwise it is
// "server-" and a digest of both, the authorities' bytes included: another
// installation at the same address, which has other authorities, has another
// pin, and one that was rolled back keeps its own.
absl::StatusOr<Settings> ResolveSettings(const SettingsSources& sources);

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_SETTINGS_H_
