// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_POSTGRES_SQLSTATE_H_
#define KEYWARD_LIBS_TARGET_POSTGRES_SQLSTATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::target {

// PostgreSQL's five-character error codes (its manual, appendix A), the only
// part of its errors that is the same in all languages and quotes no statement.
// Pure functions, safe for concurrent use.

inline constexpr char kSqlstateInvalidPassword[] = "28P01";
inline constexpr char kSqlstateInvalidAuthorization[] = "28000";
inline constexpr char kSqlstateWarning[] = "01000";
inline constexpr char kSqlstateDivisionByZero[] = "22012";
inline constexpr char kSqlstateUniqueViolation[] = "23505";
inline constexpr char kSqlstateUndefinedObject[] = "42704";
inline constexpr char kSqlstateDuplicateObject[] = "42710";
// Among much else: two sessions changed one row of a catalogue.
inline constexpr char kSqlstateInternalError[] = "XX000";

// The code at the end of `message`, which libpq wrote with the verbosity
// PQERRORS_SQLSTATE: "...: FATAL:  28P01\n", with a severity in the server's
// language. Empty if it ends in no code: then libpq itself wrote it.
std::string SqlstateOfMessage(absl::string_view message);

// What the error `sqlstate` of a server means to a caller of Target, by the
// list of errors there; the message is our own and ends in the code. `right` is
// an English clause that names what a login that lacks a right needs: "needs
// CREATEROLE". INTERNAL for codes that fit nothing, and for text that is none.
absl::Status StatusOfSqlstate(absl::string_view sqlstate,
                              absl::string_view right);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_POSTGRES_SQLSTATE_H_
