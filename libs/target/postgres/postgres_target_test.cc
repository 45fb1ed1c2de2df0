// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/postgres_target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/postgres/postgres_server.h"
#include "libs/target/target.h"

namespace keyward::target {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Code = absl::StatusCode;

Credential Login(absl::string_view user, absl::string_view password) {
  return {std::string(user), crypto::SecretBuffer::CopyOf(password)};
}

Credential Superuser() {
  return Login(PostgresServer::kSuperuser, PostgresServer::kSuperuserPassword);
}

// A word for what TryLogin says, so that a failed test shows it.
std::string Word(const absl::StatusOr<LoginVerdict>& verdict) {
  if (!verdict.ok()) return absl::StatusCodeToString(verdict.status().code());
  return *verdict == LoginVerdict::kAccepted ? "accepted" : "refused";
}

std::string Word(const absl::Status& status) {
  return absl::StatusCodeToString(status.code());
}

// `name` as SQL.
std::string Quoted(absl::string_view name, char quote) {
  std::string quoted(1, quote);
  for (const char c : name) quoted.append(c == quote ? 2 : 1, c);
  return quoted + quote;
}
std::string Name(absl::string_view name) { return Quoted(name, '"'); }
std::string Text(absl::string_view text) { return Quoted(text, '\''); }

// A socket of 127.0.0.1 that listens, and a thread that serves what connects,
// one after another.
class Listener {
 public:
  explicit Listener(std::function<void(int)> serve) : serve_(std::move(serve)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size),
              0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (true) {
        const int client = accept(fd_, nullptr, nullptr);
        if (client < 0) return;
        serve_(client);
        close(client);
      }
    });
  }
  ~Listener() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }

  uint16_t port() const { return port_; }

 private:
  const std::function<void(int)> serve_;
  int fd_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

// Reads what a client sends until it goes away.
void Swallow(int client) {
  char bytes[4096];
  while (recv(client, bytes, sizeof(bytes), 0) > 0) {
  }
}

class PostgresTargetTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!PostgresServer::IsInstalled()) return;
    auto server = PostgresServer::Create();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server).release();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    if (!PostgresServer::IsInstalled()) {
      GTEST_SKIP() << "the package postgresql is not installed";
    }
    ASSERT_NE(server_, nullptr);
    target_ = Make(Tls());
  }

  // What is the same for all.
  static Endpoint Tls() {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = server_->port();
    endpoint.trusted_certificates = server_->authority();
    return endpoint;
  }
  static Endpoint Plaintext(uint16_t port) {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port;
    endpoint.plaintext = true;
    return endpoint;
  }

  std::unique_ptr<Target> Make(Endpoint endpoint) {
    auto target = PostgresTarget::Create(std::move(endpoint), &clock_);
    EXPECT_TRUE(target.ok()) << target.status();
    return std::move(target).value();
  }

  SteadyTime In(absl::Duration time) { return clock_.SteadyNow() + time; }
  SteadyTime Soon() { return In(absl::Seconds(60)); }

  void Sql(const std::string& statements) {
    const auto rows = server_->Execute(statements);
    ASSERT_TRUE(rows.ok()) << rows.status();
  }

  // A new user with `password`, in the place of one of an earlier test.
  void NewUser(const std::string& user, const std::string& password,
               const std::string& more = "LOGIN") {
    Sql(absl::StrCat("DROP ROLE IF EXISTS ", Name(user)));
    Sql(absl::StrCat("CREATE ROLE ", Name(user), " ", more, " PASSWORD ",
                     Text(password)));
  }

  std::string Try(const std::string& user, const std::string& password) {
    return Word(target_->TryLogin(Login(user, password), Soon()));
  }

  void Settings(const std::vector<std::string>& lines) {
    ASSERT_EQ(server_->Configure(lines), absl::OkStatus());
    ASSERT_EQ(server_->Reload(), absl::OkStatus());
  }
  void Logins(const std::vector<std::string>& lines) {
    ASSERT_EQ(server_->ConfigureLogins(lines), absl::OkStatus());
    ASSERT_EQ(server_->Reload(), absl::OkStatus());
  }

  // Waits until the query gives "t".
  bool Becomes(const std::string& query) {
    for (int i = 0; i < 3000; ++i) {
      if (server_->Value(query) == "t") return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  static PostgresServer* server_;
  const SystemClock clock_;
  std::unique_ptr<Target> target_;
};

PostgresServer* PostgresTargetTest::server_ = nullptr;

// ---- Logging in.

TEST_F(PostgresTargetTest, ALoginIsAcceptedOrRefusedForItsPassword) {
  NewUser("app", "right");
  EXPECT_EQ(Try("app", "right"), "accepted");
  EXPECT_EQ(Try("app", "wrong"), "refused");
  EXPECT_EQ(Try("app", "right "), "refused");
  EXPECT_EQ(Try("nobody at all", "right"), "refused");
  Sql("ALTER ROLE app VALID UNTIL '2001-01-01'");
  EXPECT_EQ(Try("app", "right"), "refused");
  Sql("ALTER ROLE app VALID UNTIL 'infinity' PASSWORD NULL");
  EXPECT_EQ(Try("app", "right"), "refused");
}

TEST_F(PostgresTargetTest, NoVerdictWhereTheServerBarsTheUserWhateverItSends) {
  NewUser("app", "right");
  Sql("ALTER ROLE app NOLOGIN");
  EXPECT_EQ(Try("app", "right"), "FAILED_PRECONDITION");
  EXPECT_EQ(Try("app", "wrong"), "refused");
  Sql("ALTER ROLE app LOGIN");
  Logins({"host all app 127.0.0.1/32 reject"});
  EXPECT_EQ(Try("app", "right"), "FAILED_PRECONDITION");
  EXPECT_EQ(Try("app", "wrong"), "FAILED_PRECONDITION");
  const absl::Status retired =
      target_->RetirePassword(Superuser(), Login("app", "right"), Soon());
  EXPECT_EQ(retired.code(), Code::kFailedPrecondition) << retired;
  Logins({});
  EXPECT_EQ(Try("app", "right"), "accepted");
}

TEST_F(PostgresTargetTest, OnTlsThePasswordGoesOnlyIntoABoundProof) {
  NewUser("app", "right");
  Sql("DROP ROLE IF EXISTS old; SET password_encryption = 'md5'; "
      "CREATE ROLE old LOGIN PASSWORD 'right'");
  for (const char* method : {"trust", "password", "md5"}) {
    Logins({absl::StrCat("hostssl all app,old 127.0.0.1/32 ", method)});
    const std::string user = method == std::string("md5") ? "old" : "app";
    for (const char* password : {"right", "wrong"}) {
      const auto verdict = target_->TryLogin(Login(user, password), Soon());
      EXPECT_EQ(Word(verdict), "FAILED_PRECONDITION") << method;
      EXPECT_THAT(std::string(verdict.status().message()),
                  HasSubstr("scram-sha-256"));
    }
  }
  Logins({});
}

TEST_F(PostgresTargetTest, AVerdictIsTheSameInTheServersLanguage) {
  NewUser("app", "right");
  if (!server_->MakeGermanLocale()) {
    GTEST_SKIP() << "the system cannot make a German locale";
  }
  ASSERT_EQ(server_->Configure({"lc_messages = 'de_DE.UTF-8'"}),
            absl::OkStatus());
  ASSERT_EQ(server_->Stop(), absl::OkStatus());
  ASSERT_EQ(server_->Start(), absl::OkStatus());
  EXPECT_THAT(server_->Connect("app", "wrong").status().message(),
              HasSubstr("Passwort-Authentifizierung"));
  EXPECT_EQ(Try("app", "right"), "accepted");
  EXPECT_EQ(Try("app", "wrong"), "refused");
  Sql("ALTER ROLE app CONNECTION LIMIT 0");
  EXPECT_EQ(Try("app", "right"), "UNAVAILABLE");
  ASSERT_EQ(server_->Configure({}), absl::OkStatus());
  ASSERT_EQ(server_->Stop(), absl::OkStatus());
  ASSERT_EQ(server_->Start(), absl::OkStatus());
}

TEST_F(PostgresTargetTest, OnPlaintextTrustIsNoVerdictEither) {
  NewUser("app", "right");
  const auto plaintext = Make(Plaintext(server_->port()));
  EXPECT_EQ(Word(plaintext->TryLogin(Login("app", "right"), Soon())),
            "accepted");
  EXPECT_EQ(Word(plaintext->TryLogin(Login("app", "wrong"), Soon())),
            "refused");
  Logins({"hostnossl all app 127.0.0.1/32 trust"});
  EXPECT_EQ(Word(plaintext->TryLogin(Login("app", "wrong"), Soon())),
            "FAILED_PRECONDITION");
  Logins({});
}

TEST_F(PostgresTargetTest, AFullServerSaysNothingOfAPassword) {
  NewUser("app", "right");
  Sql("ALTER ROLE app CONNECTION LIMIT 0");
  EXPECT_EQ(Try("app", "right"), "UNAVAILABLE");
  Sql("ALTER ROLE app CONNECTION LIMIT -1");
  std::vector<std::unique_ptr<PostgresServer::Session>> sessions;
  while (sessions.size() < 30) {
    auto session = server_->Connect();
    if (!session.ok()) break;
    sessions.push_back(std::move(*session));
  }
  ASSERT_LT(sessions.size(), 30u);
  EXPECT_EQ(Try("app", "right"), "UNAVAILABLE");
  EXPECT_EQ(Try("app", "wrong"), "UNAVAILABLE");
  EXPECT_EQ(
      Word(target_->SetPassword(Superuser(), Login("app", "new"), Soon())),
      "UNAVAILABLE");
}

TEST_F(PostgresTargetTest, TheDatabaseOfTheConnectorHasToBeOpenToTheUser) {
  NewUser("app", "right");
  Sql("DROP DATABASE IF EXISTS closed");
  Sql("CREATE DATABASE closed");
  Sql("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
  Endpoint endpoint = Tls();
  endpoint.database = "closed";
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "PERMISSION_DENIED");
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "wrong"), Soon())),
            "refused");
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Superuser(), Soon())), "accepted");
  endpoint.database = "no such";
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "FAILED_PRECONDITION");
}

