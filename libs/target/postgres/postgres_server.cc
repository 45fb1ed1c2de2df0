// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <postgresql/libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/random.h"

namespace keyward::target {
namespace {

namespace fs = std::filesystem;

// Generous: the machine may be busy with other tests.
constexpr absl::Duration kPatience = absl::Seconds(60);

// The folder of the newest version's programs, "" if there is none.
std::string Programs() {
  std::string newest;
  int newest_version = 0;
  std::error_code error;
  for (const auto& entry :
       fs::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version > newest_version && fs::exists(entry.path() / "bin/initdb")) {
      newest_version = version;
      newest = (entry.path() / "bin").string();
    }
  }
  return newest;
}

absl::Status Failure(absl::string_view what) {
  return absl::InternalError(what);
}

std::string Tail(const std::string& log) {
  return log.substr(log.size() - std::min<size_t>(log.size(), 4000));
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  uint16_t port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

bool EndsWithin(pid_t pid, absl::Duration time, int* status) {
  const absl::Time end = absl::Now() + time;
  while (waitpid(pid, status, WNOHANG) != pid) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

// What the system says of a process, "" if there is none.
std::string ProcessStatus(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/status"));
  std::string status;
  // A process that ends meanwhile makes reading fail, and an iterator throw.
  for (std::string line; std::getline(file, line);) {
    absl::StrAppend(&status, line, "\n");
  }
  return status;
}

bool IsAlive(pid_t process) {
  const std::string status = ProcessStatus(process);
  return !status.empty() && !absl::StrContains(status, "\nState:\tZ");
}

}  // namespace

bool PostgresServer::IsInstalled() { return !Programs().empty(); }

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Create() {
  auto server = std::unique_ptr<PostgresServer>(new PostgresServer());
  absl::Status status = server->MakeCluster();
  if (status.ok()) status = server->RenewCertificate();
  if (status.ok()) status = server->Configure({});
  if (status.ok()) status = server->ConfigureLogins({});
  if (!status.ok()) return status;
  // Another process may take the port before the server does.
  for (int attempt = 0; attempt < 3; ++attempt) {
    server->port_ = FreePort();
    status = server->Start();
    if (status.ok()) return server;
  }
  return status;
}

PostgresServer::~PostgresServer() {
  if (pid_ != 0) (void)Kill();
  std::error_code error;
  fs::remove_all(folder_, error);
}

absl::Status PostgresServer::MakeCluster() {
  uid_ = geteuid();
  gid_ = getegid();
  if (uid_ == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr) return Failure("no user for the server");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
  }
  // Not below the test's own folder, which only root may enter if the test is
  // root.
  char name[] = "/tmp/keyward-postgres-XXXXXX";
  if (mkdtemp(name) == nullptr || chown(name, uid_, gid_) != 0) {
    return Failure("no folder for the server");
  }
  folder_ = name;
  data_ = folder_ + "/data";
  absl::Status status = WriteFile("password", kSuperuserPassword);
  if (!status.ok()) return status;
  const auto pid =
      Spawn({Programs() + "/initdb", "-D", data_, "-U", kSuperuser, "--pwfile",
             folder_ + "/password", "-A", "scram-sha-256", "-E", "UTF8",
             "--locale", "C.UTF-8", "--no-sync", "--no-instructions"});
  if (!pid.ok()) return pid.status();
  int code = 0;
  if (!EndsWithin(*pid, kPatience, &code)) {
    kill(*pid, SIGKILL);
    waitpid(*pid, &code, 0);
  }
  if (code != 0) return Failure(absl::StrCat("initdb failed: ", Tail(Log())));
  std::ofstream(data_ + "/postgresql.conf", std::ios::app)
      << "\ninclude 'test.conf'\n";
  return absl::OkStatus();
}

absl::Status PostgresServer::RenewCertificate() {
  crypto::SystemRandom random;
  const auto authority = crypto::CertificateAuthority::Create(
      "postgres.test", absl::Now(), absl::Hours(24), random);
  if (!authority.ok()) return authority.status();
  authority_ = (*authority)->certificate_pem();
  crypto::CertificateAuthority::LeafRequest request;
  request.spiffe_id = "spiffe://postgres.test/server";
  request.dns_names = {kServerName};
  request.ip_addresses = {"127.0.0.1"};
  request.lifetime = absl::Hours(12);
  const auto leaf = (*authority)->Issue(request, absl::Now(), random);
  if (!leaf.ok()) return leaf.status();
  absl::Status status = WriteFile("server.crt", leaf->certificate_pem);
  if (!status.ok()) return status;
  return WriteFile("server.key", leaf->private_key_pem.ExposeSecret());
}

absl::Status PostgresServer::UseEd25519Certificate() {
  const auto pid =
      Spawn({"/usr/bin/openssl", "req", "-x509", "-newkey", "ed25519", "-nodes",
             "-keyout", folder_ + "/server.key", "-out",
             folder_ + "/server.crt", "-days", "2", "-subj", "/CN=server",
             "-addext", "subjectAltName=IP:127.0.0.1"});
  if (!pid.ok()) return pid.status();
  int code = 0;
  if (!EndsWithin(*pid, kPatience, &code) || code != 0) {
    return absl::NotFoundError("openssl made no certificate");
  }
  std::ifstream file(folder_ + "/server.crt");
  authority_ = {std::istreambuf_iterator<char>(file), {}};
  return absl::OkStatus();
}

absl::Status PostgresServer::WriteFile(const std::string& name,
                                       absl::string_view text) {
  const std::string path =
      name[0] == '/' ? name : absl::StrCat(folder_, "/", name);
  {
    std::ofstream file(path, std::ios::trunc);
    file << text;
    if (!file.flush()) return Failure(absl::StrCat("cannot write ", path));
  }
  if (chmod(path.c_str(), 0600) != 0 || chown(path.c_str(), uid_, gid_) != 0) {
    return Failure(absl::StrCat("cannot own ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<pid_t> PostgresServer::Spawn(
    const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/bin:/bin";
  std::string locales = absl::StrCat("LOCPATH=", folder_, "/locales");
  char* const environment[] = {
      path, fs::exists(folder_ + "/locales") ? locales.data() : nullptr,
      nullptr};
  const std::string log = folder_ + "/log";
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return Failure("cannot fork");
  if (pid > 0) return pid;

  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int in = open("/dev/null", O_RDONLY);
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(gid_) != 0 || setuid(uid_) != 0)) {
    _exit(126);
  }
  // After setuid, which takes it back: at once, without waiting for sessions.
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent) _exit(126);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
      chdir("/") != 0) {
    _exit(126);
  }
  execve(argv[0], argv.data(), environment);
  _exit(127);
}

