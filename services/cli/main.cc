// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The `keyward` command: gives the process to the commands as an Environment,
// and runs one.

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/config/loader.h"
#include "libs/crypto/bound_libraries.h"
#include "libs/crypto/process_hardening.h"
#include "libs/crypto/random.h"
#include "services/cli/command_line.h"
#include "services/cli/connect.h"
#include "services/cli/failure.h"
#include "services/cli/start_program.h"

namespace {

using keyward::cli::Environment;

absl::optional<std::string> Variable(const std::string& name) {
  const char* value = getenv(name.c_str());
  if (value == nullptr) return absl::nullopt;
  return std::string(value);
}

// Writes past the buffers of iostream, which would keep a copy.
absl::Status WriteSecret(absl::string_view secret) {
  std::cout << std::flush;
  while (!secret.empty()) {
    const ssize_t written = write(STDOUT_FILENO, secret.data(), secret.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("standard output: ", strerror(errno)));
    }
    secret.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// By the XDG base directory specification; relative paths are ignored there.
std::string ConfigFolder() {
  const std::string xdg = Variable("XDG_CONFIG_HOME").value_or("");
  if (!xdg.empty() && xdg[0] == '/') return xdg + "/keyward";
  return Variable("HOME").value_or("") + "/.config/keyward";
}

// Where this program lies; the current folder if the system does not tell.
std::string ProgramFolder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path().string();
}

// gRPC's own lines say nothing that the error does not, and would stand
// between a command's lines; whoever wants them sets the variable.
constexpr char kGrpcVerbosity[] = "GRPC_VERBOSITY";

// From the start of this program to its second one (see BindLibraries), whose
// environment then is what it was given.
constexpr char kBound[] = "KEYWARD_BOUND";
constexpr char kBindNow[] = "LD_BIND_NOW";

// As BindLibraries; what it puts into the environment is not for the program
// that `keyward run` becomes.
absl::Status BindLibrariesForItself(const char* const* argv) {
  if (getenv(kBound) != nullptr) {
    unsetenv(kBound);
    unsetenv(kBindNow);
    return absl::OkStatus();
  }
  setenv(kBound, "1", /*overwrite=*/1);
  const absl::Status bound = keyward::crypto::BindLibraries(argv);
  // It was set by whoever started this program, and stays.
  unsetenv(kBound);
  return bound;
}

int Run(const std::vector<std::string>& arguments) {
  const bool quiet = getenv(kGrpcVerbosity) == nullptr;
  if (quiet) setenv(kGrpcVerbosity, "NONE", /*overwrite=*/1);
  const rlimit cores = keyward::cli::CoreLimit();
  auto hardened = keyward::crypto::HardenProcess({/*lock_all_memory=*/false});
  if (!hardened.ok()) {
    std::cerr << keyward::cli::FailureText(hardened.status());
    return keyward::cli::kExitFailed;
  }
  auto home =
      keyward::config::DefaultHome(geteuid(), Variable("HOME").value_or(""));
  if (!home.ok()) {
    std::cerr << keyward::cli::FailureText(home.status());
    return keyward::cli::kExitFailed;
  }
  const keyward::SystemClock clock;
  keyward::crypto::SystemRandom random;
  Environment environment;
  environment.variable = Variable;
  environment.in_fd = STDIN_FILENO;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.write_secret = WriteSecret;
  environment.clock = &clock;
  environment.random = &random;
  environment.sleep = absl::SleepFor;
  environment.steady_now = SteadyNow;
  environment.connect = [&clock](const keyward::client::Settings& settings) {
    return keyward::cli::Connect(settings, clock.Now());
  };
  environment.execute =
      [&cores, quiet](
          const std::vector<std::string>& command,
          const std::vector<keyward::cli::SecretVariable>& variables) {
        // Ours, and not for a program that may use gRPC itself.
        if (quiet) unsetenv(kGrpcVerbosity);
        return keyward::cli::StartProgram(command, variables, cores);
      };
  environment.program_folder = ProgramFolder();
  environment.home = *std::move(home);
  environment.config_folder = ConfigFolder();
  return keyward::cli::RunCommandLine(arguments, environment);
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status bound = BindLibrariesForItself(argv);
  if (!bound.ok()) {
    std::cerr << keyward::cli::FailureText(bound);
    return keyward::cli::kExitFailed;
  }
  return Run(std::vector<std::string>(argv + 1, argv + argc));
}