// ---- Who the server is.

TEST_F(PostgresTargetTest, TheCertificateHasToComeFromTheConnectorsAuthority) {
  NewUser("app", "right");
  const auto other = PostgresServer::Create();
  ASSERT_TRUE(other.ok()) << other.status();
  Endpoint endpoint = Tls();
  endpoint.trusted_certificates = (*other)->authority();
  auto verdict = Make(endpoint)->TryLogin(Login("app", "right"), Soon());
  EXPECT_EQ(Word(verdict), "UNAUTHENTICATED");
  EXPECT_THAT(std::string(verdict.status().message()),
              HasSubstr("prove who it is"));
  endpoint.trusted_certificates += server_->authority();
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "accepted");
  // The system's authorities have not signed it either.
  endpoint.trusted_certificates.clear();
  verdict = Make(endpoint)->TryLogin(Login("app", "right"), Soon());
  EXPECT_EQ(Word(verdict), access("/etc/ssl/certs/ca-certificates.crt", R_OK)
                               ? "FAILED_PRECONDITION"
                               : "UNAUTHENTICATED");
}

TEST_F(PostgresTargetTest, TheCertificateHasToBearTheName) {
  NewUser("app", "right");
  Endpoint endpoint = Tls();
  endpoint.host = "localhost";
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "UNAUTHENTICATED");
  endpoint.server_name = PostgresServer::kServerName;
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "accepted");
  endpoint.host = "127.0.0.1";
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "accepted");
  endpoint.server_name = "other.example.com";
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "UNAUTHENTICATED");
}

TEST_F(PostgresTargetTest, ACertificateThatNothingIsBoundToIsNamed) {
  NewUser("app", "right");
  ASSERT_EQ(server_->UseEd25519Certificate(), absl::OkStatus());
  ASSERT_EQ(server_->Reload(), absl::OkStatus());
  const auto verdict = Make(Tls())->TryLogin(Login("app", "right"), Soon());
  EXPECT_EQ(Word(verdict), "FAILED_PRECONDITION");
  EXPECT_THAT(std::string(verdict.status().message()), HasSubstr("ECDSA"));
  ASSERT_EQ(server_->RenewCertificate(), absl::OkStatus());
  ASSERT_EQ(server_->Reload(), absl::OkStatus());
  EXPECT_EQ(Word(target_->TryLogin(Login("app", "right"), Soon())),
            "UNAUTHENTICATED");
  EXPECT_EQ(Word(Make(Tls())->TryLogin(Login("app", "right"), Soon())),
            "accepted");
}

TEST_F(PostgresTargetTest, AServerWithoutTlsGetsNothing) {
  NewUser("app", "right");
  Settings({"ssl = off"});
  const size_t before = server_->Log().size();
  const auto verdict = target_->TryLogin(Login("app", "right"), Soon());
  EXPECT_EQ(Word(verdict), "UNAUTHENTICATED") << verdict.status();
  EXPECT_THAT(server_->Log().substr(before), Not(HasSubstr("user=app")));
  Settings({});
}

