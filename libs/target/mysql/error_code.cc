// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/error_code.h"

#include "absl/strings/str_cat.h"

namespace keyward::target {
namespace {

struct Meaning {
  unsigned code;
  absl::StatusCode status;
  const char* message;
};

constexpr char kLacksRight[] = "the login lacks a right";
constexpr char kFull[] = "the target is full: it takes no more connections";
constexpr char kStops[] = "the target is stopping, or ended the connection";
constexpr char kReadOnly[] =
    "the target is read-only, or its password rules "
    "(strict_password_validation) take no hash: point the connector at the "
    "primary, end the read-only state or turn that rule off";
constexpr char kDisk[] = "the target has trouble with its disk or memory";
constexpr char kGone[] =
    "the user has a grant on a table, column or routine that is gone: revoke "
    "it";

constexpr Meaning kMeanings[] = {
    {1044, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1142, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1143, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1227, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1370, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1410, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1698, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1045, absl::StatusCode::kPermissionDenied, kLacksRight},
    {1290, absl::StatusCode::kFailedPrecondition, kReadOnly},
    {1836, absl::StatusCode::kFailedPrecondition, kReadOnly},
    {1792, absl::StatusCode::kFailedPrecondition, kReadOnly},
    {1819, absl::StatusCode::kFailedPrecondition,
     "a password rule of the target refuses the change"},
    {1372, absl::StatusCode::kFailedPrecondition,
     "the target takes no such password hash"},
    {1524, absl::StatusCode::kFailedPrecondition,
     "the target has not loaded the account's authentication plugin"},
    {1130, absl::StatusCode::kFailedPrecondition,
     "the target has no account for connections from here"},
    {1251, absl::StatusCode::kFailedPrecondition,
     "the target wants an authentication that is too weak"},
    {3159, absl::StatusCode::kFailedPrecondition,
     "the target takes connections with TLS only"},
    {4151, absl::StatusCode::kFailedPrecondition,
     "the account is locked: unlock it"},
    {1820, absl::StatusCode::kFailedPrecondition,
     "the password of the login has expired"},
    {1146, absl::StatusCode::kFailedPrecondition, kGone},
    {1054, absl::StatusCode::kFailedPrecondition, kGone},
    {1305, absl::StatusCode::kFailedPrecondition, kGone},
    {1040, absl::StatusCode::kUnavailable, kFull},
    {1203, absl::StatusCode::kUnavailable, kFull},
    {1226, absl::StatusCode::kUnavailable,
     "the account has reached one of its limits"},
    {1129, absl::StatusCode::kUnavailable,
     "the target blocks this host after connections that failed: FLUSH HOSTS"},
    {4150, absl::StatusCode::kUnavailable,
     "the target blocks the account after wrong passwords: FLUSH PRIVILEGES"},
    {1053, absl::StatusCode::kUnavailable, kStops},
    {1077, absl::StatusCode::kUnavailable, kStops},
    {1152, absl::StatusCode::kUnavailable, kStops},
    {1184, absl::StatusCode::kUnavailable, kStops},
    {1927, absl::StatusCode::kUnavailable, kStops},
    {1158, absl::StatusCode::kUnavailable, kStops},
    {1159, absl::StatusCode::kUnavailable, kStops},
    {1160, absl::StatusCode::kUnavailable, kStops},
    {1161, absl::StatusCode::kUnavailable, kStops},
    {1213, absl::StatusCode::kUnavailable,
     "another session changed the same, and the target undid this change"},
    {1021, absl::StatusCode::kUnavailable, kDisk},
    {1037, absl::StatusCode::kUnavailable, kDisk},
    {1041, absl::StatusCode::kUnavailable, kDisk},
    {1047, absl::StatusCode::kUnavailable,
     "the target's cluster takes no statements now"},
    {1205, absl::StatusCode::kDeadlineExceeded,
     "another session held what had to be changed for too long"},
    {1317, absl::StatusCode::kDeadlineExceeded,
     "somebody cancelled the statement at the target"},
    {1969, absl::StatusCode::kDeadlineExceeded,
     "the target did not finish in time"},
    {kMysqlTooLate, absl::StatusCode::kDeadlineExceeded,
     "the target came to the change too late, and did not make it"},
    {kMysqlOvertaken, absl::StatusCode::kUnavailable,
     "another session changed the account meanwhile"},
};

}  // namespace

bool IsMysqlRefusal(unsigned code) {
  return code == 1045 || code == 1698 || code == 1820 || code == 1862;
}

bool IsMysqlBarred(unsigned code) { return code == 4151; }

absl::Status StatusOfMysqlCode(unsigned code, absl::string_view right) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code != code) continue;
    const bool lacks = meaning.status == absl::StatusCode::kPermissionDenied;
    return absl::Status(
        meaning.status,
        absl::StrCat(meaning.message, lacks ? ": it needs " : "",
                     lacks ? right : "", " (error ", code, ")"));
  }
  return absl::InternalError(absl::StrCat(
      "the target answered with an error that fits nothing (error ", code,
      ")"));
}

}  // namespace keyward::target
