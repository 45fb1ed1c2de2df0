// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/mariadb_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <mariadb/mysql.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/random.h"

namespace keyward::target {
namespace {

namespace fs = std::filesystem;

constexpr char kServer[] = "/usr/sbin/mariadbd";
constexpr char kInstaller[] = "/usr/bin/mariadb-install-db";

// Generous: the machine may be busy with other tests.
constexpr absl::Duration kPatience = absl::Seconds(60);

absl::Status Failure(absl::string_view what) {
  return absl::InternalError(what);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
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

}  // namespace

bool MariadbServer::IsInstalled() {
  return fs::exists(kServer) && fs::exists(kInstaller);
}

absl::StatusOr<std::unique_ptr<MariadbServer>> MariadbServer::Create() {
  auto server = std::unique_ptr<MariadbServer>(new MariadbServer());
  absl::Status status = server->MakeData();
  if (status.ok()) status = server->MakeCertificate();
  if (!status.ok()) return status;
  // Another process may take the port before the server does.
  for (int attempt = 0; attempt < 3; ++attempt) {
    server->port_ = FreePort();
    status = server->Start();
    if (status.ok()) break;
  }
  if (!status.ok()) return status;
  const auto made = server->Execute(absl::StrCat(
      "GRANT ALL PRIVILEGES ON *.* TO ", kAdministrator, "@'%' IDENTIFIED BY '",
      absl::StrReplaceAll(kAdministratorPassword, {{"'", "''"}}),
      "' WITH GRANT OPTION"));
  if (!made.ok()) return made.status();
  return server;
}

MariadbServer::~MariadbServer() {
  if (pid_ != 0) (void)Kill();
  std::error_code error;
  fs::remove_all(folder_, error);
}

std::string MariadbServer::TmpDir() const {
  return absl::StrCat("--tmpdir=", folder_);
}

absl::Status MariadbServer::MakeData() {
  uid_ = geteuid();
  gid_ = getegid();
  if (uid_ == 0) {
    const passwd* user = getpwnam("mysql");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr) return Failure("no user for the server");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
  }
  // Not below the test's own folder, which only root may enter if the test is
  // root, and whose path is too long for a socket.
  char name[] = "/tmp/keyward-mariadb-XXXXXX";
  if (mkdtemp(name) == nullptr || chown(name, uid_, gid_) != 0) {
    return Failure("no folder for the server");
  }
  folder_ = name;
  const auto pid =
      Spawn({kInstaller, "--no-defaults",
             absl::StrCat("--datadir=", folder_, "/data"), TmpDir(),
             "--auth-root-authentication-method=normal", "--skip-test-db",
             "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M"});
  if (!pid.ok()) return pid.status();
  int code = 0;
  if (!EndsWithin(*pid, kPatience, &code)) {
    kill(*pid, SIGKILL);
    waitpid(*pid, &code, 0);
  }
  if (code != 0) {
    return Failure(absl::StrCat("mariadb-install-db failed: ",
                                Tail(ReadFile(folder_ + "/log"))));
  }
  return absl::OkStatus();
}

absl::Status MariadbServer::MakeCertificate() {
  crypto::SystemRandom random;
  const auto authority = crypto::CertificateAuthority::Create(
      "mariadb.test", absl::Now(), absl::Hours(24), random);
  if (!authority.ok()) return authority.status();
  authority_ = (*authority)->certificate_pem();
  crypto::CertificateAuthority::LeafRequest request;
  request.spiffe_id = "spiffe://mariadb.test/server";
  request.dns_names = {kServerName};
  request.lifetime = absl::Hours(12);
  const auto leaf = (*authority)->Issue(request, absl::Now(), random);
  if (!leaf.ok()) return leaf.status();
  absl::Status status = WriteFile("server.crt", leaf->certificate_pem);
  if (!status.ok()) return status;
  return WriteFile("server.key", leaf->private_key_pem.ExposeSecret());
}

absl::Status MariadbServer::WriteFile(const std::string& name,
                                      absl::string_view text) {
  const std::string path = absl::StrCat(folder_, "/", name);
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

absl::StatusOr<pid_t> MariadbServer::Spawn(
    const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/bin:/bin:/usr/sbin";
  char* const environment[] = {path, nullptr};
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
  // After setuid, which takes it back.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
      chdir("/") != 0) {
    _exit(126);
  }
  execve(argv[0], argv.data(), environment);
  _exit(127);
}

absl::Status MariadbServer::Start(const std::vector<std::string>& options,
                                  bool tls) {
  std::vector<std::string> arguments = {
      kServer,
      "--no-defaults",
      absl::StrCat("--datadir=", folder_, "/data"),
      TmpDir(),
      absl::StrCat("--port=", port_),
      "--bind-address=127.0.0.1",
      absl::StrCat("--socket=", folder_, "/socket"),
      absl::StrCat("--pid-file=", folder_, "/pid"),
      absl::StrCat("--general-log-file=", folder_, "/general.log"),
      "--general-log=1",
      absl::StrCat("--slow-query-log-file=", folder_, "/slow.log"),
      "--slow-query-log=1",
      "--long-query-time=0",
      absl::StrCat("--log-bin=", folder_, "/binary"),
      "--server-id=1",
      "--skip-name-resolve",
      "--plugin-load-add=auth_ed25519",
      "--max-connections=20",
      "--innodb-buffer-pool-size=8M",
      "--innodb-log-file-size=4M",
      "--innodb-flush-log-at-trx-commit=0",
  };
  if (tls) {
    arguments.push_back(absl::StrCat("--ssl-cert=", folder_, "/server.crt"));
    arguments.push_back(absl::StrCat("--ssl-key=", folder_, "/server.key"));
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  const auto pid = Spawn(arguments);
  if (!pid.ok()) return pid.status();
  pid_ = *pid;
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end) {
    if (Execute("SELECT 1").ok()) return absl::OkStatus();
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return Failure(
          absl::StrCat("the server ended: ", Tail(ReadFile(folder_ + "/log"))));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return Failure("the server does not answer");
}

absl::Status MariadbServer::Stop() {
  int status = 0;
  kill(pid_, SIGTERM);
  if (!EndsWithin(pid_, kPatience, &status)) {
    return Failure("the server does not end");
  }
  pid_ = 0;
  return absl::OkStatus();
}

absl::Status MariadbServer::Kill() {
  int status = 0;
  kill(pid_, SIGKILL);
  if (!EndsWithin(pid_, kPatience, &status)) {
    return Failure("the server does not end");
  }
  pid_ = 0;
  return absl::OkStatus();
}

void MariadbServer::Pause() { kill(pid_, SIGSTOP); }

void MariadbServer::Resume() { kill(pid_, SIGCONT); }

absl::StatusOr<std::vector<std::vector<std::string>>> MariadbServer::Execute(
    const std::string& statement) const {
  const std::unique_ptr<MYSQL, decltype(&mysql_close)> mysql(
      mysql_init(nullptr), &mysql_close);
  const std::string path = folder_ + "/socket";
  if (mysql_real_connect(mysql.get(), "localhost", "root", "", nullptr, 0,
                         path.c_str(), 0) == nullptr ||
      mysql_set_character_set(mysql.get(), "utf8mb4") != 0 ||
      mysql_real_query(mysql.get(), statement.data(), statement.size()) != 0) {
    return Failure(mysql_error(mysql.get()));
  }
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(
      mysql_store_result(mysql.get()), &mysql_free_result);
  std::vector<std::vector<std::string>> rows;
  if (result == nullptr) return rows;
  while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
    auto& values = rows.emplace_back();
    for (unsigned column = 0; column < mysql_num_fields(result.get());
         ++column) {
      values.emplace_back(row[column] == nullptr ? "" : row[column]);
    }
  }
  return rows;
}

std::string MariadbServer::Value(const std::string& statement) const {
  const auto rows = Execute(statement);
  if (!rows.ok() || rows->empty() || (*rows)[0].empty()) return "";
  return (*rows)[0][0];
}

std::vector<std::string> MariadbServer::FilesWith(
    absl::string_view text) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder_, error)) {
    if (entry.is_regular_file(error) &&
        absl::StrContains(ReadFile(entry.path().string()), text)) {
      names.push_back(entry.path().filename().string());
    }
  }
  return names;
}

}  // namespace keyward::target
