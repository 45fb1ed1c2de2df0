// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/redis_target.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/byte_stream.h"
#include "libs/crypto/listener_for_testing.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/socket_stream.h"
#include "libs/target/connect.h"
#include "libs/target/redis/acl_user.h"
#include "libs/target/redis/redis_server.h"
#include "libs/target/redis/reply.h"
#include "libs/target/target.h"

namespace keyward::target {
namespace {

using crypto::ListenerForTesting;
using crypto::SecretBuffer;
using redis::Reply;
using ::testing::HasSubstr;
using ::testing::Not;
using Users = RedisServerOptions::Users;

Credential Login(const std::string& user, absl::string_view password) {
  Credential credential;
  credential.user = user;
  credential.password = SecretBuffer::CopyOf(password);
  return credential;
}

// All texts of a reply.
std::string Flat(const Reply& reply) {
  std::string text = absl::StrCat(reply.text, "\n");
  for (const auto& element : reply.elements) text += Flat(*element);
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A name of one user of the tests that share a server.
std::string NewUser() {
  static int count = 0;
  return absl::StrCat("user", ++count);
}

class RedisTargetTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (RedisServer::IsInstalled()) shared_ = StartServer({}).release();
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  void SetUp() override {
    if (!RedisServer::IsInstalled()) {
      GTEST_SKIP() << "redis-server is not installed";
    }
  }

  static std::unique_ptr<RedisServer> StartServer(RedisServerOptions options) {
    return RedisServer::Start(std::move(options)).value();
  }

  static RedisServer& server() { return *shared_; }

  SteadyTime Soon() const { return clock_.SteadyNow() + absl::Seconds(60); }

  RedisTarget TargetOf(
      const Endpoint& endpoint,
      RedisDurability durability = RedisDurability::kSaved) const {
    return RedisTarget(endpoint, durability, clock_);
  }

  // "accepted", "refused" or a status's code.
  std::string Try(const RedisServer& server, const std::string& user,
                  absl::string_view password) const {
    return Verdict(server.endpoint(), user, password);
  }

  std::string Verdict(const Endpoint& endpoint, const std::string& user,
                      absl::string_view password,
                      absl::Duration time = absl::Seconds(60)) const {
    const auto verdict = TargetOf(endpoint).TryLogin(Login(user, password),
                                                     clock_.SteadyNow() + time);
    if (!verdict.ok()) return absl::StatusCodeToString(verdict.status().code());
    return *verdict == LoginVerdict::kAccepted ? "accepted" : "refused";
  }

  absl::Status Set(const RedisServer& server, const std::string& user,
                   absl::string_view password,
                   RedisDurability durability = RedisDurability::kSaved) {
    return TargetOf(server.endpoint(), durability)
        .SetPassword(server.admin(), Login(user, password), Soon());
  }

  absl::Status Retire(const RedisServer& server, const std::string& user,
                      absl::string_view password) {
    return TargetOf(server.endpoint())
        .RetirePassword(server.admin(), Login(user, password), Soon());
  }

  absl::Status Twin(const RedisServer& server, absl::string_view user,
                    absl::string_view twin) {
    return TargetOf(server.endpoint())
        .EnsureTwin(server.admin(), user, twin, Soon());
  }

  static std::string Acl(const RedisServer& server,
                         const std::vector<absl::string_view>& words) {
    std::vector<absl::string_view> all = {"ACL"};
    all.insert(all.end(), words.begin(), words.end());
    return Flat(*server.Ask(all));
  }

  // The rules of a user as ACL LIST has them, without name and passwords, and
  // without what is so unless it is said otherwise.
  static std::string Rules(const RedisServer& server, const std::string& user) {
    const std::string start = absl::StrCat("user ", user, " ");
    const std::unique_ptr<Reply> list = server.Ask({"ACL", "LIST"});
    for (const auto& line : list->elements) {
      if (!absl::StartsWith(line->text, start)) continue;
      std::string rules;
      std::istringstream words(line->text.substr(start.size()));
      for (std::string word; words >> word;) {
        if (word[0] == '#' || word == "sanitize-payload") continue;
        absl::StrAppend(&rules, word, " ");
      }
      return rules;
    }
    return "none";
  }

  static RedisServer* shared_;
  const SystemClock clock_;
};

RedisServer* RedisTargetTest::shared_ = nullptr;

TEST_F(RedisTargetTest, Verdicts) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">right", "+ping"});
  EXPECT_EQ(Try(server(), user, "right"), "accepted");
  EXPECT_EQ(Try(server(), user, "wrong"), "refused");
  EXPECT_EQ(Try(server(), user, ""), "refused");
  EXPECT_EQ(Try(server(), "nobody", "right"), "refused");
  Acl(server(), {"SETUSER", user, "+@all"});
  EXPECT_EQ(Try(server(), user, "right"), "accepted");
  Acl(server(), {"SETUSER", user, "off"});
  EXPECT_EQ(Try(server(), user, "right"), "refused");
  Acl(server(), {"SETUSER", user, "on", "nopass"});
  EXPECT_EQ(Try(server(), user, "whatever"), "accepted");
  EXPECT_EQ(Try(server(), "default", "x"), "refused");
}