// What a client that asks for TLS is answered by whoever sits on the way.
TEST_F(PostgresTargetTest, AnErrorBeforeTlsIsNoVerdict) {
  for (const char* sqlstate : {"28P01", "28000"}) {
    std::string fields = absl::StrCat("SFATAL", std::string(1, '\0'), "VFATAL",
                                      std::string(1, '\0'), "C", sqlstate);
    fields += std::string(1, '\0') + "Mno" + std::string(2, '\0');
    std::string error = "E" + std::string(3, '\0');
    error += static_cast<char>(fields.size() + 4);
    error += fields;
    const Listener listener([&](int client) {
      char request[8];
      recv(client, request, sizeof(request), MSG_WAITALL);
      send(client, error.data(), error.size(), MSG_NOSIGNAL);
      shutdown(client, SHUT_WR);
      Swallow(client);
    });
    Endpoint endpoint = Tls();
    endpoint.port = listener.port();
    const auto verdict =
        Make(endpoint)->TryLogin(Login("app", "right"), Soon());
    EXPECT_EQ(Word(verdict), "UNAVAILABLE") << verdict.status();
    EXPECT_THAT(std::string(verdict.status().message()),
                HasSubstr("before it proved who it is"));
    // On a plaintext connection the connector has chosen to believe it, which
    // shows that the error was one that is understood.
    const Listener plain([&](int client) {
      send(client, error.data(), error.size(), MSG_NOSIGNAL);
      Swallow(client);
    });
    EXPECT_EQ(
        Word(Make(Plaintext(plain.port()))
                 ->TryLogin(Login("app", "right"), Soon())),
        sqlstate == std::string("28P01") ? "refused" : "FAILED_PRECONDITION");
  }
}

TEST_F(PostgresTargetTest, GarbageIsAnErrorInTime) {
  for (const std::string& garbage :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(4096, 'x'),
        std::string("S") + std::string(64, '\0'), std::string("N"),
        std::string("R\0\0\0\x08\0\0\0\0", 9), std::string("R\xff\xff\xff\xff"),
        std::string()}) {
    const Listener listener([&](int client) {
      char request[8];
      recv(client, request, sizeof(request), MSG_WAITALL);
      send(client, garbage.data(), garbage.size(), MSG_NOSIGNAL);
      shutdown(client, SHUT_WR);
      Swallow(client);
    });
    Endpoint endpoint = Tls();
    endpoint.port = listener.port();
    for (const Endpoint& to : {endpoint, Plaintext(listener.port())}) {
      const auto verdict = Make(to)->TryLogin(Login("app", "right"), Soon());
      EXPECT_FALSE(verdict.ok());
      EXPECT_NE(verdict.status().code(), Code::kDeadlineExceeded) << garbage;
    }
  }
}

TEST_F(PostgresTargetTest, AServerThatNeverAnswersIsGivenUp) {
  const Listener listener(&Swallow);
  Endpoint endpoint = Tls();
  endpoint.port = listener.port();
  for (const Endpoint& to : {endpoint, Plaintext(listener.port())}) {
    EXPECT_EQ(Word(Make(to)->TryLogin(Login("app", "right"),
                                      In(absl::Milliseconds(200)))),
              "DEADLINE_EXCEEDED");
    EXPECT_EQ(
        Word(Make(to)->TryLogin(Login("app", "right"), In(-absl::Seconds(1)))),
        "DEADLINE_EXCEEDED");
  }
}

TEST_F(PostgresTargetTest, AServerThatIsAwayIsUnavailable) {
  uint16_t port = 0;
  {
    const Listener listener(&Swallow);
    port = listener.port();
  }
  EXPECT_EQ(
      Word(Make(Plaintext(port))->TryLogin(Login("app", "right"), Soon())),
      "UNAVAILABLE");
  Endpoint endpoint = Tls();
  endpoint.port = port;
  EXPECT_EQ(Word(Make(endpoint)->TryLogin(Login("app", "right"), Soon())),
            "UNAVAILABLE");
}

// ---- The environment of the process.

TEST_F(PostgresTargetTest, NothingOfTheHomeCounts) {
  NewUser("app", "right");
  char home[] = "/tmp/keyward-home-XXXXXX";
  ASSERT_NE(mkdtemp(home), nullptr);
  const std::string folder = home;
  std::filesystem::create_directory(folder + "/.postgresql");
  for (const char* name :
       {"postgresql.crt", "postgresql.key", "root.crt", "root.crl"}) {
    std::ofstream(folder + "/.postgresql/" + name) << "garbage";
  }
  std::ofstream(folder + "/.pgpass") << "*:*:*:*:right\n";
  std::ofstream(folder + "/.pg_service.conf") << "[garbage]\nuser=envy\n";
  const std::string before = std::getenv("HOME") ? std::getenv("HOME") : "/";
  setenv("HOME", home, 1);
  const std::string right = Try("app", "right");
  const std::string wrong = Try("app", "wrong");
  setenv("HOME", before.c_str(), 1);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(right, "accepted");
  EXPECT_EQ(wrong, "refused");
}

TEST_F(PostgresTargetTest, NothingOfTheEnvironmentCounts) {
  NewUser("app", "right");
  Sql("DROP ROLE IF EXISTS envy; CREATE ROLE envy LOGIN PASSWORD 'envied'");
  // What a value would have to be to change something; others are garbage.
  const std::map<std::string, std::string> values = {
      {"PGUSER", "envy"},
      {"PGPASSWORD", "envied"},
      {"PGHOST", "192.0.2.1"},
      {"PGHOSTADDR", "192.0.2.1"},
      {"PGPORT", "1"},
      {"PGDATABASE", "no such database"},
      {"PGSSLMODE", "disable"},
      {"PGCHANNELBINDING", "disable"},
      {"PGGSSENCMODE", "require"},
      {"PGSSLROOTCERT", "/etc/passwd"},
      {"PGSSLCERT", "/etc/passwd"},
      {"PGSSLKEY", "/etc/passwd"},
      {"PGSSLMAXPROTOCOLVERSION", "TLSv1"},
      {"PGSSLMINPROTOCOLVERSION", "TLSv1"},
      {"PGOPTIONS", "-c no.such=setting -c search_path=evil"},
      {"PGCLIENTENCODING", "no such encoding"},
      {"PGTARGETSESSIONATTRS", "standby"},
      {"PGCONNECT_TIMEOUT", "garbage"},
      {"PGREQUIRESSL", "0"},
      {"PGSERVICEFILE", "/etc/passwd"},
      {"PGSYSCONFDIR", "/etc"},
      {"HOME", "/no/such/home"},
  };
  std::vector<std::string> names;
  PQconninfoOption* options = PQconndefaults();
  ASSERT_NE(options, nullptr);
  for (const PQconninfoOption* option = options; option->keyword != nullptr;
       ++option) {
    if (option->envvar != nullptr) names.push_back(option->envvar);
  }
  PQconninfoFree(options);
  EXPECT_GT(names.size(), 20u);
  for (const auto& [name, value] : values) names.push_back(name);

  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "/";
  for (const std::string& name : names) {
    if (name == "PGSERVICE") continue;
    const auto value = values.find(name);
    setenv(name.c_str(),
           value == values.end() ? "garbage" : value->second.c_str(), 1);
  }
  const std::string right = Try("app", "right");
  const std::string wrong = Try("app", "wrong");
  for (const std::string& name : names) unsetenv(name.c_str());
  setenv("HOME", home.c_str(), 1);
  EXPECT_EQ(right, "accepted");
  EXPECT_EQ(wrong, "refused");

  // Nothing overrides these.
  for (const char* name : {"PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO"}) {
    setenv(name, "garbage", 1);
    const auto verdict = target_->TryLogin(Login("app", "right"), Soon());
    unsetenv(name);
    EXPECT_EQ(Word(verdict), "FAILED_PRECONDITION") << name;
    EXPECT_THAT(std::string(verdict.status().message()), HasSubstr(name));
  }
  EXPECT_EQ(Try("app", "right"), "accepted");
}

