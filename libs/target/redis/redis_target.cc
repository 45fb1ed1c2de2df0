// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/redis_target.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "libs/target/redis/acl_user.h"
#include "libs/target/redis/connection.h"
#include "libs/target/redis/reply.h"

namespace keyward::target {
namespace {

using redis::AclUser;
using redis::Connection;
using redis::Reply;

// Where the server keeps its users.
enum class Place { kNowhere, kAclFile, kConfigFile };

absl::Status NotAsExpected(absl::string_view command) {
  return absl::InternalError(absl::StrCat("what the server answers to ",
                                          command, " is not as Redis's"));
}

absl::Status CheckUser(absl::string_view user) {
  const bool good = !user.empty() && user.size() <= RedisTarget::kMaxUserSize &&
                    std::none_of(user.begin(), user.end(), [](char c) {
                      return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
                    });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a user of Redis has a name of 1 to ",
                   RedisTarget::kMaxUserSize, " bytes without space or NUL"));
}

absl::Status CheckPassword(const Credential& credential) {
  if (credential.password.size() <= RedisTarget::kMaxPasswordSize) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("Redis takes no login with a password above ",
                   RedisTarget::kMaxPasswordSize, " bytes"));
}

// The answer to a command that is OK or an error.
absl::Status Carry(Connection& connection,
                   const std::vector<absl::string_view>& words) {
  const absl::StatusOr<std::unique_ptr<Reply>> reply =
      connection.Command(words);
  if (!reply.ok()) return reply.status();
  if ((*reply)->type != Reply::Type::kStatus || (*reply)->text != "OK") {
    return NotAsExpected(words[0]);
  }
  return absl::OkStatus();
}

// A connection that is logged in as `as`.
absl::StatusOr<std::unique_ptr<Connection>> LogIn(const Endpoint& endpoint,
                                                  const Clock& clock,
                                                  const Credential& as,
                                                  SteadyTime deadline) {
  absl::Status good = CheckUser(as.user);
  if (good.ok()) good = CheckPassword(as);
  if (!good.ok()) return good;
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(endpoint, clock, deadline);
  if (!connection.ok()) return connection.status();
  absl::Status in =
      Carry(**connection, {"AUTH", as.user, as.password.ExposeSecret()});
  if (!in.ok()) return in;
  return connection;
}

// Absent if there is no such user.
absl::StatusOr<absl::optional<AclUser>> GetUser(Connection& connection,
                                                absl::string_view user) {
  const absl::StatusOr<std::unique_ptr<Reply>> reply =
      connection.Command({"ACL", "GETUSER", user});
  if (!reply.ok()) return reply.status();
  if ((*reply)->type == Reply::Type::kNil) return absl::optional<AclUser>();
  absl::StatusOr<AclUser> read = redis::ReadAclUser(**reply);
  if (!read.ok()) return read.status();
  return absl::optional<AclUser>(*std::move(read));
}

absl::StatusOr<bool> HasAclFile(Connection& connection) {
  const absl::StatusOr<std::unique_ptr<Reply>> reply =
      connection.Command({"CONFIG", "GET", "aclfile"});
  if (!reply.ok()) return reply.status();
  const auto& elements = (*reply)->elements;
  if (elements.size() != 2 || elements[0]->text != "aclfile") {
    return NotAsExpected("CONFIG|GET");
  }
  return !elements[1]->text.empty();
}

absl::StatusOr<bool> HasConfigFile(Connection& connection) {
  const absl::StatusOr<std::unique_ptr<Reply>> reply =
      connection.Command({"INFO", "server"});
  if (!reply.ok()) return reply.status();
  for (absl::string_view line : absl::StrSplit((*reply)->text, '\n')) {
    line = absl::StripSuffix(line, "\r");
    if (absl::ConsumePrefix(&line, "config_file:")) return !line.empty();
  }
  return NotAsExpected("INFO");
}