TEST_F(RedisTargetTest, BothPasswordsWorkUntilOneIsRetired) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">old", "~k*", "+get"});
  const std::string rules = Rules(server(), user);
  // Twice: a call may be repeated.
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Set(server(), user, "new"), absl::OkStatus());
    EXPECT_EQ(Try(server(), user, "old"), "accepted");
    EXPECT_EQ(Try(server(), user, "new"), "accepted");
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Retire(server(), user, "old"), absl::OkStatus());
    EXPECT_EQ(Try(server(), user, "old"), "refused");
    EXPECT_EQ(Try(server(), user, "new"), "accepted");
  }
  ASSERT_EQ(Retire(server(), user, "new"), absl::OkStatus());
  EXPECT_EQ(Try(server(), user, "new"), "refused");
  ASSERT_EQ(Set(server(), user, "next"), absl::OkStatus());
  EXPECT_EQ(Try(server(), user, "next"), "accepted");
  EXPECT_EQ(Rules(server(), user), rules);
}

TEST_F(RedisTargetTest, AUserThatIsMissingIsNotMade) {
  EXPECT_EQ(Set(server(), "missing", "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Retire(server(), "missing", "x"), absl::OkStatus());
  EXPECT_EQ(Twin(server(), "missing", "twin").code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Acl(server(), {"USERS"}), Not(HasSubstr("missing")));
  EXPECT_THAT(Acl(server(), {"USERS"}), Not(HasSubstr("twin\n")));
}

TEST_F(RedisTargetTest, AUserThatAnyPasswordOpensIsLeftAlone) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on", "nopass", "+ping"});
  EXPECT_EQ(Set(server(), user, "x").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Retire(server(), user, "x").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Try(server(), user, "whatever"), "accepted");
}

TEST_F(RedisTargetTest, AUserThatIsOffStaysOff) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "off", ">old"});
  EXPECT_EQ(Set(server(), user, "x").code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(Retire(server(), user, "old"), absl::OkStatus());
  Acl(server(), {"SETUSER", user, "on"});
  EXPECT_EQ(Try(server(), user, "x"), "refused");
  EXPECT_EQ(Try(server(), user, "old"), "refused");
}

TEST_F(RedisTargetTest, PasswordsOfAllBytesAndLengths) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on"});
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (const std::string& password :
       {bytes, std::string("\r\n"), std::string("a b"), std::string("\0", 1),
        std::string(RedisTarget::kMaxPasswordSize, 'x')}) {
    ASSERT_EQ(Set(server(), user, password), absl::OkStatus());
    EXPECT_EQ(Try(server(), user, password), "accepted") << password.size();
    ASSERT_EQ(Retire(server(), user, password), absl::OkStatus());
    EXPECT_EQ(Try(server(), user, password), "refused") << password.size();
  }
  const std::string longer(RedisTarget::kMaxPasswordSize + 1, 'x');
  EXPECT_EQ(Set(server(), user, longer).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Try(server(), user, longer), "FAILED_PRECONDITION");
  EXPECT_EQ(Set(server(), user, "").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Try(server(), user, ""), "refused");
}

TEST_F(RedisTargetTest, PasswordsAreBounded) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on"});
  for (size_t i = 0; i < RedisTarget::kMaxPasswords; ++i) {
    ASSERT_EQ(Set(server(), user, absl::StrCat("p", i)), absl::OkStatus());
  }
  EXPECT_EQ(Set(server(), user, "more").code(),
            absl::StatusCode::kFailedPrecondition);
  // Not one that is there already.
  EXPECT_EQ(Set(server(), user, "p3"), absl::OkStatus());
  ASSERT_EQ(Retire(server(), user, "p3"), absl::OkStatus());
  EXPECT_EQ(Set(server(), user, "more"), absl::OkStatus());
}