// ---- Setting a password.

TEST_F(PostgresTargetTest, AnAdministratorSetsAPassword) {
  NewUser("app", "first");
  NewUser("admin", "admin's", "LOGIN CREATEROLE");
  const Credential admin = Login("admin", "admin's");
  EXPECT_EQ(target_->old_password(), OldPassword::kEnds);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(target_->SetPassword(admin, Login("app", "second"), Soon()),
              absl::OkStatus());
    EXPECT_EQ(Try("app", "first"), "refused");
    EXPECT_EQ(Try("app", "second"), "accepted");
  }
  EXPECT_EQ(Word(target_->SetPassword(admin, Login("nobody at all", "second"),
                                      Soon())),
            "NOT_FOUND");
}

TEST_F(PostgresTargetTest, AUserSetsItsOwn) {
  NewUser("app", "first");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(target_->SetPassword(Login("app", "first"),
                                   Login("app", "second"), Soon()),
              absl::OkStatus());
    EXPECT_EQ(Try("app", "second"), "accepted");
  }
  EXPECT_EQ(Word(target_->SetPassword(Login("app", "first"),
                                      Login("app", "third"), Soon())),
            "UNAUTHENTICATED");
  EXPECT_EQ(Try("app", "third"), "refused");
  EXPECT_EQ(Try("app", "second"), "accepted");
}

TEST_F(PostgresTargetTest, NobodyElseSetsIt) {
  NewUser("app", "first");
  NewUser("other", "other's");
  NewUser("admin", "admin's", "LOGIN CREATEROLE");
  absl::Status status = target_->SetPassword(Login("other", "other's"),
                                             Login("app", "second"), Soon());
  EXPECT_EQ(status.code(), Code::kPermissionDenied) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("CREATEROLE"));
  status =
      target_->SetPassword(Login("admin", "admin's"),
                           Login(PostgresServer::kSuperuser, "second"), Soon());
  EXPECT_EQ(status.code(), Code::kPermissionDenied) << status;
  EXPECT_EQ(Word(target_->SetPassword(Login("admin", "not the admin's"),
                                      Login("app", "second"), Soon())),
            "UNAUTHENTICATED");
  Sql("ALTER ROLE admin NOLOGIN");
  EXPECT_EQ(Word(target_->SetPassword(Login("admin", "admin's"),
                                      Login("app", "second"), Soon())),
            "UNAUTHENTICATED");
  EXPECT_EQ(Try("app", "first"), "accepted");
}

TEST_F(PostgresTargetTest, NoPasswordIsInTheServersLog) {
  NewUser("app", "first");
  const size_t before = server_->Log().size();
  const std::string fresh = "fresh-0123456789-secret";
  EXPECT_EQ(target_->SetPassword(Superuser(), Login("app", fresh), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("app", fresh), "accepted");
  EXPECT_EQ(Try("app", "wrong-0123456789-secret"), "refused");
  EXPECT_EQ(target_->RetirePassword(Superuser(), Login("app", fresh), Soon()),
            absl::OkStatus());
  const std::string log = server_->Log().substr(before);
  EXPECT_THAT(log, HasSubstr("PASSWORD 'SCRAM-SHA-256$"));
  EXPECT_THAT(log, Not(HasSubstr("0123456789-secret")));
  EXPECT_THAT(log, Not(HasSubstr(PostgresServer::kSuperuserPassword)));
}

TEST_F(PostgresTargetTest, NamesArePutIntoStatementsWhole) {
  std::string everything;
  for (char c = 1; c < 64; ++c) everything += c;
  for (const std::string& user :
       {std::string("a\"; DROP ROLE app; --"), std::string("it's \\ E'\n$$"),
        std::string(63, 'x'), std::string("\xc3\xa4 \xe2\x82\xac"),
        std::string("select"), std::string("PUBLIC"), std::string(" "),
        everything}) {
    NewUser(user, "first");
    EXPECT_EQ(target_->SetPassword(Superuser(), Login(user, "second"), Soon()),
              absl::OkStatus())
        << user;
    EXPECT_EQ(Try(user, "second"), "accepted") << user;
    const std::string twin =
        user.size() < 63 ? user + "2" : user.substr(1) + "2";
    EXPECT_EQ(target_->EnsureTwin(Superuser(), user, twin, Soon()),
              absl::OkStatus())
        << user;
    EXPECT_EQ(target_->EnsureTwin(Superuser(), user, twin, Soon()),
              absl::OkStatus())
        << user;
    EXPECT_EQ(target_->SetPassword(Superuser(), Login(twin, "third"), Soon()),
              absl::OkStatus())
        << user;
    EXPECT_EQ(Try(twin, "third"), "accepted") << user;
    EXPECT_EQ(
        target_->RetirePassword(Superuser(), Login(user, "second"), Soon()),
        absl::OkStatus())
        << user;
    EXPECT_EQ(Try(user, "second"), "refused") << user;
    Sql(absl::StrCat("DROP ROLE ", Name(user), "; DROP ROLE ", Name(twin)));
  }
}

TEST_F(PostgresTargetTest, ANameIsTheSameBytesInADatabaseOfAnotherEncoding) {
  NewUser("\xc3\xa4", "first");
  Sql("DROP DATABASE IF EXISTS latin");
  Sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
  Endpoint endpoint = Tls();
  endpoint.database = "latin";
  const auto latin = Make(endpoint);
  EXPECT_EQ(
      latin->SetPassword(Superuser(), Login("\xc3\xa4", "second"), Soon()),
      absl::OkStatus());
  EXPECT_EQ(Word(latin->TryLogin(Login("\xc3\xa4", "second"), Soon())),
            "accepted");
  EXPECT_EQ(Try("\xc3\xa4", "second"), "accepted");
}

TEST_F(PostgresTargetTest, NamesThatTheServerCannotHaveAreRefused) {
  // A name of 64 bytes is cut to this one.
  NewUser(std::string(63, 'x'), "first");
  for (const std::string& user :
       {std::string(), std::string(64, 'x'), std::string("a\0b", 3),
        std::string("public"), std::string("none"), std::string("\xff"),
        std::string("\xc3"), std::string("pg_new")}) {
    const bool of_the_server = user == "pg_new";
    if (!of_the_server) {
      EXPECT_EQ(Word(target_->SetPassword(Superuser(), Login(user, "second"),
                                          Soon())),
                "INVALID_ARGUMENT")
          << user;
      EXPECT_EQ(Word(target_->RetirePassword(Superuser(), Login(user, "first"),
                                             Soon())),
                "INVALID_ARGUMENT")
          << user;
    }
    EXPECT_EQ(Word(target_->EnsureTwin(Superuser(), std::string(63, 'x'), user,
                                       Soon())),
              "INVALID_ARGUMENT")
        << user;
  }
  EXPECT_EQ(Try(std::string(64, 'x'), "first"), "INVALID_ARGUMENT");
  EXPECT_EQ(Try(std::string(63, 'x'), "first"), "accepted");
  Sql(absl::StrCat("DROP ROLE ", std::string(63, 'x')));
}

TEST_F(PostgresTargetTest, EveryPrintablePasswordWorks) {
  NewUser("app", "first");
  std::string printable;
  for (char c = ' '; c <= '~'; ++c) printable += c;
  for (const std::string& password :
       {printable, std::string(" "), std::string("'"), std::string("\\"),
        std::string(PostgresTarget::kMaxPasswordSize, '%'),
        std::string("SCRAM-SHA-256$4096:c2FsdA==$a:b"),
        std::string("md5") + std::string(32, 'a')}) {
    EXPECT_EQ(target_->SetPassword(Superuser(), Login("app", password), Soon()),
              absl::OkStatus())
        << password;
    EXPECT_EQ(Try("app", password), "accepted") << password;
    EXPECT_EQ(Try("app", password + "x"),
              password.size() == PostgresTarget::kMaxPasswordSize
                  ? "FAILED_PRECONDITION"
                  : "refused");
  }
}

TEST_F(PostgresTargetTest, OthersAreNotSet) {
  NewUser("app", "first");
  for (int byte = 0; byte < 256; ++byte) {
    if (byte >= ' ' && byte <= '~') continue;
    const std::string password =
        absl::StrCat("a", std::string(1, static_cast<char>(byte)), "b");
    EXPECT_EQ(
        Word(target_->SetPassword(Superuser(), Login("app", password), Soon())),
        "FAILED_PRECONDITION")
        << byte;
  }
  // U+00AA becomes "a" and U+00AD nothing.
  for (const std::string& password :
       {std::string(), std::string("\xc2\xaa"), std::string("b\xc2\xad"),
        std::string(PostgresTarget::kMaxPasswordSize + 1, 'x')}) {
    EXPECT_EQ(
        Word(target_->SetPassword(Superuser(), Login("app", password), Soon())),
        "FAILED_PRECONDITION");
  }
  EXPECT_EQ(Try("app", ""), "FAILED_PRECONDITION");
  EXPECT_EQ(Try("app", "first"), "accepted");
}

TEST_F(PostgresTargetTest, APasswordOfAnotherHandIsTriedAsItIs) {
  NewUser("app", "caf\xc3\xa9 \x01\xe2\x82\xac");
  EXPECT_EQ(Try("app", "caf\xc3\xa9 \x01\xe2\x82\xac"), "accepted");
  EXPECT_EQ(Try("app", "caf\xc3\xa8 \x01\xe2\x82\xac"), "refused");
  EXPECT_EQ(
      target_->RetirePassword(
          Superuser(), Login("app", "caf\xc3\xa9 \x01\xe2\x82\xac"), Soon()),
      absl::OkStatus());
  EXPECT_EQ(Try("app", "caf\xc3\xa9 \x01\xe2\x82\xac"), "refused");
}

TEST_F(PostgresTargetTest, AUserThatNoPasswordLetsInGetsNone) {
  NewUser("app", "first", "NOLOGIN");
  absl::Status status =
      target_->SetPassword(Superuser(), Login("app", "second"), Soon());
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("LOGIN"));
  Sql("ALTER ROLE app LOGIN VALID UNTIL '2001-01-01'");
  status = target_->SetPassword(Superuser(), Login("app", "second"), Soon());
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("VALID UNTIL"));
  Sql("ALTER ROLE app VALID UNTIL 'infinity'");
  EXPECT_EQ(Try("app", "first"), "accepted");
}

