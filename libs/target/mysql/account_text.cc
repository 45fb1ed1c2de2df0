// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/account_text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace keyward::target {
namespace {

constexpr char kAll[] = "ALL PRIVILEGES";
constexpr char kGrantOption[] = "GRANT OPTION";
constexpr char kNativePassword[] = "mysql_native_password";
constexpr const char* kLimits[] = {
    "MAX_QUERIES_PER_HOUR", "MAX_UPDATES_PER_HOUR", "MAX_CONNECTIONS_PER_HOUR",
    "MAX_USER_CONNECTIONS", "MAX_STATEMENT_TIME"};

absl::Status FitsNothing() {
  return absl::InternalError(
      "the target describes an account in words that are not known");
}

// The length of the quoted text that `text` begins with; 0 if there is none.
size_t QuotedLength(absl::string_view text) {
  if (text.empty() || (text[0] != '`' && text[0] != '\'')) return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] != text[0]) continue;
    if (i + 1 == text.size() || text[i + 1] != text[0]) return i + 1;
    ++i;
  }
  return 0;
}

// Where `needle` begins in `text`, outside quotes and parentheses; npos if
// nowhere.
size_t Find(absl::string_view text, absl::string_view needle) {
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    if (depth == 0 && absl::StartsWith(text.substr(i), needle)) return i;
    const size_t quoted = QuotedLength(text.substr(i));
    if (quoted > 0) {
      i += quoted;
      continue;
    }
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    ++i;
  }
  return absl::string_view::npos;
}

