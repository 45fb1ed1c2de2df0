// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/mysql_target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/mysql/mariadb_server.h"
#include "libs/target/target.h"

namespace keyward::target {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kBoss[] = "boss";
constexpr char kBossPassword[] = "boss's own password";

Credential Login(absl::string_view user, absl::string_view password) {
  return {std::string(user), crypto::SecretBuffer::CopyOf(password)};
}

Credential Boss() { return Login(kBoss, kBossPassword); }

const Clock& TestClock() {
  static const SystemClock* const clock = new SystemClock();
  return *clock;
}

SteadyTime In(absl::Duration time) { return TestClock().SteadyNow() + time; }
SteadyTime Soon() { return In(absl::Seconds(30)); }

std::unique_ptr<Target> TargetOf(Endpoint endpoint) {
  static auto* const random = new crypto::SystemRandom();
  auto target = MysqlTarget::Create(std::move(endpoint), random, &TestClock());
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *std::move(target) : nullptr;
}

// One server for all tests: making one takes seconds. A test that stops it or
// gives it options starts it again as it was.
class MysqlTargetTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!MariadbServer::IsInstalled()) return;
    auto server = MariadbServer::Create();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }

  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    if (!MariadbServer::IsInstalled()) {
      GTEST_SKIP() << "mariadb-server is not installed";
    }
    ASSERT_NE(server_, nullptr);
    target_ = TargetOf(EndpointOf());
  }

  static Endpoint EndpointOf() {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = server_->port();
    endpoint.trusted_certificates = server_->authority();
    endpoint.server_name = MariadbServer::kServerName;
    return endpoint;
  }

  static void Run(const std::string& statement) {
    const auto rows = server_->Execute(statement);
    EXPECT_TRUE(rows.ok()) << statement << ": " << rows.status();
  }

  static void Restart(const std::vector<std::string>& options,
                      bool tls = true) {
    ASSERT_TRUE(server_->Stop().ok());
    const absl::Status status = server_->Start(options, tls);
    ASSERT_TRUE(status.ok()) << status;
  }

  // "accepted", "refused" or the error.
  std::string Try(absl::string_view user, absl::string_view password) {
    return Try(*target_, user, password);
  }
  static std::string Try(Target& target, absl::string_view user,
                         absl::string_view password,
                         absl::Duration time = absl::Seconds(30)) {
    const auto verdict = target.TryLogin(Login(user, password), In(time));
    if (!verdict.ok()) return verdict.status().ToString();
    return *verdict == LoginVerdict::kAccepted ? "accepted" : "refused";
  }

  absl::Status Set(absl::string_view user, absl::string_view password) {
    return target_->SetPassword(Boss(), Login(user, password), Soon());
  }
  absl::Status Retire(absl::string_view user, absl::string_view password) {
    return target_->RetirePassword(Boss(), Login(user, password), Soon());
  }
  absl::Status Twin(absl::string_view user, absl::string_view twin) {
    return target_->EnsureTwin(Boss(), user, twin, Soon());
  }

  // All rows of a statement as text, without the name of the account.
  static std::string Grants(const std::string& account,
                            const std::string& quoted) {
    const auto rows = server_->Execute("SHOW GRANTS FOR " + account);
    std::vector<std::string> lines;
    for (const auto& row : rows.value()) {
      std::string line = row[0];
      const size_t at = line.find(quoted);
      if (at != std::string::npos) line.replace(at, quoted.size(), "ACCOUNT");
      const size_t identified = line.find(" IDENTIFIED BY PASSWORD '");
      if (identified != std::string::npos) line.erase(identified, 67);
      if (!absl::StrContains(line, "keyward_twin_")) lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) absl::StrAppend(&all, line, "\n");
    return all;
  }

  static MariadbServer* server_;
  std::unique_ptr<Target> target_;
};

MariadbServer* MysqlTargetTest::server_ = nullptr;

// A server that does what a test wants to one connection after another.
class FakeServer {
 public:
  // Gets each connection and returns when it is to be closed.
  template <typename Function>
  explicit FakeServer(Function serve) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 10);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve] {
      while (!stopped_) {
        pollfd entry{listener_, POLLIN, 0};
        if (poll(&entry, 1, 10) <= 0) continue;
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) continue;
        serve(fd, stopped_);
        close(fd);
      }
    });
  }
  ~FakeServer() {
    stopped_ = true;
    thread_.join();
    close(listener_);
  }

  Endpoint endpoint(bool plaintext) const {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port_;
    endpoint.plaintext = plaintext;
    return endpoint;
  }

 private:
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