TEST_F(PostgresTargetTest, ARuleOfTheServersIsNamedAsOne) {
  NewUser("app", "first");
  Settings({"session_preload_libraries = 'passwordcheck'"});
  // The rule of passwordcheck that a verifier cannot hide from it.
  EXPECT_EQ(
      Word(target_->SetPassword(Superuser(), Login("app", "app"), Soon())),
      "FAILED_PRECONDITION");
  EXPECT_EQ(target_->SetPassword(Superuser(), Login("app", "second"), Soon()),
            absl::OkStatus());
  Settings({});
  EXPECT_EQ(Try("app", "second"), "accepted");
}

TEST_F(PostgresTargetTest, AReadOnlyServerChangesNothing) {
  NewUser("app", "first");
  const auto all_refuse = [&] {
    for (const absl::Status& status :
         {target_->SetPassword(Superuser(), Login("app", "second"), Soon()),
          target_->RetirePassword(Superuser(), Login("app", "first"), Soon()),
          target_->EnsureTwin(Superuser(), "app", "app2", Soon())}) {
      EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr("read-only"));
    }
    EXPECT_EQ(Try("app", "first"), "accepted");
  };
  Settings({"default_transaction_read_only = on"});
  all_refuse();
  Settings({});
  ASSERT_EQ(server_->Stop(), absl::OkStatus());
  ASSERT_EQ(server_->SetStandby(true), absl::OkStatus());
  ASSERT_EQ(server_->Start(), absl::OkStatus());
  all_refuse();
  ASSERT_EQ(server_->Stop(), absl::OkStatus());
  ASSERT_EQ(server_->SetStandby(false), absl::OkStatus());
  ASSERT_EQ(server_->Start(), absl::OkStatus());
}

// ---- What gets in the way of a change.