// FAILED_PRECONDITION if a configuration file with the server's users would
// not be read back.
absl::Status CheckConfigurable(Connection& connection) {
  const absl::StatusOr<std::unique_ptr<Reply>> reply =
      connection.Command({"ACL", "LIST"});
  if (!reply.ok()) return reply.status();
  if ((*reply)->type != Reply::Type::kArray) return NotAsExpected("ACL|LIST");
  for (const auto& line : (*reply)->elements) {
    // Redis writes the line as it is and reads it as words with quotes.
    if (line->text.find_first_of("\"'") != std::string::npos ||
        absl::StartsWith(line->text, "user  ")) {
      return absl::FailedPreconditionError(
          "the server has a user with a quote in its name or rules, or without "
          "a name, and would not start again from the configuration file: "
          "delete it or configure an aclfile");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Place> FindPlace(Connection& connection,
                                RedisDurability durability) {
  if (durability == RedisDurability::kInMemory) return Place::kNowhere;
  const absl::StatusOr<bool> acl_file = HasAclFile(connection);
  if (!acl_file.ok()) return acl_file.status();
  // Never both: a server with an aclfile does not start from a configuration
  // file that has users, which CONFIG REWRITE would put there.
  if (*acl_file) return Place::kAclFile;
  const absl::StatusOr<bool> config_file = HasConfigFile(connection);
  if (!config_file.ok()) return config_file.status();
  if (!*config_file) {
    return absl::FailedPreconditionError(
        "the server has neither an aclfile nor a configuration file, and would "
        "lose the change when it restarts: configure one of them, or say that "
        "changes need not be saved");
  }
  absl::Status good = CheckConfigurable(connection);
  if (!good.ok()) return good;
  return Place::kConfigFile;
}

// Also when nothing had to be changed: an earlier call may have changed it and
// ended before this.
absl::Status Save(Connection& connection, Place place) {
  if (place == Place::kNowhere) return absl::OkStatus();
  absl::Status saved = place == Place::kAclFile
                           ? Carry(connection, {"ACL", "SAVE"})
                           : Carry(connection, {"CONFIG", "REWRITE"});
  if (!absl::IsInternal(saved)) return saved;
  // Nothing is wrong with the command, so it is the file.
  return absl::FailedPreconditionError(
      absl::StrCat("the server has the change, but cannot write its ",
                   place == Place::kAclFile ? "aclfile" : "configuration file",
                   " and would lose it when it restarts: see its log (ERR)"));
}

// ACL SETUSER, which makes a user that is missing: `guard`, a password that the
// user has, lets it fail instead. Redis carries out all of it or nothing.
absl::Status SetUser(Connection& connection, absl::string_view user,
                     absl::string_view guard,
                     const std::vector<std::string>& rules) {
  std::vector<std::string> guards;
  if (!guard.empty()) {
    guards = {absl::StrCat("!", guard), absl::StrCat("#", guard)};
  }
  std::vector<absl::string_view> words = {"ACL", "SETUSER", user};
  words.insert(words.end(), guards.begin(), guards.end());
  words.insert(words.end(), rules.begin(), rules.end());
  return Carry(connection, words);
}

absl::Status ChangedMeanwhile() {
  return absl::UnavailableError(
      "another administrator changed the user at the same time");
}

absl::Status AnyPasswordWorks() {
  return absl::FailedPreconditionError(
      "the user is `nopass`, so that any password is let in: give it one of "
      "its own first");
}

absl::Status IsOff() {
  return absl::FailedPreconditionError(
      "the user is off and cannot log in: turn it on first");
}

// Whether a user has nothing but the mark, as EnsureTwin makes it at first.
bool IsBare(const AclUser& user, absl::string_view mark) {
  return !user.on && !user.nopass && user.passwords.size() == 1 &&
         user.HasPassword(mark);
}

}  // namespace

RedisTarget::RedisTarget(Endpoint endpoint, RedisDurability durability,
                         const Clock& clock)
    : endpoint_(std::move(endpoint)), durability_(durability), clock_(clock) {}

absl::StatusOr<LoginVerdict> RedisTarget::TryLogin(const Credential& credential,
                                                   SteadyTime deadline) {
  absl::Status good = CheckUser(credential.user);
  if (good.ok()) good = CheckPassword(credential);
  if (!good.ok()) return good;
  const absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(endpoint_, clock_, deadline);
  if (!connection.ok()) return connection.status();
  const absl::Status in =
      Carry(**connection,
            {"AUTH", credential.user, credential.password.ExposeSecret()});
  if (absl::IsUnauthenticated(in)) return LoginVerdict::kRefused;
  if (!in.ok()) return in;
  // No command but those of a login needs no right, and one that is refused for
  // want of it was refused to a user that is in.
  const absl::StatusOr<std::unique_ptr<Reply>> name =
      (*connection)->Command({"ACL", "WHOAMI"});
  if (absl::IsPermissionDenied(name.status())) return LoginVerdict::kAccepted;
  if (!name.ok()) return name.status();
  if ((*name)->type != Reply::Type::kString ||
      (*name)->text != credential.user) {
    return NotAsExpected("ACL|WHOAMI");
  }
  return LoginVerdict::kAccepted;
}

absl::Status RedisTarget::SetPassword(const Credential& as,
                                      const Credential& fresh,
                                      SteadyTime deadline) {
  absl::Status good = CheckUser(fresh.user);
  if (good.ok()) good = CheckPassword(fresh);
  if (!good.ok()) return good;
  if (fresh.password.empty()) {
    return absl::FailedPreconditionError("an empty password is none");
  }
  const std::string hash = redis::PasswordHash(fresh.password);

  const auto connection = LogIn(endpoint_, clock_, as, deadline);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<Place> place = FindPlace(**connection, durability_);
  if (!place.ok()) return place.status();
  const auto before = GetUser(**connection, fresh.user);
  if (!before.ok()) return before.status();
  if (!before->has_value()) {
    return absl::NotFoundError("the server has no such user");
  }
  const AclUser& user = **before;
  if (user.nopass) return AnyPasswordWorks();
  if (!user.on) return IsOff();
  if (user.HasPassword(hash)) return Save(**connection, *place);

  const auto marks = std::count_if(user.passwords.begin(), user.passwords.end(),
                                   redis::IsTwinMark);
  if (user.passwords.size() - static_cast<size_t>(marks) >= kMaxPasswords) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the user has ", kMaxPasswords,
        " passwords or more: remove those that nobody uses (ACL SETUSER)"));
  }
  const std::string guard =
      user.passwords.empty() ? "" : user.passwords.front();
  const absl::Status set =
      SetUser(**connection, fresh.user, guard, {absl::StrCat("#", hash)});
  // Of a command like this the server refuses nothing but the guard.
  if (absl::IsInternal(set)) return ChangedMeanwhile();
  if (!set.ok()) return set;
  const auto after = GetUser(**connection, fresh.user);
  if (!after.ok()) return after.status();
  if (!after->has_value() || !(*after)->on || !(*after)->HasPassword(hash)) {
    return ChangedMeanwhile();
  }
  return Save(**connection, *place);
}