TEST_F(RedisTargetTest, NamesThatRedisCannotHave) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\tb"),
        std::string("a\nb"), std::string("a\rb"), std::string("a\vb"),
        std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_EQ(Try(server(), name, "x"), "INVALID_ARGUMENT") << name;
    EXPECT_EQ(Set(server(), name, "x").code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Retire(server(), name, "x").code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Twin(server(), name, "x").code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Twin(server(), "admin", name).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(RedisTargetTest, EvilNamesSurviveInAnAclFile) {
  const auto own = StartServer({});
  const std::vector<std::string> names = {
      "a\"b",     "it's",     "#x",    "%s%n", "a\\b", "*",
      "\x01\x7f", "\xff\xfe", "on",    ">x",   "user", std::string(255, 'n'),
      "ünïcode",  "(a",       "nopass"};
  for (const std::string& name : names) {
    Acl(*own, {"SETUSER", name, "on", ">old"});
    ASSERT_EQ(Set(*own, name, "new"), absl::OkStatus()) << name;
    ASSERT_EQ(Twin(*own, name, name.substr(0, 250) + "-twin"), absl::OkStatus())
        << name;
  }
  own->Kill();
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  for (const std::string& name : names) {
    EXPECT_EQ(Try(*own, name, "new"), "accepted") << name;
    EXPECT_EQ(Try(*own, name, "other"), "refused") << name;
  }
}

TEST_F(RedisTargetTest, NothingShowsThePassword) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">old"});
  server().Ask({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  const auto monitor = Connect(server().endpoint(), clock_, Soon());
  ASSERT_TRUE(monitor.ok());
  const Credential admin = server().admin();
  for (const std::vector<absl::string_view>& words :
       std::vector<std::vector<absl::string_view>>{
           {"AUTH", admin.user, admin.password.ExposeSecret()}, {"MONITOR"}}) {
    ASSERT_EQ(
        (*monitor)->Write(redis::FormatCommand(words).ExposeSecret(), Soon()),
        absl::OkStatus());
  }
  std::string seen;
  const auto watch = [&](const std::string& end) {
    char some[4096];
    while (!absl::StrContains(seen, end)) {
      const auto got = (*monitor)->Read(absl::MakeSpan(some), Soon());
      ASSERT_TRUE(got.ok() && *got > 0) << got.status();
      seen.append(some, *got);
    }
  };
  watch("+OK\r\n+OK\r\n");

  const std::string secret = "never-to-be-seen";
  EXPECT_EQ(Try(server(), user, secret), "refused");
  ASSERT_EQ(Set(server(), user, secret), absl::OkStatus());
  EXPECT_EQ(Try(server(), user, secret), "accepted");
  ASSERT_EQ(Retire(server(), user, secret), absl::OkStatus());
  server().Ask({"ECHO", "the end"});
  watch("the end");

  // Logins are seen, and what an administrator does with users is not.
  EXPECT_THAT(seen, HasSubstr("\"AUTH\" \"(redacted)\""));
  EXPECT_THAT(seen, Not(HasSubstr("SETUSER")));
  const std::string slow = Flat(*server().Ask({"SLOWLOG", "GET", "1000"}));
  EXPECT_THAT(slow, HasSubstr("SETUSER"));
  for (const std::string& text :
       {seen, slow, Acl(server(), {"LOG"}), Acl(server(), {"LIST"}),
        ReadFile(server().acl_file()), ReadFile(server().log_file())}) {
    EXPECT_FALSE(text.empty());
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

TEST_F(RedisTargetTest, TheRightThatLacksIsNamed) {
  const std::string user = NewUser();
  const std::string weak = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">old"});
  Acl(server(), {"SETUSER", weak, "on", ">p"});
  RedisTarget target = TargetOf(server().endpoint());
  for (const std::string right :
       {"+config|get", "+acl|getuser", "+acl|setuser", "+acl|save"}) {
    const absl::Status set =
        target.SetPassword(Login(weak, "p"), Login(user, "new"), Soon());
    EXPECT_EQ(set.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(set.message()), HasSubstr(right + " "));
    Acl(server(), {"SETUSER", weak, right});
  }
  EXPECT_EQ(target.SetPassword(Login(weak, "p"), Login(user, "new"), Soon()),
            absl::OkStatus());
  // With these a user changes its own.
  EXPECT_EQ(target.SetPassword(Login(weak, "p"), Login(weak, "q"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(target.RetirePassword(Login(weak, "q"), Login(weak, "p"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try(server(), weak, "p"), "refused");
  EXPECT_EQ(Try(server(), weak, "q"), "accepted");
}

TEST_F(RedisTargetTest, WhoDoesNotProveItselfGetsNoPassword) {
  const std::string user = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">old"});
  const absl::Status login =
      TargetOf(server().endpoint())
          .SetPassword(Login("admin", "wrong"), Login(user, "new"), Soon());
  EXPECT_EQ(login.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(login.message()), HasSubstr("refuses the login"));

  const auto other = StartServer({});
  Endpoint wrong = server().endpoint();
  wrong.trusted_certificates = other->endpoint().trusted_certificates;
  EXPECT_EQ(Verdict(wrong, user, "old"), "UNAUTHENTICATED");
  const absl::Status authority =
      TargetOf(wrong).SetPassword(server().admin(), Login(user, "new"), Soon());
  EXPECT_EQ(authority.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(authority.message()), HasSubstr("prove who it is"));

  wrong = server().endpoint();
  wrong.server_name = "other.example.com";
  EXPECT_EQ(Verdict(wrong, user, "old"), "UNAUTHENTICATED");
  wrong.server_name = "redis.example.com";
  EXPECT_EQ(Verdict(wrong, user, "old"), "accepted");

  wrong = server().endpoint();
  wrong.plaintext = true;
  EXPECT_EQ(Verdict(wrong, user, "old"), "UNAVAILABLE");
}

TEST_F(RedisTargetTest, AnAclFileKeepsItThroughAPowerCut) {
  const auto own = StartServer({});
  Acl(*own, {"SETUSER", "app", "on", ">old", "+ping"});
  ASSERT_EQ(Set(*own, "app", "new"), absl::OkStatus());
  ASSERT_EQ(Twin(*own, "app", "app2"), absl::OkStatus());
  own->Kill();
  EXPECT_EQ(Try(*own, "app", "new"), "UNAVAILABLE");
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Try(*own, "app", "old"), "accepted");
  EXPECT_EQ(Twin(*own, "app", "app2"), absl::OkStatus());
  ASSERT_EQ(Retire(*own, "app", "old"), absl::OkStatus());
  own->Kill();
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "old"), "refused");
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
}

TEST_F(RedisTargetTest, AConfigurationFileKeepsItThroughAPowerCut) {
  RedisServerOptions options;
  options.users = Users::kConfigFile;
  options.settings = {"requirepass plain"};
  const auto own = StartServer(std::move(options));
  Acl(*own, {"SETUSER", "app", "on", ">old", "+ping"});
  Acl(*own, {"SETUSER", "default", "on", ">plain", "+ping"});
  ASSERT_EQ(Set(*own, "app", "new"), absl::OkStatus());
  ASSERT_EQ(Set(*own, "default", "newer"), absl::OkStatus());
  ASSERT_EQ(Twin(*own, "app", "app2"), absl::OkStatus());
  own->Kill();
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Try(*own, "app", "old"), "accepted");
  EXPECT_EQ(Try(*own, "default", "newer"), "accepted");
  EXPECT_EQ(Twin(*own, "app", "app2"), absl::OkStatus());
  ASSERT_EQ(Retire(*own, "app", "old"), absl::OkStatus());
  ASSERT_EQ(Retire(*own, "default", "plain"), absl::OkStatus());
  own->Kill();
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "old"), "refused");
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Try(*own, "default", "plain"), "refused");
  EXPECT_EQ(Try(*own, "default", "newer"), "accepted");
}

