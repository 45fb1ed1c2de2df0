// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/time_zone.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace keyward::schedule {
namespace {

constexpr size_t kMaxName = 64;

// A part of a zone's name. All begin with a capital letter, and what does not
// is no zone to choose: localtime and posixrules differ from machine to
// machine, the zones under right/ count leap seconds.
bool IsPart(absl::string_view part) {
  if (part.empty() ||
      !absl::ascii_isupper(static_cast<unsigned char>(part.front()))) {
    return false;
  }
  for (const char c : part) {
    // No dot, which could lead out of the folder, and no colon: Abseil would
    // take "file:" as any file.
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' &&
        c != '-' && c != '+') {
      return false;
    }
  }
  return true;
}

bool IsName(absl::string_view name) {
  if (name.size() > kMaxName) return false;
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (!IsPart(part)) return false;
  }
  return true;
}

// Abseil remembers every name that it is asked for, for good, those without a
// zone too. Asked only for what is there it cannot be made to fill the memory.
bool Exists(absl::string_view name) {
  const char* folder = std::getenv("TZDIR");
  if (folder == nullptr || *folder == '\0') folder = "/usr/share/zoneinfo";
  std::error_code error;
  return std::filesystem::is_regular_file(absl::StrCat(folder, "/", name),
                                          error);
}

}  // namespace

absl::StatusOr<absl::TimeZone> FindTimeZone(absl::string_view name) {
  if (name.empty() || name == "UTC") return absl::UTCTimeZone();
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        "must be a name of the tz database, such as Europe/Berlin, or UTC");
  }
  absl::TimeZone zone;
  if (!Exists(name) || !absl::LoadTimeZone(name, &zone)) {
    return absl::InvalidArgumentError(
        "is not in this server's tz database (package tzdata)");
  }
  return zone;
}

}  // namespace keyward::schedule
