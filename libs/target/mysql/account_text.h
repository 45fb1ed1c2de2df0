// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_TEXT_H_
#define KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_TEXT_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/target/mysql/account.h"

namespace keyward::target {

// What MariaDB says of an account in statements, read and turned into others.
// It has to be in a session of mysql_session.h, whose settings decide how the
// server quotes. Whatever is not understood to the last character is INTERNAL,
// since leaving something out of a copy would give it other rights. Pure
// functions, safe for concurrent use.

// SHOW CREATE USER.
struct AccountText {
  // As the server writes it, which SHOW GRANTS repeats.
  std::string quoted;
  // How it logs in: "mysql_native_password" for accounts without a plugin or
  // password too.
  std::string plugin;
  std::string verifier;
  // Of an account that may log in in several ways, the others.
  std::vector<std::string> other_plugins;
  // "REQUIRE ...", "NONE" too.
  std::string require;
  // "MAX_USER_CONNECTIONS 3" and so on; 0 is left out.
  std::map<std::string, std::string> limits;
  // "PASSWORD EXPIRE NEVER" or "INTERVAL n DAY", or DEFAULT. An account whose
  // password has been expired by hand counts as DEFAULT.
  std::string expiry;
};

absl::StatusOr<AccountText> ParseCreateUser(absl::string_view text,
                                            const MysqlAccount& account);

// The options of ALTER USER that make an account with those of `have` one with
// those of `want`; empty if they are the same.
std::string OptionChange(const AccountText& want, const AccountText& have);

// SHOW GRANTS.
struct Grants {
  // By what they are on. A privilege of several columns is one of each; WITH
  // GRANT OPTION is "GRANT OPTION".
  std::map<std::string, std::set<std::string>> privileges;
  // Whether WITH ADMIN OPTION.
  std::map<std::string, bool> roles;
  // "NONE" if there is none.
  std::string default_role = "NONE";
};

absl::StatusOr<Grants> ParseGrants(const std::vector<std::string>& lines,
                                   absl::string_view quoted_account);

// Statements that make `have`, the grants of `quoted_account`, the same as
// `want`. What is lacking is given before the rest is taken away, except where
// ALL PRIVILEGES shrink to some.
std::vector<std::string> GrantChanges(const Grants& want, const Grants& have,
                                      absl::string_view quoted_account);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_ACCOUNT_TEXT_H_