absl::Status RedisTarget::RetirePassword(const Credential& as,
                                         const Credential& old,
                                         SteadyTime deadline) {
  absl::Status good = CheckUser(old.user);
  if (!good.ok()) return good;
  const std::string hash = redis::PasswordHash(old.password);

  const auto connection = LogIn(endpoint_, clock_, as, deadline);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<Place> place = FindPlace(**connection, durability_);
  if (!place.ok()) return place.status();
  const auto before = GetUser(**connection, old.user);
  if (!before.ok()) return before.status();
  if (!before->has_value()) return absl::OkStatus();
  if ((*before)->nopass) return AnyPasswordWorks();
  if ((*before)->HasPassword(hash)) {
    // Fails if the user or the password is gone, so that it makes nothing.
    const absl::Status set =
        SetUser(**connection, old.user, "", {absl::StrCat("!", hash)});
    if (absl::IsInternal(set)) {
      const auto after = GetUser(**connection, old.user);
      if (!after.ok()) return after.status();
      if (after->has_value() &&
          ((*after)->nopass || (*after)->HasPassword(hash))) {
        return set;
      }
    } else if (!set.ok()) {
      return set;
    }
  }
  return Save(**connection, *place);
}

absl::Status RedisTarget::EnsureTwin(const Credential& as,
                                     absl::string_view user,
                                     absl::string_view twin,
                                     SteadyTime deadline) {
  absl::Status good = CheckUser(user);
  if (good.ok()) good = CheckUser(twin);
  if (!good.ok()) return good;
  if (user == twin) {
    return absl::InvalidArgumentError("a user is not its own twin");
  }
  const std::string mark = redis::TwinMark(user);
  const absl::Status foreign = absl::AlreadyExistsError(
      "the server has a user of the twin's name that is none of Keyward's");

  const auto connection = LogIn(endpoint_, clock_, as, deadline);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<Place> place = FindPlace(**connection, durability_);
  if (!place.ok()) return place.status();
  const auto base = GetUser(**connection, user);
  if (!base.ok()) return base.status();
  if (!base->has_value()) {
    return absl::NotFoundError("the server has no such user");
  }
  if ((*base)->has_unknown_rules) {
    return absl::FailedPreconditionError(
        "the user has rules of a newer Redis than is known here, which a twin "
        "would lack");
  }
  if (!(*base)->on) return IsOff();
  auto present = GetUser(**connection, twin);
  if (!present.ok()) return present.status();

  if (!present->has_value()) {
    // First the mark alone: should somebody else make the user right now, that
    // is all that it gets.
    const absl::Status made =
        SetUser(**connection, twin, "", {absl::StrCat("#", mark)});
    if (!made.ok()) return made;
    present = GetUser(**connection, twin);
    if (!present.ok()) return present.status();
    if (!present->has_value()) return ChangedMeanwhile();
    if (!IsBare(**present, mark)) {
      const absl::Status undone =
          SetUser(**connection, twin, "", {absl::StrCat("!", mark)});
      return undone.ok() || absl::IsInternal(undone) ? foreign : undone;
    }
  }
  if (!(*present)->HasPassword(mark) || (*present)->nopass) return foreign;
  // Whoever turned a twin off meant it; one that is bare was never finished.
  if (!(*present)->on && !IsBare(**present, mark)) return IsOff();

  if ((*present)->rules != (*base)->rules || !(*present)->on) {
    std::vector<std::string> rules = (*base)->rules;
    rules.push_back("on");
    const absl::Status set = SetUser(**connection, twin, mark, rules);
    if (absl::IsInternal(set)) return ChangedMeanwhile();
    if (!set.ok()) return set;
    const auto after = GetUser(**connection, twin);
    if (!after.ok()) return after.status();
    if (!after->has_value() || (*after)->rules != (*base)->rules) {
      return absl::InternalError(
          "the twin has other rights than the user whose rules it was given");
    }
  }
  return Save(**connection, *place);
}

}  // namespace keyward::target
