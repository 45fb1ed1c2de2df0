// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_H_
#define KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::target {

// Accounts of MariaDB: a user, and a pattern of the hosts that it comes from.
// Pure functions, safe for concurrent use.

inline constexpr size_t kMaxMysqlUserLength = 128;
inline constexpr size_t kMaxMysqlHostLength = 255;

struct MysqlAccount {
  std::string user;
  std::string host;

  // As CURRENT_USER() gives it; two accounts are the same if this is. Hosts are
  // compared without regard to case.
  std::string Name() const;
  // As a statement names it: 'user'@'host', quoted.
  std::string Quoted() const;

  friend bool operator==(const MysqlAccount& a, const MysqlAccount& b) {
    return a.Name() == b.Name() && a.user == b.user;
  }
};

// The account that the user of a credential names: USER@HOST, divided at the
// last "@", or USER alone for USER@%. A user whose name has an "@" is written
// with its host. USER has 1 to 128 characters, HOST 1 to 255 of those that
// names, addresses and patterns are made of ([A-Za-z0-9._:%/-]);
// INVALID_ARGUMENT otherwise, and for a user that is not UTF-8, has control
// characters other than tab and line ends or characters of four bytes, which
// the server's tables do not hold, or ends in a space, which the server
// ignores.
absl::StatusOr<MysqlAccount> ParseMysqlAccount(absl::string_view text);

// A string of a statement, in a session with the SQL mode NO_BACKSLASH_ESCAPES
// and the character set utf8mb4: in any other a backslash could end the quote.
std::string QuoteMysqlString(absl::string_view text);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_H_