std::vector<absl::string_view> Split(absl::string_view text,
                                     absl::string_view separator) {
  std::vector<absl::string_view> parts;
  while (true) {
    const size_t end = Find(text, separator);
    parts.push_back(text.substr(0, end));
    if (end == absl::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

std::string Unquoted(absl::string_view quoted) {
  const std::string quote(1, quoted[0]);
  return absl::StrReplaceAll(quoted.substr(1, quoted.size() - 2),
                             {{quote + quote, quote}});
}

// Takes a quoted text off the beginning of `*text`.
bool ConsumeQuoted(absl::string_view* text, std::string* value) {
  const size_t size = QuotedLength(*text);
  if (size == 0) return false;
  *value = Unquoted(text->substr(0, size));
  text->remove_prefix(size);
  return true;
}

absl::string_view ConsumeWord(absl::string_view* text) {
  const absl::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  return word;
}

bool ParsePlugins(absl::string_view* text, AccountText* account) {
  while (true) {
    const std::string plugin(ConsumeWord(text));
    std::string verifier;
    if (plugin.empty()) return false;
    if (absl::ConsumePrefix(text, " USING ") &&
        !ConsumeQuoted(text, &verifier)) {
      return false;
    }
    if (account->plugin.empty()) {
      account->plugin = plugin;
      account->verifier = verifier;
    } else {
      account->other_plugins.push_back(plugin);
    }
    if (!absl::ConsumePrefix(text, " OR ")) return true;
  }
}

// "SSL", "X509", or ISSUER '...' SUBJECT '...' CIPHER '...'.
bool ParseRequire(absl::string_view* text, AccountText* account) {
  const absl::string_view all = *text;
  if (absl::ConsumePrefix(text, "SSL") || absl::ConsumePrefix(text, "X509") ||
      absl::ConsumePrefix(text, "NONE")) {
    account->require = std::string(all.substr(0, all.size() - text->size()));
    return true;
  }
  std::string value;
  bool found = false;
  for (const absl::string_view word : {"ISSUER ", "SUBJECT ", "CIPHER "}) {
    absl::string_view rest = *text;
    if (found) absl::ConsumePrefix(&rest, " ");
    if (!absl::ConsumePrefix(&rest, word)) continue;
    if (!ConsumeQuoted(&rest, &value)) return false;
    *text = rest;
    found = true;
  }
  account->require = std::string(all.substr(0, all.size() - text->size()));
  return found;
}

bool ParseLimits(absl::string_view* text, AccountText* account) {
  bool found = false;
  while (true) {
    absl::string_view rest = *text;
    if (found && !absl::ConsumePrefix(&rest, " ")) return found;
    const absl::string_view name = ConsumeWord(&rest);
    if (std::find(std::begin(kLimits), std::end(kLimits), name) ==
        std::end(kLimits)) {
      return found;
    }
    if (!absl::ConsumePrefix(&rest, " ")) return false;
    const std::string value(ConsumeWord(&rest));
    if (value.empty() ||
        value.find_first_not_of("0123456789.") != std::string::npos) {
      return false;
    }
    account->limits[std::string(name)] = value;
    *text = rest;
    found = true;
  }
}

bool ParseExpiry(absl::string_view* text, AccountText* account) {
  const absl::string_view all = *text;
  if (absl::ConsumePrefix(text, " NEVER")) {
    account->expiry = "NEVER";
  } else if (absl::ConsumePrefix(text, " INTERVAL ")) {
    const std::string days(ConsumeWord(text));
    if (days.empty() ||
        days.find_first_not_of("0123456789") != std::string::npos ||
        !absl::ConsumePrefix(text, " DAY")) {
      return false;
    }
    account->expiry = std::string(all.substr(1, all.size() - text->size() - 1));
  }
  return true;
}

std::string Joined(const std::set<std::string>& privileges) {
  return absl::StrJoin(privileges, ", ");
}

std::set<std::string> Without(const std::set<std::string>& from,
                              const std::set<std::string>& what) {
  std::set<std::string> rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(),
                      std::inserter(rest, rest.end()));
  return rest;
}

void AddGrant(std::set<std::string> privileges, const std::string& object,
              absl::string_view account, std::vector<std::string>* statements) {
  if (privileges.empty()) return;
  const bool option = privileges.erase(kGrantOption) > 0;
  statements->push_back(absl::StrCat(
      "GRANT ", privileges.empty() ? "USAGE" : Joined(privileges), " ON ",
      object, " TO ", account, option ? " WITH GRANT OPTION" : ""));
}

void AddRevoke(std::set<std::string> privileges, const std::string& object,
               absl::string_view account,
               std::vector<std::string>* statements) {
  if (privileges.empty()) return;
  // The server takes no GRANT OPTION beside ALL PRIVILEGES of one object.
  for (const char* alone : {kAll, kGrantOption}) {
    if (privileges.erase(alone) == 0) continue;
    statements->push_back(
        absl::StrCat("REVOKE ", alone, " ON ", object, " FROM ", account));
  }
  if (privileges.empty()) return;
  statements->push_back(absl::StrCat("REVOKE ", Joined(privileges), " ON ",
                                     object, " FROM ", account));
}

}  // namespace

absl::StatusOr<AccountText> ParseCreateUser(absl::string_view text,
                                            const MysqlAccount& account) {
  AccountText result;
  result.require = "NONE";
  result.expiry = "DEFAULT";
  if (!absl::ConsumePrefix(&text, "CREATE USER ")) return FitsNothing();
  const absl::string_view beginning = text;
  MysqlAccount named;
  if (!ConsumeQuoted(&text, &named.user) || !absl::ConsumePrefix(&text, "@") ||
      !ConsumeQuoted(&text, &named.host) || !(named == account)) {
    return FitsNothing();
  }
  result.quoted =
      std::string(beginning.substr(0, beginning.size() - text.size()));

  if (absl::ConsumePrefix(&text, " IDENTIFIED BY PASSWORD ")) {
    result.plugin = kNativePassword;
    if (!ConsumeQuoted(&text, &result.verifier)) return FitsNothing();
  } else if (absl::ConsumePrefix(&text, " IDENTIFIED VIA ")) {
    if (!ParsePlugins(&text, &result)) return FitsNothing();
  } else {
    result.plugin = kNativePassword;
  }
  while (!text.empty()) {
    bool known = false;
    if (absl::ConsumePrefix(&text, " REQUIRE ")) {
      known = ParseRequire(&text, &result);
    } else if (absl::ConsumePrefix(&text, " WITH ")) {
      known = ParseLimits(&text, &result);
    } else if (absl::ConsumePrefix(&text, " PASSWORD EXPIRE")) {
      known = ParseExpiry(&text, &result);
    } else if (absl::ConsumePrefix(&text, " ACCOUNT LOCK")) {
      known = true;
    }
    if (!known) return FitsNothing();
  }
  return result;
}

std::string OptionChange(const AccountText& want, const AccountText& have) {
  std::string change;
  if (want.require != have.require) {
    absl::StrAppend(&change, " REQUIRE ", want.require);
  }
  if (want.limits != have.limits) {
    absl::StrAppend(&change, " WITH");
    for (const char* limit : kLimits) {
      const auto it = want.limits.find(limit);
      absl::StrAppend(&change, " ", limit, " ",
                      it == want.limits.end() ? "0" : it->second);
    }
  }
  if (want.expiry != have.expiry) {
    absl::StrAppend(&change, " PASSWORD EXPIRE ", want.expiry);
  }
  return change;
}

absl::StatusOr<Grants> ParseGrants(const std::vector<std::string>& lines,
                                   absl::string_view quoted_account) {
  constexpr size_t kNowhere = absl::string_view::npos;
  Grants grants;
  for (absl::string_view line : lines) {
    if (absl::ConsumePrefix(&line, "SET DEFAULT ROLE ")) {
      const std::string end = absl::StrCat(" FOR ", quoted_account);
      if (!absl::ConsumeSuffix(&line, end) ||
          QuotedLength(line) != line.size() || line.empty()) {
        return FitsNothing();
      }
      grants.default_role = std::string(line);
      continue;
    }
    if (!absl::ConsumePrefix(&line, "GRANT ")) return FitsNothing();
    const size_t to = Find(line, " TO ");
    if (to == kNowhere) return FitsNothing();
    absl::string_view tail = line.substr(to + 4);
    const absl::string_view what = line.substr(0, to);
    if (!absl::ConsumePrefix(&tail, quoted_account) ||
        (!tail.empty() && tail[0] != ' ')) {
      return FitsNothing();
    }

    const size_t on = Find(what, " ON ");
    if (on == kNowhere) {
      if (what.empty() || QuotedLength(what) != what.size() ||
          (!tail.empty() && tail != " WITH ADMIN OPTION")) {
        return FitsNothing();
      }
      grants.roles[std::string(what)] = !tail.empty();
      continue;
    }
    const std::string object(what.substr(on + 4));
    std::set<std::string>& privileges = grants.privileges[object];
    for (const absl::string_view privilege : Split(what.substr(0, on), ", ")) {
      if (privilege == "USAGE") continue;
      absl::string_view columns = privilege;
      columns.remove_prefix(std::min(privilege.size(), privilege.find(" (")));
      if (columns.empty()) {
        privileges.emplace(privilege);
        continue;
      }
      const absl::string_view name =
          privilege.substr(0, privilege.size() - columns.size());
      if (!absl::ConsumePrefix(&columns, " (") ||
          !absl::ConsumeSuffix(&columns, ")")) {
        return FitsNothing();
      }
      for (const absl::string_view column : Split(columns, ", ")) {
        privileges.insert(absl::StrCat(name, " (", column, ")"));
      }
    }
    if (Find(tail, " WITH GRANT OPTION") != kNowhere) {
      privileges.insert(kGrantOption);
    }
    if (privileges.empty()) grants.privileges.erase(object);
  }
  return grants;
}

std::vector<std::string> GrantChanges(const Grants& want, const Grants& have,
                                      absl::string_view quoted_account) {
  std::vector<std::string> statements;
  const std::set<std::string> nothing;
  std::set<std::string> objects;
  for (const auto& [object, privileges] : want.privileges) {
    objects.insert(object);
  }
  for (const auto& [object, privileges] : have.privileges) {
    objects.insert(object);
  }
  std::vector<std::string> revokes;
  for (const std::string& object : objects) {
    const auto wanted = want.privileges.find(object);
    const auto had = have.privileges.find(object);
    const std::set<std::string>& target =
        wanted == want.privileges.end() ? nothing : wanted->second;
    const std::set<std::string>& present =
        had == have.privileges.end() ? nothing : had->second;
    std::set<std::string> add = Without(target, present);
    std::set<std::string> remove = Without(present, target);
    if (remove.count(kAll) > 0) {
      // Afterwards nothing is left of what was in it.
      AddRevoke(remove, object, quoted_account, &statements);
      AddGrant(target, object, quoted_account, &statements);
      continue;
    }
    if (target.count(kAll) > 0) {
      // They are part of it now.
      const bool option = remove.count(kGrantOption) > 0;
      std::set<std::string> columns;
      for (const std::string& privilege : remove) {
        if (absl::StrContains(privilege, " (")) columns.insert(privilege);
      }
      remove = std::move(columns);
      if (option) remove.insert(kGrantOption);
    }
    AddGrant(std::move(add), object, quoted_account, &statements);
    AddRevoke(std::move(remove), object, quoted_account, &revokes);
  }

  for (const auto& [role, admin] : want.roles) {
    const auto it = have.roles.find(role);
    if (it == have.roles.end() || (admin && !it->second)) {
      statements.push_back(absl::StrCat("GRANT ", role, " TO ", quoted_account,
                                        admin ? " WITH ADMIN OPTION" : ""));
    } else if (!admin && it->second) {
      revokes.push_back(absl::StrCat("REVOKE ADMIN OPTION FOR ", role, " FROM ",
                                     quoted_account));
    }
  }
  if (want.default_role != have.default_role) {
    statements.push_back(absl::StrCat("SET DEFAULT ROLE ", want.default_role,
                                      " FOR ", quoted_account));
  }
  for (const auto& [role, admin] : have.roles) {
    if (want.roles.count(role) == 0) {
      revokes.push_back(
          absl::StrCat("REVOKE ", role, " FROM ", quoted_account));
    }
  }
  statements.insert(statements.end(), revokes.begin(), revokes.end());
  return statements;
}

}  // namespace keyward::target