std::string Packet(int number, const std::string& content) {
  std::string packet(4, '\0');
  packet[0] = static_cast<char>(content.size() & 0xff);
  packet[1] = static_cast<char>(content.size() >> 8);
  packet[3] = static_cast<char>(number);
  return packet + content;
}

std::string Error(int number, int code) {
  return Packet(number, std::string("\xff") + static_cast<char>(code & 0xff) +
                            static_cast<char>(code >> 8) + "#28000no");
}

// What a server says first, with or without TLS.
std::string Greeting(bool tls) {
  std::string text = "\x0a";
  text += std::string("5.5.5-10.11.0-MariaDB\0", 22);
  text += std::string("\1\0\0\0", 4) + "12345678" + std::string(1, '\0');
  // CLIENT_PROTOCOL_41 and so on, with CLIENT_SSL (0x0800) or not; then
  // CLIENT_PLUGIN_AUTH.
  text += tls ? std::string("\x08\xaa", 2) : std::string("\x08\xa2", 2);
  text += std::string("\x2d\x02\0\x08\0\x15", 6) + std::string(10, '\0');
  text += std::string("123456789012\0", 13);
  text += std::string("mysql_native_password\0", 22);
  return Packet(0, text);
}

void Send(int fd, const std::string& bytes) {
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// What comes within a moment, up to the end of the connection.
std::string Receive(int fd, absl::Duration moment = absl::Milliseconds(300)) {
  std::string all;
  char bytes[4096];
  const absl::Time end = absl::Now() + moment;
  while (absl::Now() < end) {
    pollfd entry{fd, POLLIN, 0};
    if (poll(&entry, 1, 20) <= 0) {
      if (!all.empty()) return all;
      continue;
    }
    const ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
    if (size <= 0) return all;
    all.append(bytes, static_cast<size_t>(size));
  }
  return all;
}

TEST(MysqlTargetCreateTest, RefusesEndpointsThatItCannotServe) {
  crypto::SystemRandom random;
  Endpoint good;
  good.host = "db.example.com";
  good.port = 3306;
  EXPECT_TRUE(MysqlTarget::Create(good, &random, &TestClock()).ok());
  std::vector<Endpoint> bad(7, good);
  bad[0].host = "/run/mysqld/mysqld.sock";
  bad[1].port = 0;
  bad[2].server_name = "a b";
  bad[3].database = "app";
  bad[4].trusted_certificates = "nonsense";
  bad[5].host = "a,b";
  bad[6].host = "";
  for (const Endpoint& endpoint : bad) {
    EXPECT_EQ(
        MysqlTarget::Create(endpoint, &random, &TestClock()).status().code(),
        absl::StatusCode::kInvalidArgument);
  }
  for (const char* variable : {"LIBMYSQL_PLUGINS", "MARIADB_PLUGIN_DIR"}) {
    setenv(variable, "x", 1);
    EXPECT_EQ(MysqlTarget::Create(good, &random, &TestClock()).status().code(),
              absl::StatusCode::kFailedPrecondition);
    unsetenv(variable);
  }
}

TEST_F(MysqlTargetTest, TellsGoodPasswordsFromBad) {
  Run("CREATE USER verdict IDENTIFIED BY 'right'");
  EXPECT_EQ(Try("verdict", "right"), "accepted");
  EXPECT_EQ(Try("verdict@%", "right"), "accepted");
  EXPECT_EQ(Try("verdict", "wrong"), "refused");
  EXPECT_EQ(Try("nobody", "right"), "refused");
  EXPECT_THAT(Try("verdict", ""), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_THAT(Try("verdict", absl::string_view("a\0b", 3)),
              HasSubstr("FAILED_PRECONDITION"));
  EXPECT_THAT(Try("verdict ", "right"), HasSubstr("INVALID_ARGUMENT"));

  Run("ALTER USER verdict ACCOUNT LOCK");
  EXPECT_THAT(Try("verdict", "right"), HasSubstr("locked"));
  EXPECT_EQ(Try("verdict", "wrong"), "refused");
  Run("ALTER USER verdict ACCOUNT UNLOCK PASSWORD EXPIRE");
  EXPECT_EQ(Try("verdict", "right"), "refused");
  Run("ALTER USER verdict IDENTIFIED BY 'right'");
  EXPECT_EQ(Try("verdict", "right"), "accepted");
}

TEST_F(MysqlTargetTest, TakesNoLoginForThatOfAnotherAccount) {
  Run("CREATE USER placed IDENTIFIED BY 'of everywhere'");
  Run("CREATE USER placed@'127.0.0.1' IDENTIFIED BY 'of here'");
  EXPECT_EQ(Try("placed@127.0.0.1", "of here"), "accepted");
  EXPECT_THAT(Try("placed", "of here"), HasSubstr("another account"));
  // The server looks at the account of here only.
  EXPECT_EQ(Try("placed", "of everywhere"), "refused");
  EXPECT_TRUE(Set("placed@127.0.0.1", "new of here").ok());
  EXPECT_EQ(Try("placed@127.0.0.1", "new of here"), "accepted");
  Run("DROP USER placed@'127.0.0.1'");
  EXPECT_EQ(Try("placed", "of everywhere"), "accepted");
}

TEST_F(MysqlTargetTest, SetsPasswordsOfEveryByte) {
  Run("CREATE USER set_app IDENTIFIED BY 'first'");
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  for (const std::string& password :
       {std::string("second"), every, std::string(1024, 'x'),
        std::string("'; DROP USER set_app; --")}) {
    ASSERT_TRUE(Set("set_app", password).ok());
    EXPECT_EQ(Try("set_app", password), "accepted");
    EXPECT_EQ(Try("set_app", "first"), "refused");
    // Again, and by the user itself.
    EXPECT_TRUE(Set("set_app", password).ok());
    const absl::Status own = target_->SetPassword(
        Login("set_app", password),
        Login("set_app", "own " + password.substr(0, 9)), Soon());
    EXPECT_TRUE(own.ok()) << own;
    EXPECT_EQ(Try("set_app", "own " + password.substr(0, 9)), "accepted");
  }
  EXPECT_EQ(Set("set_app", std::string(1025, 'x')).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Set("set_nobody", "x").code(), absl::StatusCode::kNotFound);
}

TEST_F(MysqlTargetTest, ShowsNoPasswordToAnyFileOfTheServer) {
  Run("CREATE USER logged IDENTIFIED VIA mysql_native_password USING "
      "'*81F5E21E35407D884A6CD4A731AEBFB6AF209E1B'");
  const std::string secret = "never-in-a-file-1";
  ASSERT_TRUE(Set("logged", secret).ok());
  ASSERT_TRUE(target_
                  ->SetPassword(Login("logged", secret),
                                Login("logged", "never-in-a-file-2"), Soon())
                  .ok());
  ASSERT_EQ(Try("logged", "never-in-a-file-2"), "accepted");
  ASSERT_TRUE(Retire("logged", "never-in-a-file-2").ok());
  EXPECT_THAT(server_->FilesWith("never-in-a-file"), IsEmpty());
  // The search finds what is there.
  EXPECT_THAT(server_->FilesWith("mysql_native_password USING"),
              ::testing::Contains("general.log"));
  EXPECT_THAT(server_->FilesWith("mysql_native_password USING"),
              ::testing::Contains("binary.000001"));
}

TEST_F(MysqlTargetTest, ServesNamesWithQuotes) {
  for (const std::string& user :
       {std::string("a'b"), std::string("a`b\\"),
        std::string("a\"; -- \n"
                    "b"),
        std::string("\\"), std::string(128, 'u'),
        std::string("\xc3\xa4' OR ''='"), std::string("a@b@%"),
        std::string("%_"), std::string("a\\'b")}) {
    const std::string name =
        absl::StrContains(user, "@") ? user.substr(0, user.size() - 2) : user;
    std::string quoted = "'";
    for (const char c : name) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    quoted += "'";
    Run("CREATE USER " + quoted + " IDENTIFIED BY 'old'");
    EXPECT_TRUE(Set(user, "new").ok()) << user;
    EXPECT_EQ(Try(user, "new"), "accepted") << user;
    const absl::Status twin = Twin(user, "twin of evil");
    EXPECT_TRUE(twin.ok()) << user << twin;
    Run("DROP USER 'twin of evil'");
    EXPECT_TRUE(Retire(user, "new").ok()) << user;
    EXPECT_EQ(Try(user, "new"), "refused") << user;
    Run("DROP USER " + quoted);
  }
}

TEST_F(MysqlTargetTest, KeepsEd25519) {
  const std::string first = "0123456789abcdef0123456789ABCDEF";
  const std::string second = "another password of 32 bytes....";
  Run("CREATE USER curve IDENTIFIED VIA ed25519 USING PASSWORD('" + first +
      "')");
  EXPECT_EQ(Try("curve", first), "accepted");
  EXPECT_EQ(Try("curve", second), "refused");
  absl::Status status = Set("curve", second);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Try("curve", second), "accepted");
  status = target_->SetPassword(Login("curve", second), Login("curve", first),
                                Soon());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Try("curve", first), "accepted");
  status = Set("curve", "not of 32 bytes");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ed25519"));
  EXPECT_TRUE(Twin("curve", "curve_b").ok());
  EXPECT_TRUE(Set("curve_b", second).ok());
  EXPECT_EQ(Try("curve_b", second), "accepted");
  EXPECT_TRUE(Retire("curve", second).ok());
  EXPECT_EQ(Try("curve", first), "accepted");
  EXPECT_TRUE(Retire("curve", first).ok());
  EXPECT_EQ(Try("curve", first), "refused");
  EXPECT_THAT(server_->Value("SHOW CREATE USER curve"), HasSubstr("ed25519"));
}