absl::Status PostgresServer::Start() {
  const auto pid =
      Spawn({Programs() + "/postgres", "-D", data_, "-p", absl::StrCat(port_)});
  if (!pid.ok()) return pid.status();
  pid_ = *pid;
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end) {
    if (Execute("SELECT 1").ok()) return absl::OkStatus();
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return Failure(absl::StrCat("the server ended: ", Tail(Log())));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return Failure("the server does not answer");
}

absl::Status PostgresServer::Stop() {
  int status = 0;
  kill(pid_, SIGINT);
  if (!EndsWithin(pid_, kPatience, &status)) {
    return Failure("the server does not end");
  }
  pid_ = 0;
  return absl::OkStatus();
}

absl::Status PostgresServer::Kill() {
  // So that it makes no more children, who learn of its end when they look.
  kill(pid_, SIGSTOP);
  const std::vector<pid_t> processes = Processes();
  for (const pid_t process : processes) kill(process, SIGKILL);
  int status = 0;
  if (!EndsWithin(pid_, kPatience, &status)) {
    return Failure("the server does not end");
  }
  pid_ = 0;
  // The next one does not start while one of them has its memory.
  const absl::Time end = absl::Now() + kPatience;
  for (const pid_t process : processes) {
    while (IsAlive(process)) {
      if (absl::Now() > end) return Failure("the server does not end");
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  return absl::OkStatus();
}

void PostgresServer::Pause() {
  for (const pid_t process : Processes()) kill(process, SIGSTOP);
}

void PostgresServer::Resume() {
  for (const pid_t process : Processes()) kill(process, SIGCONT);
}

std::vector<pid_t> PostgresServer::Processes() const {
  std::vector<pid_t> processes{pid_};
  std::error_code error;
  for (auto entry = fs::directory_iterator("/proc", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const pid_t process = std::atoi(entry->path().filename().c_str());
    if (process == 0) continue;
    if (absl::StrContains(ProcessStatus(process),
                          absl::StrCat("\nPPid:\t", pid_, "\n"))) {
      processes.push_back(process);
    }
  }
  return processes;
}

absl::Status PostgresServer::Configure(const std::vector<std::string>& lines) {
  settings_ = lines;
  std::vector<std::string> all = {
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      "max_connections = 20",
      "shared_buffers = '16MB'",
      "fsync = off",
      "ssl = on",
      absl::StrCat("ssl_cert_file = '", folder_, "/server.crt'"),
      absl::StrCat("ssl_key_file = '", folder_, "/server.key'"),
      "log_statement = 'all'",
      "log_min_messages = 'debug1'",
      "log_min_error_statement = 'debug1'",
      "log_connections = on",
  };
  all.insert(all.end(), lines.begin(), lines.end());
  // What Reload waits for.
  all.push_back(absl::StrCat("keyward.generation = '", ++generation_, "'"));
  return WriteFile(data_ + "/test.conf", absl::StrJoin(all, "\n") + "\n");
}

absl::Status PostgresServer::ConfigureLogins(
    const std::vector<std::string>& lines) {
  return WriteFile(
      data_ + "/pg_hba.conf",
      absl::StrCat("host all ", kSuperuser, " 127.0.0.1/32 scram-sha-256\n",
                   absl::StrJoin(lines, "\n"), "\n",
                   "host all all 127.0.0.1/32 scram-sha-256\n"));
}

absl::Status PostgresServer::Reload() {
  const absl::Status status = Configure(settings_);
  if (!status.ok()) return status;
  kill(pid_, SIGHUP);
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end) {
    if (Value("SHOW keyward.generation") == absl::StrCat(generation_)) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return Failure("the server does not read its settings");
}

absl::Status PostgresServer::SetStandby(bool standby) {
  if (standby) return WriteFile(data_ + "/standby.signal", "");
  std::error_code error;
  fs::remove(data_ + "/standby.signal", error);
  return absl::OkStatus();
}

bool PostgresServer::MakeGermanLocale() {
  const std::string locales = folder_ + "/locales";
  std::error_code error;
  fs::create_directory(locales, error);
  if (error || chown(locales.c_str(), uid_, gid_) != 0) return false;
  const auto pid = Spawn({"/usr/bin/localedef", "-i", "de_DE", "-f", "UTF-8",
                          locales + "/de_DE.UTF-8"});
  int code = 0;
  return pid.ok() && EndsWithin(*pid, kPatience, &code) && code == 0;
}

absl::StatusOr<std::unique_ptr<PostgresServer::Session>>
PostgresServer::Connect(const std::string& user,
                        const std::string& password) const {
  const std::string port = absl::StrCat(port_);
  const char* const keywords[] = {"host",     "port",    "user",    "dbname",
                                  "password", "sslmode", "options", nullptr};
  const char* const values[] = {
      "127.0.0.1",
      port.c_str(),
      user.c_str(),
      "postgres",
      password.c_str(),
      "disable",
      "-c log_statement=none -c synchronous_commit=local",
      nullptr};
  // Others than the superuser may not say what is logged.
  const char* const other_values[] = {"127.0.0.1",
                                      port.c_str(),
                                      user.c_str(),
                                      "postgres",
                                      password.c_str(),
                                      "disable",
                                      "-c synchronous_commit=local",
                                      nullptr};
  PGconn* connection = PQconnectdbParams(
      keywords, user == kSuperuser ? values : other_values, 0);
  auto session = std::make_unique<Session>(connection);
  if (PQstatus(connection) != CONNECTION_OK) {
    return Failure(PQerrorMessage(connection));
  }
  PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  return session;
}

PostgresServer::Session::~Session() {
  PQfinish(static_cast<PGconn*>(connection_));
}

absl::StatusOr<std::vector<std::vector<std::string>>>
PostgresServer::Session::Execute(const std::string& statements) {
  PGresult* result =
      PQexec(static_cast<PGconn*>(connection_), statements.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    const absl::Status failure = Failure(PQresultErrorMessage(result));
    PQclear(result);
    return failure;
  }
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& values = rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      values.push_back(PQgetvalue(result, row, column));
    }
  }
  PQclear(result);
  return rows;
}

absl::StatusOr<std::vector<std::vector<std::string>>> PostgresServer::Execute(
    const std::string& statements) const {
  const auto session = Connect();
  if (!session.ok()) return session.status();
  return (*session)->Execute(statements);
}

std::string PostgresServer::Value(const std::string& statement) const {
  const auto rows = Execute(statement);
  if (!rows.ok() || rows->empty() || (*rows)[0].empty()) return "";
  return (*rows)[0][0];
}

std::string PostgresServer::Log() const {
  std::ifstream file(folder_ + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace keyward::target
