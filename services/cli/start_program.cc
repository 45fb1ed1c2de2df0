// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/start_program.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::cli {
namespace {

// "NAME=VALUE\0" in memory that is locked and wiped: execve copies it into the
// new program and nowhere else.
crypto::SecretBuffer Definition(const SecretVariable& variable) {
  const absl::string_view value = variable.value.ExposeSecret();
  crypto::SecretBuffer definition(variable.name.size() + value.size() + 2);
  char* at = definition.MutableSecret().data();
  std::memcpy(at, variable.name.data(), variable.name.size());
  at[variable.name.size()] = '=';
  std::memcpy(at + variable.name.size() + 1, value.data(), value.size());
  return definition;
}

bool Defines(const char* definition,
             const std::vector<SecretVariable>& variables) {
  for (const SecretVariable& variable : variables) {
    if (absl::StartsWith(definition, absl::StrCat(variable.name, "="))) {
      return true;
    }
  }
  return false;
}

}  // namespace

rlimit CoreLimit() {
  rlimit limit = {};
  getrlimit(RLIMIT_CORE, &limit);
  return limit;
}

absl::Status StartProgram(const std::vector<std::string>& command,
                          const std::vector<SecretVariable>& variables,
                          const rlimit& cores) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<crypto::SecretBuffer> definitions;
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!Defines(*entry, variables)) environment.push_back(*entry);
  }
  for (const SecretVariable& variable : variables) {
    definitions.push_back(Definition(variable));
    environment.push_back(definitions.back().MutableSecret().data());
  }
  environment.push_back(nullptr);
  // Best effort: a hard limit that was lowered can only be raised by root.
  setrlimit(RLIMIT_CORE, &cores);
  execvpe(arguments[0], arguments.data(), environment.data());
  const int error = errno;
  const std::string message = absl::StrCat(command[0], ": ", strerror(error));
  return error == ENOENT ? absl::NotFoundError(message)
                         : absl::FailedPreconditionError(message);
}

}  // namespace keyward::cli
