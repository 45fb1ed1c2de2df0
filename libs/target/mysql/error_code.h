// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_ERROR_CODE_H_
#define KEYWARD_LIBS_TARGET_MYSQL_ERROR_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::target {

// The numbers of MariaDB's errors that mean something to the driver. Pure
// functions, safe for concurrent use.

inline constexpr unsigned kMysqlNoSuchGrant = 1141;
inline constexpr unsigned kMysqlNoSuchUser = 1133;
inline constexpr unsigned kMysqlCannotUser = 1396;

// What a statement of ours signals that comes after its deadline, and one whose
// condition does not hold any more.
inline constexpr unsigned kMysqlTooLate = 31001;
inline constexpr unsigned kMysqlOvertaken = 31002;

// Whether the server refuses a login because of the user or the password: a
// wrong password or no such user (1045, 1698), or a password that has expired
// (1820, 1862).
bool IsMysqlRefusal(unsigned code);

// Whether the account is locked (4151), which the server says only to whom has
// the password right.
bool IsMysqlBarred(unsigned code);

// The error of Target that an error of the server is, in our own words.
// `right` says what a login needs that lacks a right.
absl::Status StatusOfMysqlCode(unsigned code, absl::string_view right);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_ERROR_CODE_H_
