// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/acl_user.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/hex.h"
#include "libs/crypto/sha256.h"

namespace keyward::target::redis {
namespace {

// The first half of every mark, the second being of the user's name.
constexpr absl::string_view kMarkStart = "keyward twin of ";
static_assert(kMarkStart.size() == crypto::kSha256Size / 2, "half a hash");

absl::Status NoUser() {
  return absl::InternalError(
      "what the server says of a user is not as Redis's");
}

// Words of a text that the server has joined by spaces, or of an array.
// In Redis 6 the patterns of an array come without what marks their kind.
bool ReadWords(const Reply& reply, absl::string_view kind,
               std::vector<std::string>* words) {
  if (reply.type == Reply::Type::kString ||
      reply.type == Reply::Type::kStatus) {
    for (const absl::string_view word :
         absl::StrSplit(reply.text, ' ', absl::SkipEmpty())) {
      words->emplace_back(word);
    }
    return true;
  }
  if (reply.type != Reply::Type::kArray) return false;
  for (const auto& element : reply.elements) {
    if (element->type != Reply::Type::kString &&
        element->type != Reply::Type::kStatus) {
      return false;
    }
    words->push_back(absl::StrCat(kind, element->text));
  }
  return true;
}

// Whether each is a rule of its kind, and so no password or state that a twin
// would get with them.
bool AllBeginWithOneOf(absl::string_view starts,
                       const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return !word.empty() && absl::StrContains(starts, word[0]) &&
           !absl::StrContains(word, ' ');
  });
}

// The rules of a user or of one of its selectors.
struct RuleSet {
  std::vector<std::string> commands;
  std::vector<std::string> keys;
  std::vector<std::string> channels;
  // Redis 6.0 has none.
  bool has_channels = false;

  // Whether `name` is one of these; `*good` becomes false if its value is none.
  bool Read(absl::string_view name, const Reply& value, bool* good) {
    if (name == "commands") {
      *good = *good && ReadWords(value, "", &commands);
    } else if (name == "keys") {
      *good = *good && ReadWords(value, "~", &keys);
    } else if (name == "channels") {
      has_channels = true;
      *good = *good && ReadWords(value, "&", &channels);
    } else {
      return false;
    }
    return true;
  }

  bool AllKnown() const {
    return AllBeginWithOneOf("+-", commands) && AllBeginWithOneOf("~%", keys) &&
           AllBeginWithOneOf("&", channels);
  }

  std::vector<std::string> Words() const {
    std::vector<std::string> words = {"resetkeys"};
    words.insert(words.end(), keys.begin(), keys.end());
    if (has_channels) {
      words.push_back("resetchannels");
      words.insert(words.end(), channels.begin(), channels.end());
    }
    // Begins with all or nothing; said once more lest it ever does not.
    words.push_back("-@all");
    words.insert(words.end(), commands.begin(), commands.end());
    return words;
  }
};

// "(...)", what ACL SETUSER takes for a selector.
bool ReadSelector(const Reply& reply, AclUser* user) {
  if (reply.type != Reply::Type::kArray || reply.elements.size() % 2 != 0) {
    return false;
  }
  RuleSet rules;
  bool good = true;
  for (size_t i = 0; i < reply.elements.size(); i += 2) {
    if (!rules.Read(reply.elements[i]->text, *reply.elements[i + 1], &good)) {
      user->has_unknown_rules = true;
    }
  }
  if (!rules.AllKnown()) user->has_unknown_rules = true;
  user->rules.push_back(
      absl::StrCat("(", absl::StrJoin(rules.Words(), " "), ")"));
  return good;
}

bool ReadFlags(const Reply& reply, bool has_sanitizing, AclUser* user) {
  std::vector<std::string> flags;
  if (!ReadWords(reply, "", &flags)) return false;
  absl::string_view sanitizing = "sanitize-payload";
  for (const std::string& flag : flags) {
    if (flag == "on") {
      user->on = true;
    } else if (flag == "nopass") {
      user->nopass = true;
    } else if (flag == "skip-sanitize-payload") {
      sanitizing = "skip-sanitize-payload";
    } else if (flag != "off" && flag != "sanitize-payload" &&
               flag != "allkeys" && flag != "allchannels" &&
               flag != "allcommands") {
      // Those of Redis 6 that the patterns and commands say again are known.
      user->has_unknown_rules = true;
    }
  }
  if (has_sanitizing) user->rules.emplace_back(sanitizing);
  return true;
}

}  // namespace

bool AclUser::HasPassword(absl::string_view hash) const {
  return std::find(passwords.begin(), passwords.end(), hash) != passwords.end();
}

absl::StatusOr<AclUser> ReadAclUser(const Reply& reply) {
  if (reply.type != Reply::Type::kArray || reply.elements.size() % 2 != 0) {
    return NoUser();
  }
  AclUser user;
  RuleSet rules;
  const Reply* flags = nullptr;
  const Reply* passwords = nullptr;
  const Reply* selectors = nullptr;
  bool good = true;
  for (size_t i = 0; i < reply.elements.size(); i += 2) {
    const std::string& name = reply.elements[i]->text;
    const Reply& value = *reply.elements[i + 1];
    if (name == "flags") {
      flags = &value;
    } else if (name == "passwords") {
      passwords = &value;
    } else if (name == "selectors") {
      selectors = &value;
    } else if (!rules.Read(name, value, &good)) {
      user.has_unknown_rules = true;
    }
  }
  if (flags == nullptr || passwords == nullptr || rules.commands.empty()) {
    return NoUser();
  }
  // Both came with Redis 6.2.
  if (!ReadFlags(*flags, rules.has_channels, &user) ||
      !ReadWords(*passwords, "", &user.passwords)) {
    return NoUser();
  }
  if (!rules.AllKnown()) user.has_unknown_rules = true;
  const std::vector<std::string> words = rules.Words();
  user.rules.insert(user.rules.end(), words.begin(), words.end());
  if (selectors != nullptr) {
    if (selectors->type != Reply::Type::kArray) return NoUser();
    user.rules.push_back("clearselectors");
    for (const auto& selector : selectors->elements) {
      good = ReadSelector(*selector, &user) && good;
    }
  }
  if (!good) return NoUser();
  return user;
}

std::string PasswordHash(const crypto::SecretBuffer& password) {
  crypto::Sha256Hasher hasher;
  hasher.Update(password.ExposeSecret());
  return HexEncode(crypto::AsBytes(hasher.Finish()));
}

std::string TwinMark(absl::string_view user) {
  const crypto::Sha256Digest digest = crypto::Sha256(user);
  return HexEncode(absl::StrCat(
      kMarkStart, crypto::AsBytes(digest).substr(
                      0, crypto::kSha256Size - kMarkStart.size())));
}

bool IsTwinMark(absl::string_view hash) {
  return absl::StartsWith(hash, HexEncode(kMarkStart));
}

}  // namespace keyward::target::redis