TEST_F(RedisTargetTest, AConfigurationFileThatWouldNotBeReadIsNotWritten) {
  RedisServerOptions options;
  options.users = Users::kConfigFile;
  const auto own = StartServer(std::move(options));
  Acl(*own, {"SETUSER", "app", "on", ">old", "+ping"});
  for (const std::vector<absl::string_view>& user :
       std::vector<std::vector<absl::string_view>>{{"SETUSER", "a\"b", "on"},
                                                   {"SETUSER", "a'b", "on"},
                                                   {"SETUSER", "ab", "~\""},
                                                   {"SETUSER", "", "on"}}) {
    ASSERT_EQ(Acl(*own, user), "OK\n");
    EXPECT_EQ(Set(*own, "app", "new").code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Try(*own, "app", "new"), "refused");
    Acl(*own, {"DELUSER", user[1]});
  }
  EXPECT_EQ(Set(*own, "app", "new"), absl::OkStatus());
  EXPECT_EQ(own->Restart(), absl::OkStatus());
}

TEST_F(RedisTargetTest, WhatWouldBeLostIsNotChanged) {
  RedisServerOptions options;
  options.users = Users::kNowhere;
  const auto own = StartServer(std::move(options));
  Acl(*own, {"SETUSER", "app", "on", ">old", "+ping"});
  for (const absl::Status& status :
       {Set(*own, "app", "new"), Retire(*own, "app", "old"),
        Twin(*own, "app", "app2")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("aclfile"));
  }
  EXPECT_EQ(Try(*own, "app", "new"), "refused");
  EXPECT_EQ(Try(*own, "app", "old"), "accepted");
  EXPECT_THAT(Acl(*own, {"USERS"}), Not(HasSubstr("app2")));
  EXPECT_EQ(Set(*own, "app", "new", RedisDurability::kInMemory),
            absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
}

TEST_F(RedisTargetTest, AFileThatCannotBeWrittenIsWrittenTheNextTime) {
  const auto own = StartServer({});
  Acl(*own, {"SETUSER", "app", "on", ">old", "+ping"});
  std::filesystem::rename(own->folder() + "/acl", own->folder() + "/away");
  EXPECT_EQ(Set(*own, "app", "new").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Try(*own, "app", "old"), "accepted");
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Set(*own, "app", "new").code(),
            absl::StatusCode::kFailedPrecondition);
  std::filesystem::rename(own->folder() + "/away", own->folder() + "/acl");
  EXPECT_EQ(Set(*own, "app", "new"), absl::OkStatus());

  std::filesystem::rename(own->folder() + "/acl", own->folder() + "/away");
  EXPECT_EQ(Retire(*own, "app", "old").code(),
            absl::StatusCode::kFailedPrecondition);
  std::filesystem::rename(own->folder() + "/away", own->folder() + "/acl");
  EXPECT_EQ(Retire(*own, "app", "old"), absl::OkStatus());
  own->Kill();
  ASSERT_EQ(own->Restart(), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Try(*own, "app", "old"), "refused");
}