TEST_F(MysqlTargetTest, RefusesOtherWaysToLogIn) {
  Run("CREATE USER socket_only IDENTIFIED VIA unix_socket");
  Run("CREATE USER either IDENTIFIED VIA mysql_native_password USING "
      "PASSWORD('x') OR unix_socket");
  for (const char* user : {"socket_only", "either"}) {
    for (const absl::Status& status :
         {Set(user, "new"), Retire(user, "x"), Twin(user, "their_twin")}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(std::string(status.message()), HasSubstr("unix_socket"));
    }
  }
}

TEST_F(MysqlTargetTest, RetiresThePasswordAndNoNewerOne) {
  Run("CREATE USER retired IDENTIFIED BY 'old'");
  ASSERT_TRUE(Set("retired", "new").ok());
  EXPECT_TRUE(Retire("retired", "old").ok());
  EXPECT_EQ(Try("retired", "new"), "accepted");
  EXPECT_TRUE(Retire("retired", "new").ok());
  EXPECT_EQ(Try("retired", "new"), "refused");
  EXPECT_TRUE(Retire("retired", "new").ok());
  EXPECT_TRUE(Retire("retired_nobody", "new").ok());
  Run("CREATE USER retired@'Some.Host' IDENTIFIED BY 'placed'");
  const std::string before =
      server_->Value("SHOW CREATE USER retired@some.host");
  EXPECT_TRUE(Retire("retired@SOME.Host", "placed").ok());
  EXPECT_NE(server_->Value("SHOW CREATE USER retired@some.host"), before);
  // It works again.
  EXPECT_TRUE(Set("retired", "newest").ok());
  EXPECT_EQ(Try("retired", "newest"), "accepted");
  EXPECT_TRUE(target_
                  ->RetirePassword(Login("retired", "newest"),
                                   Login("retired", "newest"), Soon())
                  .ok());
  EXPECT_EQ(Try("retired", "newest"), "refused");
}

