// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVICE_FLAGS_H_
#define KEYWARD_LIBS_RPC_SERVICE_FLAGS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace keyward::rpc {

// A flag of one service alone: with a value, or a switch.
struct ExtraFlag {
  // Without the dashes: "restored".
  std::string name;
  std::string help;
  bool has_value = false;
};

// The command line of a service.
struct ServiceFlags {
  std::string home;
  std::string config_file;
  // "PATH=VALUE", in the order of the command line.
  std::vector<std::string> overrides;
  // Extra flags that were given; a switch has an empty value.
  std::map<std::string, std::string> extra;
};

// What a command line came to.
struct ParsedFlags {
  // Not set if there is nothing to serve: help was asked for and printed, or
  // the line is wrong and why was printed.
  std::optional<ServiceFlags> flags;
  // What to exit with then: 0, or 2 for a wrong command line.
  int exit_code = 0;
};

// Parses the flags that every service has (--home, --config, --set, --listen,
// --metrics) and `extra`. `binary` is "keyward-store".
ParsedFlags ParseServiceFlags(int argc, const char* const* argv,
                              const std::string& binary,
                              const std::string& description,
                              const std::vector<ExtraFlag>& extra);

// The home that the flags name, or the standard one. FAILED_PRECONDITION if
// there is none, with what to do.
absl::StatusOr<std::string> HomeOf(const ServiceFlags& flags);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVICE_FLAGS_H_
