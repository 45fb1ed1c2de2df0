// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/sqlstate.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace keyward::target {
namespace {

constexpr size_t kSqlstateSize = 5;

bool IsSqlstate(absl::string_view text) {
  return text.size() == kSqlstateSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || absl::ascii_isupper(c);
         });
}

struct Meaning {
  // A code or the beginning of some; the first that fits counts.
  const char* prefix;
  absl::StatusCode code;
  const char* message;
};

constexpr Meaning kMeanings[] = {
    {"42501", absl::StatusCode::kPermissionDenied, "the login lacks a right"},
    {"25006", absl::StatusCode::kFailedPrecondition,
     "the target is read-only, a standby or set to be: point the connector at "
     "the primary, or end the read-only state"},
    {"3D000", absl::StatusCode::kFailedPrecondition,
     "the target has no database of the connector's name"},
    {"55000", absl::StatusCode::kFailedPrecondition,
     "the target's database takes no connections or no changes"},
    {"57014", absl::StatusCode::kDeadlineExceeded,
     "the target did not finish in time, or somebody cancelled it"},
    {"55P03", absl::StatusCode::kDeadlineExceeded,
     "another session held what had to be changed for too long"},
    {"57P", absl::StatusCode::kUnavailable,
     "the target is starting, stopping or failing over"},
    {"53", absl::StatusCode::kUnavailable,
     "the target is full: connections, memory or disk"},
    {"08P01", absl::StatusCode::kFailedPrecondition,
     "the target does not speak as PostgreSQL does: connect to the server "
     "itself and not to a pooler"},
    {"08", absl::StatusCode::kUnavailable, "the connection broke"},
    {"25P", absl::StatusCode::kUnavailable,
     "the target ended a transaction that took too long"},
    {"40", absl::StatusCode::kUnavailable,
     "another session changed the same, and the target undid this change"},
    {"58", absl::StatusCode::kUnavailable,
     "the target has trouble with its disk or system"},
    {"42939", absl::StatusCode::kInvalidArgument,
     "the target keeps this user name for itself"},
    {"42602", absl::StatusCode::kInvalidArgument,
     "the target takes no such user name"},
    {"42622", absl::StatusCode::kInvalidArgument,
     "the user name is too long for the target"},
    {"22021", absl::StatusCode::kInvalidArgument,
     "the user name is not in the encoding of the target's database"},
    {"42704", absl::StatusCode::kNotFound, "the target has no such user"},
    {"42710", absl::StatusCode::kAlreadyExists,
     "the target has a user of this name already"},
    // What extensions that check passwords and changes of users answer
    // (passwordcheck, credcheck, the providers' own, event triggers). A rule
    // that has to see the password cannot be met by a verifier.
    {"22", absl::StatusCode::kFailedPrecondition,
     "a rule of the target for passwords or users refuses the change"},
    {"28", absl::StatusCode::kFailedPrecondition,
     "a rule of the target for passwords or users refuses the change"},
    {"0A", absl::StatusCode::kFailedPrecondition,
     "the target does not allow this change"},
    {"P0001", absl::StatusCode::kFailedPrecondition,
     "a rule of the target for passwords or users refuses the change"},
};

}  // namespace

std::string SqlstateOfMessage(absl::string_view message) {
  message = absl::StripSuffix(message, "\n");
  if (message.size() < kSqlstateSize) return "";
  const absl::string_view code = message.substr(message.size() - kSqlstateSize);
  message.remove_suffix(kSqlstateSize);
  if (!absl::EndsWith(message, ":  ") || !IsSqlstate(code)) return "";
  return std::string(code);
}

absl::Status StatusOfSqlstate(absl::string_view sqlstate,
                              absl::string_view right) {
  if (!IsSqlstate(sqlstate)) {
    return absl::InternalError("the target's error has no code");
  }
  for (const Meaning& meaning : kMeanings) {
    if (!absl::StartsWith(sqlstate, meaning.prefix)) continue;
    const bool lacks = meaning.code == absl::StatusCode::kPermissionDenied;
    return absl::Status(
        meaning.code,
        absl::StrCat(meaning.message, lacks ? ": it " : "", lacks ? right : "",
                     " (SQLSTATE ", sqlstate, ")"));
  }
  return absl::InternalError(
      absl::StrCat("the target answered with an error that fits nothing "
                   "(SQLSTATE ",
                   sqlstate, ")"));
}

}  // namespace keyward::target