TEST_F(RedisTargetTest, KilledInTheMiddleAndCalledAgain) {
  const auto own = StartServer({});
  Acl(*own, {"SETUSER", "app", "on", ">p0", "+ping"});
  ASSERT_EQ(Set(*own, "app", "p0"), absl::OkStatus());
  for (int i = 1; i <= 8; ++i) {
    const std::string old_one = absl::StrCat("p", i - 1);
    const std::string new_one = absl::StrCat("p", i);
    std::thread rotation([&] {
      if (Set(*own, "app", new_one).ok())
        Retire(*own, "app", old_one).IgnoreError();
    });
    absl::SleepFor(absl::Milliseconds(4 * i));
    own->Kill();
    rotation.join();
    ASSERT_EQ(own->Restart(), absl::OkStatus());
    // At each moment one of them is good.
    EXPECT_TRUE(Try(*own, "app", old_one) == "accepted" ||
                Try(*own, "app", new_one) == "accepted");
    ASSERT_EQ(Set(*own, "app", new_one), absl::OkStatus());
    ASSERT_EQ(Retire(*own, "app", old_one), absl::OkStatus());
    EXPECT_EQ(Try(*own, "app", new_one), "accepted");
    EXPECT_EQ(Try(*own, "app", old_one), "refused");
  }
}

TEST_F(RedisTargetTest, AServerThatIsFullHasRefusedNobody) {
  for (const bool plaintext : {false, true}) {
    RedisServerOptions options;
    options.plaintext = plaintext;
    options.settings = {"maxclients 1"};
    const auto own = StartServer(std::move(options));
    Acl(*own, {"SETUSER", "app", "on", ">old"});
    const auto only = Connect(own->endpoint(), clock_, Soon());
    ASSERT_TRUE(only.ok());
    // Once it has answered, it has been counted.
    ASSERT_EQ((*only)->Write("PING\r\n", Soon()), absl::OkStatus());
    char some[64];
    ASSERT_TRUE((*only)->Read(absl::MakeSpan(some), Soon()).ok());
    EXPECT_EQ(Try(*own, "app", "old"), "UNAVAILABLE");
    EXPECT_EQ(Try(*own, "app", "wrong"), "UNAVAILABLE");
  }
}

