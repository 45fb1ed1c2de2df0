// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/bound_libraries.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace keyward::crypto {
namespace {

constexpr char kBindNow[] = "LD_BIND_NOW";

}  // namespace

absl::Status BindLibraries(const char* const* argv) {
  // Empty is the same as unset to the linker.
  const char* const bound = std::getenv(kBindNow);
  if (bound != nullptr && *bound != '\0') return absl::OkStatus();
  // By its path, not by the link: that would become the process's name.
  char path[PATH_MAX] = {};
  if (readlink("/proc/self/exe", path, sizeof(path) - 1) > 0 &&
      setenv(kBindNow, "1", 1) == 0) {
    execv(path, const_cast<char* const*>(argv));
  }
  return absl::InternalError(absl::StrCat(
      "cannot start ", path, " with its libraries bound: ",
      strerrordesc_np(errno), "; set ", kBindNow, "=1 in its environment"));
}

}  // namespace keyward::crypto