TEST_F(PostgresTargetTest, AServerKilledInTheMiddleGetsTheSameCallAgain) {
  NewUser("app", "first");
  auto holder = server_->Connect();
  ASSERT_TRUE(holder.ok());
  ASSERT_TRUE(
      (*holder)->Execute("BEGIN; ALTER ROLE app CONNECTION LIMIT 9").ok());
  absl::Status status;
  std::thread change([&] {
    status = target_->SetPassword(Superuser(), Login("app", "second"), Soon());
  });
  EXPECT_TRUE(
      Becomes("SELECT count(*) = 1 FROM pg_stat_activity WHERE "
              "application_name = 'keyward' AND wait_event_type = "
              "'Lock'"));
  EXPECT_EQ(server_->Kill(), absl::OkStatus());
  change.join();
  EXPECT_EQ(status.code(), Code::kUnavailable) << status;
  EXPECT_EQ(Try("app", "first"), "UNAVAILABLE");
  ASSERT_EQ(server_->Start(), absl::OkStatus());
  EXPECT_EQ(Try("app", "first"), "accepted");
  EXPECT_EQ(target_->SetPassword(Superuser(), Login("app", "second"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("app", "second"), "accepted");
}

TEST_F(PostgresTargetTest, AChangeThatIsHeldUpEndsAtTheDeadlineForGood) {
  NewUser("app", "first");
  auto holder = server_->Connect();
  ASSERT_TRUE(holder.ok());
  ASSERT_TRUE(
      (*holder)->Execute("BEGIN; ALTER ROLE app CONNECTION LIMIT 9").ok());
  EXPECT_EQ(Word(target_->SetPassword(Superuser(), Login("app", "second"),
                                      In(absl::Milliseconds(500)))),
            "DEADLINE_EXCEEDED");
  EXPECT_TRUE(
      Becomes("SELECT count(*) = 0 FROM pg_stat_activity WHERE "
              "application_name = 'keyward'"));
  ASSERT_TRUE((*holder)->Execute("COMMIT").ok());
  EXPECT_EQ(Try("app", "first"), "accepted");
  EXPECT_EQ(Try("app", "second"), "refused");
}

TEST_F(PostgresTargetTest, AFrozenServerIsGivenUpAndMakesNoChangeLater) {
  NewUser("app", "first");
  auto holder = server_->Connect();
  ASSERT_TRUE(holder.ok());
  ASSERT_TRUE(
      (*holder)->Execute("BEGIN; ALTER ROLE app CONNECTION LIMIT 9").ok());
  absl::Status status;
  std::thread change([&] {
    status = target_->SetPassword(Superuser(), Login("app", "second"),
                                  In(absl::Seconds(3)));
  });
  EXPECT_TRUE(
      Becomes("SELECT count(*) = 1 FROM pg_stat_activity WHERE "
              "application_name = 'keyward' AND wait_event_type = "
              "'Lock'"));
  const auto rolled_back = (*holder)->Execute("ROLLBACK");
  EXPECT_TRUE(rolled_back.ok()) << rolled_back.status();
  server_->Pause();
  change.join();
  const std::string frozen = Word(
      target_->TryLogin(Login("app", "first"), In(absl::Milliseconds(300))));
  server_->Resume();
  // It may have been done before it froze.
  if (status.ok()) {
    EXPECT_EQ(Try("app", "second"), "accepted");
  } else {
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded) << status;
    EXPECT_TRUE(
        Becomes("SELECT count(*) = 0 FROM pg_stat_activity WHERE "
                "application_name = 'keyward'"));
    EXPECT_EQ(Try("app", "first"), "accepted");
  }
  EXPECT_EQ(frozen, "DEADLINE_EXCEEDED");
}

// A network that holds the last message back until nobody waits for it.
TEST_F(PostgresTargetTest, ACommitThatArrivesLateIsRefused) {
  NewUser("app", "first");
  std::atomic<bool> release{false};
  std::atomic<bool> held{false};
  std::string answer;
  const Listener proxy([&](int client) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server_->port());
    EXPECT_EQ(
        connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
        0);
    bool client_there = true;
    while (true) {
      pollfd entries[] = {{client_there ? client : -1, POLLIN, 0},
                          {server, POLLIN, 0}};
      poll(entries, 2, -1);
      char bytes[8192];
      if (entries[0].revents != 0) {
        const ssize_t size = recv(client, bytes, sizeof(bytes), 0);
        if (size <= 0) {
          client_there = false;
          shutdown(server, SHUT_WR);
          continue;
        }
        if (absl::string_view(bytes, size).find("; COMMIT") !=
            absl::string_view::npos) {
          held = true;
          while (!release) absl::SleepFor(absl::Milliseconds(5));
        }
        send(server, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
      }
      if (entries[1].revents != 0) {
        const ssize_t size = recv(server, bytes, sizeof(bytes), 0);
        if (size <= 0) break;
        if (held) answer.append(bytes, static_cast<size_t>(size));
        if (client_there) {
          send(client, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
        }
      }
    }
    close(server);
  });
  EXPECT_EQ(Word(Make(Plaintext(proxy.port()))
                     ->SetPassword(Superuser(), Login("app", "second"),
                                   In(absl::Seconds(2)))),
            "DEADLINE_EXCEEDED");
  EXPECT_TRUE(held);
  release = true;
  EXPECT_TRUE(
      Becomes("SELECT count(*) = 0 FROM pg_stat_activity WHERE "
              "application_name = 'keyward'"));
  EXPECT_EQ(Try("app", "second"), "refused");
  EXPECT_EQ(Try("app", "first"), "accepted");
}

TEST_F(PostgresTargetTest, AChangeThatTheStandbyMayNotHaveIsNotSaidToBeDone) {
  NewUser("app", "first");
  Settings({"synchronous_standby_names = 'nobody'"});
  absl::Status status;
  std::thread change([&] {
    status = target_->SetPassword(Superuser(), Login("app", "second"), Soon());
  });
  EXPECT_TRUE(
      Becomes("SELECT count(*) = 1 FROM pg_stat_activity WHERE "
              "application_name = 'keyward' AND wait_event = "
              "'SyncRep'"));
  // As an impatient operator does.
  Sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE "
      "application_name = 'keyward'");
  change.join();
  EXPECT_EQ(status.code(), Code::kUnavailable) << status;
  EXPECT_EQ(Word(target_->SetPassword(Superuser(), Login("app", "third"),
                                      In(absl::Seconds(1)))),
            "DEADLINE_EXCEEDED");
  Settings({});
}

// ---- Retiring a password.

TEST_F(PostgresTargetTest, ARetiredPasswordIsRefused) {
  NewUser("app", "first");
  NewUser("admin", "admin's", "LOGIN CREATEROLE");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(target_->RetirePassword(Login("admin", "admin's"),
                                      Login("app", "first"), Soon()),
              absl::OkStatus());
    EXPECT_EQ(Try("app", "first"), "refused");
  }
  EXPECT_EQ(server_->Value("SELECT rolpassword IS NULL FROM pg_authid WHERE "
                           "rolname = 'app'"),
            "t");
  EXPECT_EQ(target_->RetirePassword(Superuser(),
                                    Login("nobody at all", "first"), Soon()),
            absl::OkStatus());
}

TEST_F(PostgresTargetTest, AUserRetiresItsOwn) {
  NewUser("app", "first");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(target_->RetirePassword(Login("app", "first"),
                                      Login("app", "first"), Soon()),
              absl::OkStatus());
    EXPECT_EQ(Try("app", "first"), "refused");
  }
}

