// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/account.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/config/text.h"

namespace keyward::target {
namespace {

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("._:%/-").find(c) != absl::string_view::npos;
}

}  // namespace

std::string MysqlAccount::Name() const {
  return absl::StrCat(user, "@", absl::AsciiStrToLower(host));
}

std::string MysqlAccount::Quoted() const {
  return absl::StrCat(QuoteMysqlString(user), "@", QuoteMysqlString(host));
}

absl::StatusOr<MysqlAccount> ParseMysqlAccount(absl::string_view text) {
  MysqlAccount account;
  const size_t at = text.rfind('@');
  account.user = std::string(text.substr(0, at));
  account.host =
      at == absl::string_view::npos ? "%" : std::string(text.substr(at + 1));
  if (account.host.empty() || account.host.size() > kMaxMysqlHostLength ||
      !std::all_of(account.host.begin(), account.host.end(), IsHostCharacter)) {
    return absl::InvalidArgumentError(
        "the host of a MariaDB account (after the last @) has 1 to 255 "
        "characters of A-Z a-z 0-9 . _ : % / -");
  }
  if (account.user.size() > 4 * kMaxMysqlUserLength ||
      !config::IsPlainText(account.user) ||
      std::any_of(account.user.begin(), account.user.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0xf0;
      })) {
    return absl::InvalidArgumentError(
        "a user of MariaDB is UTF-8 without control characters (other than tab "
        "and line ends) and characters beyond U+FFFF");
  }
  const auto characters = std::count_if(
      account.user.begin(), account.user.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  if (characters < 1 || static_cast<size_t>(characters) > kMaxMysqlUserLength) {
    return absl::InvalidArgumentError(
        "a user of MariaDB has 1 to 128 characters");
  }
  if (account.user.back() == ' ') {
    return absl::InvalidArgumentError(
        "a user of MariaDB does not end in a space");
  }
  return account;
}

std::string QuoteMysqlString(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

}  // namespace keyward::target