TEST_F(RedisTargetTest, AServerThatHangsIsLeftAtTheDeadline) {
  const auto own = StartServer({});
  Acl(*own, {"SETUSER", "app", "on", ">old"});
  own->Freeze();
  EXPECT_EQ(Verdict(own->endpoint(), "app", "old", absl::Milliseconds(200)),
            "DEADLINE_EXCEEDED");
  EXPECT_EQ(TargetOf(own->endpoint())
                .SetPassword(own->admin(), Login("app", "new"),
                             clock_.SteadyNow() + absl::Milliseconds(200))
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  own->Thaw();
  EXPECT_EQ(Try(*own, "app", "old"), "accepted");
}

TEST_F(RedisTargetTest, AReplicaIsChangedByItselfThoughItIsReadOnly) {
  RedisServerOptions options;
  options.settings = {"replicaof 127.0.0.1 1", "replica-serve-stale-data no"};
  const auto own = StartServer(std::move(options));
  Acl(*own, {"SETUSER", "app", "on", ">old"});
  ASSERT_EQ(Set(*own, "app", "new"), absl::OkStatus());
  EXPECT_EQ(Try(*own, "app", "new"), "accepted");
  EXPECT_EQ(Try(*own, "app", "other"), "refused");
}

// What is answered to AUTH and to the command after it, by a server that is
// none.
class HostileRedisTest : public RedisTargetTest {
 protected:
  void SetUp() override {}

  static Endpoint EndpointOf(const ListenerForTesting& listener) {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = listener.port();
    endpoint.plaintext = true;
    return endpoint;
  }

  static std::string Hear(int fd) {
    char some[4096];
    const ssize_t got = read(fd, some, sizeof(some));
    return std::string(some, got > 0 ? static_cast<size_t>(got) : 0);
  }

  static void Say(int fd, absl::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = write(fd, text.data(), text.size());
      if (sent <= 0) return;
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }

  std::string VerdictOf(const std::string& to_auth,
                        const std::string& to_next = "") {
    ListenerForTesting listener([&](int fd) {
      Hear(fd);
      Say(fd, to_auth);
      if (to_next.empty()) return true;
      if (Hear(fd).empty()) return true;
      Say(fd, to_next);
      return true;
    });
    return Verdict(EndpointOf(listener), "app", "password");
  }
};

TEST_F(HostileRedisTest, OnlyClearWordsAreAVerdict) {
  EXPECT_EQ(VerdictOf("-WRONGPASS invalid\r\n"), "refused");
  EXPECT_EQ(VerdictOf("-WRONGPASS\r\n"), "refused");
  EXPECT_EQ(VerdictOf("-WRONGPASSX\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("+WRONGPASS\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("-LOADING Redis is loading\r\n"), "UNAVAILABLE");
  EXPECT_EQ(VerdictOf("-ERR max number of clients reached\r\n"), "UNAVAILABLE");
  EXPECT_EQ(VerdictOf("-DENIED protected mode\r\n"), "FAILED_PRECONDITION");
  EXPECT_EQ(VerdictOf("-ERR wrong number of arguments for 'auth'\r\n"),
            "FAILED_PRECONDITION");
  EXPECT_EQ(VerdictOf("-ERR something\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("+PONG\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("$2\r\nOK\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf(":1\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("$-1\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf(""), "UNAVAILABLE");

  EXPECT_EQ(VerdictOf("+OK\r\n", "$3\r\napp\r\n"), "accepted");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-NOPERM no\r\n"), "accepted");
  EXPECT_EQ(VerdictOf("+OK\r\n", "$7\r\ndefault\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("+OK\r\n", "+app\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-NOAUTH Authentication required.\r\n"),
            "INTERNAL");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-WRONGPASS\r\n"), "UNAUTHENTICATED");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-LOADING\r\n"), "UNAVAILABLE");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-MASTERDOWN Link\r\n"), "UNAVAILABLE");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-BUSY script\r\n"), "UNAVAILABLE");
  EXPECT_EQ(VerdictOf("+OK\r\n", "-MISCONF RDB\r\n"), "FAILED_PRECONDITION");
  EXPECT_EQ(VerdictOf("+OK\r\n"), "UNAVAILABLE");
}

TEST_F(HostileRedisTest, GarbageAndRepliesWithoutMeasure) {
  EXPECT_EQ(VerdictOf("HTTP/1.1 400 Bad Request\r\n\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf(std::string(1000, '\0')), "INTERNAL");
  EXPECT_EQ(VerdictOf("+OK\r\n$3\r\napp\r\n"), "INTERNAL");
  EXPECT_EQ(VerdictOf("*2147483647\r\n"), "INTERNAL");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "*1\r\n";
  EXPECT_EQ(VerdictOf(deep), "INTERNAL");
  EXPECT_EQ(VerdictOf("$2000000000\r\n" + std::string(5 << 20, 'x')),
            "INTERNAL");
  EXPECT_EQ(VerdictOf("+" + std::string(5 << 20, 'x')), "INTERNAL");
}

TEST_F(HostileRedisTest, SilenceAndDropsEndAtTheDeadline) {
  ListenerForTesting* self = nullptr;
  bool drops = false;
  ListenerForTesting listener([&](int fd) {
    Hear(fd);
    if (!drops) return self->Pause(-1);
    Say(fd, "+");
    while (self->Pause(10) && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
    }
    return true;
  });
  self = &listener;
  drops = true;
  EXPECT_EQ(Verdict(EndpointOf(listener), "app", "p", absl::Milliseconds(200)),
            "DEADLINE_EXCEEDED");
  drops = false;
  EXPECT_EQ(Verdict(EndpointOf(listener), "app", "p", absl::Milliseconds(100)),
            "DEADLINE_EXCEEDED");
}

TEST_F(HostileRedisTest, WhatIsSentBackIsNotRepeated) {
  const std::string secret = "SECRETWORD";
  for (const std::string& answer :
       {absl::StrCat("-", secret, " x\r\n"),
        absl::StrCat("-ERR ", secret, "\r\n"),
        absl::StrCat("+", secret, "\r\n"), absl::StrCat(secret, "\r\n"),
        absl::StrCat("-WRONGPASS ", secret, "\r\n")}) {
    ListenerForTesting listener([&](int fd) {
      Hear(fd);
      Say(fd, answer);
      return true;
    });
    const absl::Status status =
        TargetOf(EndpointOf(listener))
            .SetPassword(Login("admin", secret), Login("app", "x"), Soon());
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.ToString(), Not(HasSubstr(secret)));
  }
}

// Stands between a target and its server, and does something in the moment in
// which a command with a word is on its way.
class RaceTest : public RedisTargetTest {
 protected:
  RaceTest() {
    if (!RedisServer::IsInstalled()) return;
    RedisServerOptions options;
    options.plaintext = true;
    own_ = StartServer(std::move(options));
  }

  // A target by way of a proxy that calls `race` before the first command with
  // `word` in it.
  absl::Status Through(const std::string& word, std::function<void()> race,
                       std::function<absl::Status(RedisTarget&)> call) {
    ListenerForTesting proxy([&](int fd) {
      const auto server =
          crypto::SocketStream::Connect("127.0.0.1", own_->endpoint().port,
                                        clock_, Soon())
              .value();
      // One command, one answer.
      char some[65536];
      for (;;) {
        const ssize_t asked = read(fd, some, sizeof(some));
        if (asked <= 0) return true;
        const std::string command(some, static_cast<size_t>(asked));
        if (race != nullptr && absl::StrContains(command, word)) {
          std::exchange(race, nullptr)();
        }
        if (!server->Write(command, Soon()).ok()) return true;
        const auto answered = server->Read(absl::MakeSpan(some), Soon());
        if (!answered.ok() || write(fd, some, *answered) < 0) return true;
      }
    });
    Endpoint endpoint = own_->endpoint();
    endpoint.port = proxy.port();
    RedisTarget target = TargetOf(endpoint);
    const absl::Status status = call(target);
    EXPECT_EQ(race, nullptr) << "it never came to " << word;
    return status;
  }

  std::unique_ptr<RedisServer> own_;
};

TEST_F(RaceTest, AUserDeletedInTheMiddleIsNotMadeAgain) {
  Acl(*own_, {"SETUSER", "app", "on", ">old"});
  EXPECT_EQ(Through(
                "SETUSER",
                [&] {
                  Acl(*own_, {"DELUSER", "app"});
                },
                [&](RedisTarget& target) {
                  return target.SetPassword(own_->admin(), Login("app", "new"),
                                            Soon());
                })
                .code(),
            absl::StatusCode::kUnavailable);
  EXPECT_THAT(Acl(*own_, {"USERS"}), Not(HasSubstr("app")));

  Acl(*own_, {"SETUSER", "app", "on", ">old"});
  EXPECT_EQ(Through(
                "SETUSER",
                [&] {
                  Acl(*own_, {"DELUSER", "app"});
                },
                [&](RedisTarget& target) {
                  return target.RetirePassword(own_->admin(),
                                               Login("app", "old"), Soon());
                }),
            absl::OkStatus());
  EXPECT_THAT(Acl(*own_, {"USERS"}), Not(HasSubstr("app")));
}

TEST_F(RaceTest, AUserWithoutPasswordThatIsDeletedCannotLogInAfterwards) {
  Acl(*own_, {"SETUSER", "app", "on", "+@all", "~*"});
  EXPECT_EQ(Through(
                "SETUSER",
                [&] {
                  Acl(*own_, {"DELUSER", "app"});
                },
                [&](RedisTarget& target) {
                  return target.SetPassword(own_->admin(), Login("app", "new"),
                                            Soon());
                })
                .code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Try(*own_, "app", "new"), "refused");
  EXPECT_EQ(Rules(*own_, "app"), "off resetchannels -@all ");
}

TEST_F(RaceTest, AUserThatSomebodyElseMakesIsNoTwin) {
  Acl(*own_, {"SETUSER", "app", "on", ">old", "+@all", "~*"});
  EXPECT_EQ(Through(
                "SETUSER",
                [&] {
                  Acl(*own_, {"SETUSER", "twin", "on", ">theirs", "+ping"});
                },
                [&](RedisTarget& target) {
                  return target.EnsureTwin(own_->admin(), "app", "twin",
                                           Soon());
                })
                .code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Rules(*own_, "twin"), "on resetchannels -@all +ping ");
  EXPECT_EQ(Try(*own_, "twin", "theirs"), "accepted");
  EXPECT_THAT(Acl(*own_, {"GETUSER", "twin"}),
              Not(HasSubstr(redis::TwinMark("app"))));
}

TEST_F(RedisTargetTest, ATwinMayDoTheSame) {
  const std::vector<std::vector<absl::string_view>> all_rules = {
      {"+@all", "~*", "&*"},
      {"-@all"},
      {"+get", "+config|get", "~a*", "%R~b*", "%W~c", "&ch*", "&other"},
      {"+@read", "-get", "+@pubsub", "allchannels", "~x"},
      {"+@all", "-@dangerous", "+keys", "~*", "skip-sanitize-payload"},
      {"+get", "~y", "(+set ~x %R~y)", "(+@all -@admin &z)"},
      {"+select|0", "~a"},
  };
  for (const auto& rules : all_rules) {
    const std::string user = NewUser();
    const std::string twin = user + "-twin";
    std::vector<absl::string_view> words = {"SETUSER", user, "on", ">base"};
    words.insert(words.end(), rules.begin(), rules.end());
    ASSERT_EQ(Acl(server(), words), "OK\n");
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(Twin(server(), user, twin), absl::OkStatus());
      EXPECT_EQ(Rules(server(), twin), Rules(server(), user));
      EXPECT_EQ(Try(server(), twin, "base"), "refused");
      EXPECT_EQ(Try(server(), twin, ""), "refused");
    }
    ASSERT_EQ(Set(server(), twin, "twins"), absl::OkStatus());
    EXPECT_EQ(Try(server(), twin, "twins"), "accepted");
    // What has changed since.
    Acl(server(), {"SETUSER", user, "+mget", "~more", "clearselectors"});
    Acl(server(), {"SETUSER", twin, "+hget", "~other", "(+hset ~y)"});
    ASSERT_EQ(Twin(server(), user, twin), absl::OkStatus());
    EXPECT_EQ(Rules(server(), twin), Rules(server(), user));
    EXPECT_EQ(Try(server(), twin, "twins"), "accepted");
    ASSERT_EQ(Retire(server(), twin, "twins"), absl::OkStatus());
    EXPECT_EQ(Try(server(), twin, "twins"), "refused");
    EXPECT_EQ(Twin(server(), user, twin), absl::OkStatus());
  }
}

TEST_F(RedisTargetTest, AForeignUserIsNoTwin) {
  const std::string user = NewUser();
  const std::string twin = NewUser();
  Acl(server(), {"SETUSER", user, "on", ">base", "+get", "~a"});
  // Not even one of the same rules, or another user's twin.
  Acl(server(), {"SETUSER", twin, "on", ">theirs", "+get", "~a"});
  const std::string rules = Rules(server(), twin);
  EXPECT_EQ(Twin(server(), user, twin).code(),
            absl::StatusCode::kAlreadyExists);
  Acl(server(),
      {"SETUSER", twin, absl::StrCat("#", redis::TwinMark("somebody-else"))});
  EXPECT_EQ(Twin(server(), user, twin).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Rules(server(), twin), rules);
  EXPECT_EQ(Try(server(), twin, "theirs"), "accepted");
  EXPECT_EQ(Twin(server(), user, "default").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Twin(server(), user, user).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RedisTargetTest, UsersThatAreOffAreNotTurnedOn) {
  const std::string user = NewUser();
  const std::string twin = user + "-twin";
  Acl(server(), {"SETUSER", user, "off", ">base", "+get", "~a"});
  EXPECT_EQ(Twin(server(), user, twin).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Rules(server(), twin), "none");
  Acl(server(), {"SETUSER", user, "on"});
  // As a crash leaves it.
  Acl(server(), {"SETUSER", twin, absl::StrCat("#", redis::TwinMark(user))});
  ASSERT_EQ(Twin(server(), user, twin), absl::OkStatus());
  EXPECT_EQ(Rules(server(), twin), Rules(server(), user));
  ASSERT_EQ(Set(server(), twin, "p"), absl::OkStatus());
  Acl(server(), {"SETUSER", twin, "off"});
  EXPECT_EQ(Twin(server(), user, twin).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Try(server(), twin, "p"), "refused");
}

}  // namespace
}  // namespace keyward::target