TEST_F(PostgresTargetTest, AnotherPasswordStays) {
  NewUser("app", "second");
  EXPECT_EQ(target_->RetirePassword(Superuser(), Login("app", "first"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("app", "second"), "accepted");
  EXPECT_EQ(target_->RetirePassword(Login("app", "second"),
                                    Login("app", "first"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("app", "second"), "accepted");
}

TEST_F(PostgresTargetTest, NobodyElseRetiresIt) {
  NewUser("app", "first");
  NewUser("other", "other's");
  EXPECT_EQ(Word(target_->RetirePassword(Login("other", "other's"),
                                         Login("app", "first"), Soon())),
            "PERMISSION_DENIED");
  EXPECT_EQ(Word(target_->RetirePassword(Login("other", "not the other's"),
                                         Login("app", "first"), Soon())),
            "UNAUTHENTICATED");
  EXPECT_EQ(Try("app", "first"), "accepted");
}

TEST_F(PostgresTargetTest, AnExpiredPasswordIsNotTakenForARetiredOne) {
  NewUser("app", "first", "LOGIN VALID UNTIL '2001-01-01'");
  EXPECT_EQ(
      Word(target_->RetirePassword(Superuser(), Login("app", "first"), Soon())),
      "FAILED_PRECONDITION");
  Sql("ALTER ROLE app VALID UNTIL 'infinity'");
  EXPECT_EQ(target_->RetirePassword(Superuser(), Login("app", "first"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("app", "first"), "refused");
}

TEST_F(PostgresTargetTest, RetiringNeverTakesAPasswordThatWasSetMeanwhile) {
  NewUser("app", "0");
  for (int i = 0; i < 8; ++i) {
    const std::string old_password = absl::StrCat(i);
    const std::string new_password = absl::StrCat(i + 1);
    absl::Status retired;
    std::thread retire([&] {
      retired = target_->RetirePassword(Superuser(), Login("app", old_password),
                                        Soon());
    });
    absl::SleepFor(absl::Milliseconds(7 * i));
    EXPECT_EQ(
        target_->SetPassword(Superuser(), Login("app", new_password), Soon()),
        absl::OkStatus());
    retire.join();
    EXPECT_EQ(retired, absl::OkStatus());
    EXPECT_EQ(Try("app", new_password), "accepted") << i;
    EXPECT_EQ(Try("app", old_password), "refused") << i;
  }
}

// ---- Twins.

class PostgresTwinTest : public PostgresTargetTest {
 protected:
  void SetUp() override {
    PostgresTargetTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Sql("DROP SCHEMA IF EXISTS work CASCADE");
    Sql("DROP ROLE IF EXISTS twin; DROP ROLE IF EXISTS owner_app");
    NewUser("owner_app", "base's");
    NewUser("admin", "admin's", "LOGIN CREATEROLE");
    Sql("CREATE SCHEMA work AUTHORIZATION owner_app");
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    Sql("DROP SCHEMA IF EXISTS work CASCADE; DROP ROLE IF EXISTS twin");
    Sql("DROP ROLE IF EXISTS owner_app");
  }

  absl::Status Ensure(const Credential& as = Login("admin", "admin's")) {
    return target_->EnsureTwin(as, "owner_app", "twin", Soon());
  }
  std::string OfTwin(const std::string& column) {
    return server_->Value(absl::StrCat(
        "SELECT ", column, " FROM pg_authid WHERE rolname = 'twin'"));
  }
};

TEST_F(PostgresTwinTest, ATwinMayDoWhatTheUserMayAndMakesTheUsersObjects) {
  ASSERT_EQ(Ensure(), absl::OkStatus());
  EXPECT_EQ(OfTwin("rolpassword IS NULL AND rolcanlogin"), "t");
  EXPECT_EQ(Try("twin", "base's"), "refused");
  ASSERT_EQ(target_->SetPassword(Login("admin", "admin's"),
                                 Login("twin", "twin's"), Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("twin", "twin's"), "accepted");
  EXPECT_EQ(Try("owner_app", "base's"), "accepted");

  auto base = server_->Connect("owner_app", "base's");
  auto twin = server_->Connect("twin", "twin's");
  ASSERT_TRUE(base.ok()) << base.status();
  ASSERT_TRUE(twin.ok()) << twin.status();
  ASSERT_TRUE((*base)->Execute("CREATE TABLE work.a(x int)").ok());
  const auto made = (*twin)->Execute(
      "INSERT INTO work.a VALUES (1); ALTER TABLE work.a ADD y int; "
      "CREATE TABLE work.b(x int); SELECT session_user, current_user");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT((*made)[0], ElementsAre("twin", "owner_app"));
  EXPECT_EQ(server_->Value("SELECT tableowner FROM pg_tables WHERE "
                           "schemaname = 'work' AND tablename = 'b'"),
            "owner_app");
  EXPECT_TRUE((*base)->Execute("DROP TABLE work.b").ok());

  // As a pooler does between two clients.
  ASSERT_TRUE((*twin)->Execute("DISCARD ALL").ok());
  const auto reset = (*twin)->Execute("SELECT current_user");
  ASSERT_TRUE(reset.ok());
  EXPECT_THAT((*reset)[0], ElementsAre("owner_app"));

  // A twin sets its own password though it plays the user's part.
  EXPECT_EQ(target_->SetPassword(Login("twin", "twin's"), Login("twin", "new"),
                                 Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("twin", "new"), "accepted");
  EXPECT_EQ(target_->RetirePassword(Login("twin", "new"), Login("twin", "new"),
                                    Soon()),
            absl::OkStatus());
  EXPECT_EQ(Try("twin", "new"), "refused");
}

TEST_F(PostgresTwinTest, ATwinThatIsThereKeepsItsPasswordAndGetsWhatItLacks) {
  ASSERT_EQ(Ensure(), absl::OkStatus());
  Sql("ALTER ROLE twin PASSWORD 'twin''s'");
  ASSERT_EQ(Ensure(), absl::OkStatus());
  EXPECT_EQ(Try("twin", "twin's"), "accepted");
  Sql("ALTER ROLE twin NOINHERIT; ALTER ROLE twin RESET role; "
      "ALTER ROLE owner_app CONNECTION LIMIT 7");
  ASSERT_EQ(Ensure(), absl::OkStatus());
  EXPECT_EQ(OfTwin("rolinherit AND rolconnlimit = 7"), "t");
  EXPECT_EQ(server_->Value("SELECT setconfig FROM pg_db_role_setting s JOIN "
                           "pg_roles r ON r.oid = setrole WHERE rolname = "
                           "'twin'"),
            "{role=owner_app}");
  EXPECT_EQ(Try("twin", "twin's"), "accepted");
}

TEST_F(PostgresTwinTest, SettingsAreCopiedAsTheyAre) {
  Sql("ALTER ROLE owner_app SET search_path = \"a, b\", \"$user\", public; "
      "ALTER ROLE owner_app SET work_mem = '7MB'; "
      "ALTER ROLE owner_app IN DATABASE postgres SET role = 'owner_app'; "
      "ALTER ROLE owner_app IN DATABASE template1 SET statement_timeout = 7");
  // Whatever a user makes of its own settings runs in nobody's session.
  auto base = server_->Connect("owner_app", "base's");
  ASSERT_TRUE(base.ok());
  ASSERT_TRUE((*base)
                  ->Execute("SELECT set_config('search_path', "
                            "'\"a, b\", \"$user\", \"''; ALTER ROLE admin "
                            "SUPERUSER; --\"', false); "
                            "ALTER ROLE owner_app SET search_path FROM CURRENT")
                  .ok());
  // The server cannot load it, so that nobody could log in with it.
  Sql("ALTER ROLE owner_app SET local_preload_libraries = 'x, y'");
  ASSERT_EQ(Ensure(), absl::OkStatus());
  Sql("ALTER ROLE owner_app SET my.\"setting\" = 'it''s; \\ x'");
  ASSERT_EQ(Ensure(Superuser()), absl::OkStatus());
  const std::string copied =
      "SELECT string_agg(setdatabase || ' ' || c, '|' ORDER BY setdatabase, c) "
      "FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = setrole, "
      "unnest(setconfig) c WHERE c NOT LIKE '%preload%' AND c NOT LIKE "
      "'role=%' AND rolname = ";
  EXPECT_EQ(server_->Value(copied + "'twin'"),
            server_->Value(copied + "'owner_app'"));
  EXPECT_THAT(server_->Value(copied + "'twin'"), HasSubstr("it's; \\ x"));
  EXPECT_EQ(server_->Value("SELECT count(*) FROM pg_db_role_setting s JOIN "
                           "pg_roles r ON r.oid = setrole WHERE rolname = "
                           "'twin' AND setconfig::text LIKE '%preload%'"),
            "0");
  EXPECT_EQ(server_->Value("SELECT rolsuper FROM pg_roles WHERE rolname = "
                           "'admin'"),
            "f");
  ASSERT_EQ(Ensure(), absl::OkStatus());
}

TEST_F(PostgresTwinTest, AUserThatPlaysAnothersPartHasATwinThatDoesToo) {
  NewUser("group_role", "unused", "NOLOGIN");
  Sql("GRANT group_role TO owner_app; "
      "ALTER ROLE owner_app SET role = group_role; "
      "GRANT CREATE ON SCHEMA work TO group_role");
  ASSERT_EQ(Ensure(), absl::OkStatus());
  Sql("ALTER ROLE twin PASSWORD 'twin''s'");
  auto twin = server_->Connect("twin", "twin's");
  ASSERT_TRUE(twin.ok()) << twin.status();
  const auto user = (*twin)->Execute("SELECT current_user");
  ASSERT_TRUE(user.ok());
  EXPECT_THAT((*user)[0], ElementsAre("group_role"));
}

TEST_F(PostgresTwinTest, ASettingThatCannotBeMadeIsNamed) {
  Sql("ALTER ROLE owner_app SET log_statement = 'none'");
  const absl::Status status = Ensure();
  EXPECT_EQ(status.code(), Code::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("log_statement"));
  EXPECT_EQ(OfTwin("true"), "");
  EXPECT_EQ(Ensure(Superuser()), absl::OkStatus());
  // Now that it is there, the administrator need not make it.
  EXPECT_EQ(Ensure(), absl::OkStatus());
}

TEST_F(PostgresTwinTest, AForeignRoleIsNeverTakenOver) {
  const std::string mark =
      "COMMENT ON ROLE twin IS 'Keyward: twin of \"owner_app\"'";
  for (const std::string& made : {
           std::string("CREATE ROLE twin LOGIN PASSWORD 'its own'"),
           std::string("CREATE ROLE twin LOGIN PASSWORD 'its own' IN ROLE "
                       "owner_app; ALTER ROLE twin SET role = owner_app"),
           "CREATE ROLE twin LOGIN PASSWORD 'its own'; " + mark,
           std::string("CREATE ROLE twin LOGIN PASSWORD 'its own' IN ROLE "
                       "owner_app; COMMENT ON ROLE twin IS 'Keyward: twin of "
                       "\"other\"'"),
       }) {
    Sql("DROP ROLE IF EXISTS twin");
    Sql(made);
    const std::string before = OfTwin("pg_authid::text");
    EXPECT_EQ(Word(Ensure()), "ALREADY_EXISTS") << made;
    EXPECT_EQ(Word(Ensure(Superuser())), "ALREADY_EXISTS") << made;
    EXPECT_EQ(OfTwin("pg_authid::text"), before);
    EXPECT_EQ(Try("twin", "its own"), "accepted") << made;
  }
  // Both together are what makes a twin.
  Sql("COMMENT ON ROLE twin IS 'Keyward: twin of \"owner_app\"'");
  EXPECT_EQ(Ensure(), absl::OkStatus());
  // A role cannot mark itself.
  auto twin = server_->Connect("owner_app", "base's");
  ASSERT_TRUE(twin.ok());
  EXPECT_FALSE((*twin)->Execute("COMMENT ON ROLE owner_app IS 'mine'").ok());
}

TEST_F(PostgresTwinTest, WhatSomebodyTookAwayStaysAway) {
  ASSERT_EQ(Ensure(), absl::OkStatus());
  Sql("ALTER ROLE twin NOLOGIN");
  EXPECT_EQ(Word(Ensure()), "FAILED_PRECONDITION");
  EXPECT_EQ(OfTwin("rolcanlogin"), "f");
  Sql("ALTER ROLE twin LOGIN; REVOKE owner_app FROM twin");
  EXPECT_EQ(Word(Ensure()), "ALREADY_EXISTS");
}

TEST_F(PostgresTwinTest, WithoutAUserOrARightThereIsNone) {
  EXPECT_EQ(Word(target_->EnsureTwin(Login("admin", "admin's"), "no such",
                                     "twin", Soon())),
            "NOT_FOUND");
  EXPECT_EQ(Word(target_->EnsureTwin(Login("admin", "admin's"), "owner_app",
                                     "owner_app", Soon())),
            "INVALID_ARGUMENT");
  absl::Status status = Ensure(Login("owner_app", "base's"));
  EXPECT_EQ(status.code(), Code::kPermissionDenied) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("CREATEROLE"));
  EXPECT_EQ(Word(Ensure(Login("admin", "wrong"))), "UNAUTHENTICATED");
  Sql("ALTER ROLE owner_app REPLICATION");
  EXPECT_EQ(Word(Ensure()), "PERMISSION_DENIED");
  EXPECT_EQ(OfTwin("true"), "");
  EXPECT_EQ(Ensure(Superuser()), absl::OkStatus());
  EXPECT_EQ(OfTwin("rolreplication"), "t");
}

TEST_F(PostgresTwinTest, TwoAtATimeMakeOne) {
  absl::Status statuses[2];
  std::thread first([&] { statuses[0] = Ensure(); });
  std::thread second([&] { statuses[1] = Ensure(); });
  first.join();
  second.join();
  EXPECT_EQ(statuses[0], absl::OkStatus());
  EXPECT_EQ(statuses[1], absl::OkStatus());
}

// ---- What an endpoint may be.

TEST_F(PostgresTargetTest, AnEndpointThatCannotBeIsRefused) {
  const std::vector<std::function<void(Endpoint*)>> mistakes = {
      [](Endpoint* e) { e->host = ""; },
      [](Endpoint* e) { e->host = "/run/postgresql"; },
      [](Endpoint* e) { e->host = "a,b"; },
      [](Endpoint* e) { e->server_name = "a b"; },
      [](Endpoint* e) { e->port = 0; },
      [](Endpoint* e) { e->database = std::string(64, 'x'); },
      [](Endpoint* e) { e->database = std::string("a\0b", 3); },
      [](Endpoint* e) { e->trusted_certificates = "no certificate"; },
      [](Endpoint* e) { e->plaintext = true; },
  };
  for (const auto& mistake : mistakes) {
    Endpoint endpoint = Tls();
    mistake(&endpoint);
    EXPECT_EQ(PostgresTarget::Create(endpoint, &clock_).status().code(),
              Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace keyward::target
