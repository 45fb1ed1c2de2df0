// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/values.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

using secrets::v1::SecretType;

// No time that a contract has is further away.
constexpr absl::Duration kLongest = absl::Hours(24 * 366 * 100);

absl::Duration ParseDays(absl::string_view text) {
  int64_t days = 0;
  if (!absl::ConsumeSuffix(&text, "d") || !absl::SimpleAtoi(text, &days) ||
      days > 36600) {
    return absl::ZeroDuration();
  }
  return absl::Hours(24 * days);
}

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> ParsePair(
    absl::string_view option, absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return UsageError(absl::StrCat(option, " takes KEY=VALUE"));
  }
  return std::make_pair(std::string(text.substr(0, equals)),
                        std::string(text.substr(equals + 1)));
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view option,
                                             absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) duration = ParseDays(text);
  if (duration > absl::ZeroDuration() && duration <= kLongest) return duration;
  return UsageError(absl::StrCat(
      option, " takes a positive time such as 90s, 15m, 24h or 30d"));
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view option,
                                     absl::string_view text, absl::Time now,
                                     bool past) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  absl::StatusOr<absl::Duration> duration = ParseDuration(option, text);
  if (duration.ok()) return past ? now - *duration : now + *duration;
  return UsageError(absl::StrCat(
      option,
      " takes a time such as 2026-08-01T12:00:00Z, or 24h for that "
      "long ",
      past ? "ago" : "from now"));
}

absl::StatusOr<SecretType> ParseSecretType(absl::string_view text) {
  std::vector<std::string> known;
  for (int number = secrets::v1::SecretType_MIN;
       number <= secrets::v1::SecretType_MAX; ++number) {
    const auto type = static_cast<SecretType>(number);
    if (type == secrets::v1::SECRET_TYPE_UNSPECIFIED) continue;
    if (ShowType(type) == text) return type;
    known.push_back(ShowType(type));
  }
  return UsageError(
      absl::StrCat("--type takes one of ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<int64_t> ParseVersionNumber(absl::string_view option,
                                           absl::string_view text) {
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number) && number > 0 &&
      absl::StrCat(number) == text) {
    return number;
  }
  return UsageError(
      absl::StrCat(option, " takes a version's number, such as 3"));
}

std::string ShowTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string ShowEnum(absl::string_view value_name, absl::string_view prefix) {
  absl::ConsumePrefix(&value_name, prefix);
  if (value_name == "UNSPECIFIED") return "";
  return absl::StrReplaceAll(absl::AsciiStrToLower(value_name), {{"_", "-"}});
}

std::string ShowType(SecretType type) {
  return ShowEnum(secrets::v1::SecretType_Name(type), "SECRET_TYPE_");
}

std::string ShowState(secrets::v1::VersionState state) {
  return ShowEnum(secrets::v1::VersionState_Name(state), "VERSION_STATE_");
}

std::string ShowStage(secrets::v1::Stage stage) {
  return ShowEnum(secrets::v1::Stage_Name(stage), "STAGE_");
}

std::string LastSegment(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return std::string(slash == absl::string_view::npos ? name
                                                      : name.substr(slash + 1));
}

}  // namespace keyward::cli