TEST_F(MysqlTargetTest, TellsWhoseLoginAndWhichRightIsMissing) {
  Run("CREATE USER weak IDENTIFIED BY 'weak'");
  Run("CREATE USER other IDENTIFIED BY 'other'");
  for (const absl::Status& status :
       {target_->SetPassword(Login("weak", "weak"), Login("other", "x"),
                             Soon()),
        target_->RetirePassword(Login("weak", "weak"), Login("other", "other"),
                                Soon()),
        target_->EnsureTwin(Login("weak", "weak"), "other", "other_b",
                            Soon())}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("CREATE USER"));
  }
  const absl::Status wrong =
      target_->SetPassword(Login("weak", "wrong"), Login("other", "x"), Soon());
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("refuses the login"));
  // SELECT alone reads accounts and changes none.
  Run("GRANT SELECT ON mysql.* TO weak");
  EXPECT_EQ(
      target_->SetPassword(Login("weak", "weak"), Login("other", "x"), Soon())
          .code(),
      absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Try("other", "other"), "accepted");
}

TEST_F(MysqlTargetTest, MakesATwinWithTheSameRights) {
  Run("CREATE DATABASE shop");
  Run("CREATE TABLE shop.t (a INT, b INT, `c,\"x` INT)");
  Run("CREATE PROCEDURE shop.p() SELECT 1");
  Run("CREATE ROLE reader, writer");
  Run("CREATE USER shopper IDENTIFIED BY 'x' REQUIRE SSL WITH "
      "MAX_USER_CONNECTIONS 7 PASSWORD EXPIRE INTERVAL 90 DAY");
  Run("GRANT PROCESS ON *.* TO shopper WITH GRANT OPTION");
  Run("GRANT SELECT (a), SELECT (`c,\"x`), INSERT (b), UPDATE ON shop.t TO "
      "shopper WITH GRANT OPTION");
  Run("GRANT EXECUTE ON PROCEDURE shop.p TO shopper");
  Run("GRANT reader TO shopper WITH ADMIN OPTION");
  Run("SET DEFAULT ROLE reader FOR shopper");
  Run("GRANT reader TO boss WITH ADMIN OPTION");
  Run("GRANT writer TO boss WITH ADMIN OPTION");
  absl::Status status = Twin("shopper", "shopper_b");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Grants("shopper_b", "`shopper_b`@`%`"),
            Grants("shopper", "`shopper`@`%`"));
  EXPECT_THAT(Grants("shopper_b", "`shopper_b`@`%`"), HasSubstr("`c,\"x`"));
  EXPECT_THAT(server_->Value("SHOW CREATE USER shopper_b"),
              HasSubstr("REQUIRE SSL WITH MAX_USER_CONNECTIONS 7"));
  EXPECT_THAT(server_->Value("SHOW CREATE USER shopper_b"),
              HasSubstr("INTERVAL 90 DAY"));
  EXPECT_EQ(Try("shopper_b", "x"), "refused");

  // It keeps its password, and follows its user.
  ASSERT_TRUE(Set("shopper_b", "of b").ok());
  Run("GRANT SELECT ON shop.* TO shopper");
  Run("GRANT writer TO shopper");
  Run("REVOKE UPDATE, INSERT (b), GRANT OPTION ON shop.t FROM shopper");
  Run("REVOKE EXECUTE ON PROCEDURE shop.p FROM shopper");
  Run("REVOKE reader FROM shopper");
  Run("SET DEFAULT ROLE writer FOR shopper");
  Run("ALTER USER shopper REQUIRE NONE WITH MAX_USER_CONNECTIONS 0");
  status = Twin("shopper", "shopper_b");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Grants("shopper_b", "`shopper_b`@`%`"),
            Grants("shopper", "`shopper`@`%`"));
  EXPECT_THAT(server_->Value("SHOW CREATE USER shopper_b"),
              ::testing::Not(HasSubstr("SSL")));
  EXPECT_EQ(Try("shopper_b", "of b"), "accepted");

  Run("GRANT ALL PRIVILEGES ON shop.* TO shopper");
  ASSERT_TRUE(Twin("shopper", "shopper_b").ok());
  EXPECT_EQ(Grants("shopper_b", "`shopper_b`@`%`"),
            Grants("shopper", "`shopper`@`%`"));
  Run("REVOKE ALL PRIVILEGES ON shop.* FROM shopper");
  Run("GRANT DELETE ON shop.* TO shopper");
  ASSERT_TRUE(Twin("shopper", "shopper_b").ok());
  EXPECT_EQ(Grants("shopper_b", "`shopper_b`@`%`"),
            Grants("shopper", "`shopper`@`%`"));
  EXPECT_EQ(Twin("shopper_none", "shopper_c").code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Twin("shopper", "shopper@%").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(MysqlTargetTest, TakesNoAccountOfOthersForATwin) {
  Run("CREATE USER owner IDENTIFIED BY 'x'");
  Run("CREATE DATABASE treasure");
  Run("GRANT ALL PRIVILEGES ON treasure.* TO owner");
  Run("CREATE USER stranger IDENTIFIED BY 'strange'");
  EXPECT_EQ(Twin("owner", "stranger").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Twin("owner", "boss").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Try("stranger", "strange"), "accepted");
  EXPECT_THAT(Grants("stranger", "`stranger`@`%`"),
              ::testing::Not(HasSubstr("treasure")));
  // The twin of one is none of another's.
  Run("CREATE USER owner2 IDENTIFIED BY 'x'");
  ASSERT_TRUE(Twin("owner2", "owner2_b").ok());
  EXPECT_EQ(Twin("owner", "owner2_b").code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(MysqlTargetTest, EndsATwinThatWasCutShort) {
  Run("CREATE USER cut IDENTIFIED BY 'x'");
  Run("CREATE DATABASE cut");
  Run("GRANT SELECT ON cut.* TO cut");
  ASSERT_TRUE(Twin("cut", "cut_b").ok());
  const std::string role = server_->Value(
      "SELECT Role FROM mysql.roles_mapping WHERE User = 'cut_b'");
  ASSERT_THAT(role, HasSubstr("keyward_twin_"));
  // As it is right after CREATE USER.
  Run("DROP USER cut_b");
  Run("DROP ROLE " + role);
  Run("CREATE USER cut_b IDENTIFIED BY 'known' REQUIRE SUBJECT '" + role + "'");
  EXPECT_EQ(Try("cut_b", "known"), "refused");
  const absl::Status status = Twin("cut", "cut_b");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Grants("cut_b", "`cut_b`@`%`"), Grants("cut", "`cut`@`%`"));
}

TEST_F(MysqlTargetTest, ProvesTheServerFirst) {
  Endpoint endpoint = EndpointOf();
  endpoint.server_name = "other.example.com";
  EXPECT_THAT(Try(*TargetOf(endpoint), kBoss, kBossPassword),
              HasSubstr("UNAUTHENTICATED: the target does not prove"));
  // The address is not in the certificate, the name is another.
  endpoint.server_name = "";
  EXPECT_THAT(Try(*TargetOf(endpoint), kBoss, kBossPassword),
              HasSubstr("UNAUTHENTICATED: the target does not prove"));
  endpoint = EndpointOf();
  endpoint.trusted_certificates = "";
  EXPECT_THAT(Try(*TargetOf(endpoint), kBoss, kBossPassword),
              HasSubstr("UNAUTHENTICATED: the target does not prove"));
  endpoint.plaintext = true;
  EXPECT_EQ(Try(*TargetOf(endpoint), kBoss, kBossPassword), "accepted");
  // Neither may the environment choose the authorities.
  endpoint = EndpointOf();
  endpoint.trusted_certificates = "";
  const std::string path = ::testing::TempDir() + "/authority.pem";
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fputs(server_->authority().c_str(), file);
  fclose(file);
  setenv("SSL_CERT_FILE", path.c_str(), 1);
  EXPECT_THAT(Try(*TargetOf(endpoint), kBoss, kBossPassword),
              HasSubstr("UNAUTHENTICATED: the target does not prove"));
  unsetenv("SSL_CERT_FILE");
}

TEST_F(MysqlTargetTest, TalksToNoServerWithoutTls) {
  Restart({}, /*tls=*/false);
  EXPECT_THAT(Try(kBoss, kBossPassword),
              HasSubstr("UNAUTHENTICATED: the target does not prove"));
  Restart({});
}

TEST_F(MysqlTargetTest, HeedsNoOptionFileAndNoEnvironment) {
  const std::string folder = ::testing::TempDir();
  for (const char* name : {"/.my.cnf", "/my.cnf"}) {
    FILE* file = fopen((folder + name).c_str(), "w");
    ASSERT_NE(file, nullptr);
    fputs(
        "[client]\nhost=192.0.2.1\nport=1\nuser=x\npassword=y\n"
        "ssl-verify-server-cert=0\nplugin-dir=/nowhere\n[client-server]\n"
        "port=1\n",
        file);
    fclose(file);
  }
  const char* const home = getenv("HOME");
  const std::string old_home = home == nullptr ? "" : home;
  const std::pair<const char*, std::string> variables[] = {
      {"HOME", folder},
      {"MYSQL_HOME", folder},
      {"MARIADB_HOME", folder},
      {"MYSQL_TCP_PORT", "1"},
      {"MYSQL_PWD", kBossPassword},
      {"MYSQL_HOST", "192.0.2.1"},
      {"MYSQL_UNIX_PORT", "/nowhere"},
      {"MARIADB_TLS_DISABLE_PEER_VERIFICATION", "1"}};
  for (const auto& [name, value] : variables) setenv(name, value.c_str(), 1);
  EXPECT_EQ(Try(kBoss, kBossPassword), "accepted");
  EXPECT_EQ(Try(kBoss, "wrong"), "refused");
  for (const auto& [name, value] : variables) unsetenv(name);
  if (home != nullptr) setenv("HOME", old_home.c_str(), 1);
  setenv("MARIADB_PLUGIN_DIR", "/nowhere", 1);
  EXPECT_THAT(Try(kBoss, kBossPassword), HasSubstr("MARIADB_PLUGIN_DIR"));
  unsetenv("MARIADB_PLUGIN_DIR");
}

TEST_F(MysqlTargetTest, ChangesNoReadOnlyServer) {
  Run("CREATE USER frozen IDENTIFIED BY 'old'");
  Run("SET GLOBAL read_only = 1");
  for (const absl::Status& status :
       {Set("frozen", "new"), Retire("frozen", "old"), Twin("frozen", "f_b")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("read-only"));
  }
  EXPECT_EQ(Try("frozen", "old"), "accepted");
  Run("SET GLOBAL read_only = 0");
  EXPECT_TRUE(Set("frozen", "new").ok());
}

TEST_F(MysqlTargetTest, SaysNothingOfAPasswordWhenTheServerIsFull) {
  Run("SET GLOBAL max_connections = 10");
  std::vector<int> held;
  std::string verdict;
  for (int i = 0; i < 40; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server_->port());
    (void)connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    held.push_back(fd);
    // Its greeting: it has counted this one.
    (void)Receive(fd, absl::Milliseconds(1000));
    verdict = Try(kBoss, kBossPassword);
    if (verdict != "accepted") break;
  }
  EXPECT_THAT(verdict, HasSubstr("UNAVAILABLE"));
  for (const int fd : held) close(fd);
  // The server takes its time to notice.
  for (int i = 0; i < 200 && verdict != "accepted"; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
    verdict = Try(kBoss, kBossPassword);
  }
  EXPECT_EQ(verdict, "accepted");
  Run("SET GLOBAL max_connections = 20");
}

TEST_F(MysqlTargetTest, NeverWaitsPastTheDeadline) {
  const auto takes_too_long = [&](const Endpoint& endpoint, const char* how) {
    SCOPED_TRACE(absl::StrCat(how, endpoint.plaintext));
    const absl::Time start = absl::Now();
    EXPECT_THAT(
        Try(*TargetOf(endpoint), kBoss, kBossPassword, absl::Milliseconds(400)),
        HasSubstr("DEADLINE_EXCEEDED"));
    EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  };
  for (const bool plaintext : {false, true}) {
    const FakeServer silent([](int fd, const std::atomic<bool>&) {
      (void)Receive(fd, absl::Seconds(2));
    });
    takes_too_long(silent.endpoint(plaintext), "silent");
    const FakeServer greeting_only(
        [plaintext](int fd, const std::atomic<bool>& stopped) {
          Send(fd, Greeting(!plaintext));
          while (!stopped && !Receive(fd, absl::Seconds(1)).empty()) {
          }
          absl::SleepFor(absl::Milliseconds(500));
        });
    takes_too_long(greeting_only.endpoint(plaintext), "greeting_only");
    const FakeServer drips([](int fd, const std::atomic<bool>& stopped) {
      Send(fd, std::string("\xff\x3f\0\0", 4));
      const absl::Time end = absl::Now() + absl::Seconds(2);
      while (!stopped && absl::Now() < end) {
        Send(fd, "x");
        absl::SleepFor(absl::Milliseconds(5));
      }
    });
    takes_too_long(drips.endpoint(plaintext), "drips");
    const FakeServer pours([](int fd, const std::atomic<bool>& stopped) {
      const absl::Time end = absl::Now() + absl::Seconds(2);
      const std::string rows = Packet(1, std::string(60'000, '1'));
      Send(fd, Greeting(false));
      while (!stopped && absl::Now() < end &&
             send(fd, rows.data(), rows.size(), MSG_NOSIGNAL) > 0) {
      }
    });
    const absl::Time start = absl::Now();
    EXPECT_THAT(Try(*TargetOf(pours.endpoint(plaintext)), kBoss, kBossPassword,
                    absl::Seconds(5)),
                ::testing::Not(::testing::AnyOf("accepted", "refused")));
    EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  }
  Endpoint closed = EndpointOf();
  {
    const FakeServer gone([](int, const std::atomic<bool>&) {});
    closed.port = gone.endpoint(false).port;
  }
  EXPECT_THAT(Try(*TargetOf(closed), kBoss, kBossPassword),
              HasSubstr("UNAVAILABLE"));
}

TEST_F(MysqlTargetTest, BelievesNoVerdictFromBeforeTls) {
  for (const int code : {1045, 1698, 4151, 1040, 1820}) {
    const FakeServer early([code](int fd, const std::atomic<bool>&) {
      Send(fd, Error(0, code));
      (void)Receive(fd);
    });
    EXPECT_THAT(Try(*TargetOf(early.endpoint(false)), kBoss, kBossPassword),
                HasSubstr("UNAVAILABLE"));
    const FakeServer late([code](int fd, const std::atomic<bool>&) {
      Send(fd, Greeting(true));
      (void)Receive(fd);
      Send(fd, Error(2, code));
      (void)Receive(fd);
    });
    EXPECT_THAT(Try(*TargetOf(late.endpoint(false)), kBoss, kBossPassword),
                ::testing::AnyOf(HasSubstr("UNAVAILABLE"),
                                 HasSubstr("does not prove")));
  }
}

TEST_F(MysqlTargetTest, GivesAPasswordToNoServerThatAsksForIt) {
  for (const char* plugin :
       {"mysql_clear_password", "mysql_old_password", "dialog",
        "caching_sha2_password", "sha256_password", "auth_gssapi_client"}) {
    std::string heard;
    std::string verdict;
    {
      const FakeServer asks([&](int fd, const std::atomic<bool>&) {
        Send(fd, Greeting(false));
        heard += Receive(fd);
        Send(fd, Packet(2, absl::StrCat("\xfe", plugin) + std::string(1, '\0') +
                               "12345678901234567890" + std::string(1, '\0')));
        heard += Receive(fd);
      });
      verdict = Try(*TargetOf(asks.endpoint(true)), kBoss, kBossPassword);
    }
    EXPECT_THAT(verdict, HasSubstr("FAILED_PRECONDITION")) << plugin;
    // The login came, and nothing after it.
    EXPECT_THAT(heard, HasSubstr(kBoss));
    EXPECT_THAT(heard, ::testing::Not(HasSubstr(kBossPassword))) << plugin;
  }
  // A server that says it knows no TLS hears not even a user.
  std::string heard;
  {
    const FakeServer strips([&](int fd, const std::atomic<bool>&) {
      Send(fd, Greeting(false));
      heard += Receive(fd);
    });
    EXPECT_THAT(Try(*TargetOf(strips.endpoint(false)), kBoss, kBossPassword),
                HasSubstr("does not prove"));
  }
  EXPECT_EQ(heard, "");
}

TEST_F(MysqlTargetTest, GivesNoFileToAServer) {
  std::string heard;
  {
    const FakeServer asks([&](int fd, const std::atomic<bool>&) {
      Send(fd, Greeting(false));
      (void)Receive(fd);
      Send(fd, Packet(2, std::string("\0\0\0\2\0\0\0", 7)));
      heard += Receive(fd);
      Send(fd, Packet(1, "\xfb/etc/passwd"));
      heard += Receive(fd);
      Send(fd, Error(3, 1148));
    });
    EXPECT_THAT(Try(*TargetOf(asks.endpoint(true)), kBoss, kBossPassword),
                ::testing::Not(::testing::AnyOf("accepted", "refused")));
  }
  EXPECT_THAT(heard, HasSubstr("SET NAMES"));
  EXPECT_THAT(heard, ::testing::Not(HasSubstr("root:")));
}

TEST_F(MysqlTargetTest, MakesNoChangeAfterItsDeadline) {
  Run("CREATE USER late IDENTIFIED BY 'old'");
  // Frozen at several moments of the call.
  for (const int delay : {0, 3, 4, 5, 6, 7, 9}) {
    absl::Status status;
    std::thread changes([&] {
      status = target_->SetPassword(Boss(), Login("late", "too late"),
                                    In(absl::Milliseconds(1200)));
    });
    absl::SleepFor(absl::Milliseconds(delay));
    server_->Pause();
    const int64_t paused = absl::ToUnixSeconds(absl::Now());
    changes.join();
    server_->Resume();
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    }
    // It may have made the change before, but not since.
    absl::SleepFor(absl::Milliseconds(50));
    if (Try("late", "too late") == "accepted") {
      EXPECT_LE(std::stoll(server_->Value(
                    "SELECT JSON_VALUE(Priv, '$.password_last_changed') FROM "
                    "mysql.global_priv WHERE User = 'late'")),
                paused)
          << delay;
      EXPECT_TRUE(Set("late", "old").ok());
    }
  }
}

TEST_F(MysqlTargetTest, GoesOnAfterACrashOfTheServer) {
  Run("CREATE USER crashed IDENTIFIED BY 'old'");
  for (int delay = 0; delay < 4; ++delay) {
    const std::string password = absl::StrCat("new", delay);
    absl::Status status;
    std::thread changes([&] { status = Set("crashed", password); });
    absl::SleepFor(absl::Milliseconds(2 * delay));
    ASSERT_TRUE(server_->Kill().ok());
    changes.join();
    EXPECT_THAT(Try("crashed", password), HasSubstr("UNAVAILABLE"));
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    if (status.ok()) {
      EXPECT_EQ(Try("crashed", password), "accepted");
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    }
    EXPECT_TRUE(Set("crashed", password).ok());
    EXPECT_EQ(Try("crashed", password), "accepted");
  }
}

TEST_F(MysqlTargetTest, KnowsRulesAndOtherServers) {
  Run("CREATE USER ruled IDENTIFIED BY 'old'");
  Restart({"--plugin-load-add=simple_password_check"});
  const absl::Status status = Set("ruled", "new");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("strict_password_validation"));
  EXPECT_EQ(Try("ruled", "old"), "accepted");
  Restart({"--version=8.0.30"});
  EXPECT_THAT(Try(kBoss, kBossPassword), HasSubstr("MySQL is not supported"));
  Restart({"--version=10.3.9-MariaDB"});
  EXPECT_THAT(Try(kBoss, kBossPassword), HasSubstr("10.4 or later"));
  Restart({"--require-secure-transport=ON"});
  Endpoint plain = EndpointOf();
  plain.trusted_certificates = "";
  plain.plaintext = true;
  // The server's word for it is that of a wrong password.
  EXPECT_EQ(Try(*TargetOf(plain), kBoss, kBossPassword), "refused");
  EXPECT_EQ(Try(kBoss, kBossPassword), "accepted");
  Restart({});
}

}  // namespace
}  // namespace keyward::target
