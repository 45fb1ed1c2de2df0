// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/redis/connection.h"

namespace keyward::target {
namespace {

constexpr char kProgram[] = "/usr/bin/redis-server";
constexpr char kAdminPassword[] = "the administrator's";
constexpr char kAdminHash[] =  // Its SHA-256.
    "2dc21cad4a02c13cef012bc8b2767f9f90dd5b52a5f411435c38b5570d25a6d6";
constexpr absl::Duration kPatience = absl::Seconds(60);

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(where);
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  if (fd < 0 || bind(fd, address, size) != 0 ||
      getsockname(fd, address, &size) != 0) {
    std::perror("no port");
    std::abort();
  }
  close(fd);
  return ntohs(where.sin_port);
}

void WriteFile(const std::string& path, absl::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

bool RedisServer::IsInstalled() { return access(kProgram, X_OK) == 0; }

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start(
    RedisServerOptions options) {
  std::unique_ptr<RedisServer> server(new RedisServer(std::move(options)));
  absl::Status status;
  // Somebody else may take a port between its choice and its use.
  for (int i = 0; i < 3; ++i) {
    server->port_ = FreePort();
    status = server->WriteFiles();
    if (status.ok()) status = server->Run();
    if (status.ok()) return server;
    server->Kill();
  }
  return status;
}

RedisServer::RedisServer(RedisServerOptions options)
    : options_(std::move(options)) {
  const char* const temporary = std::getenv("TEST_TMPDIR");
  folder_ =
      absl::StrCat(temporary == nullptr ? "/tmp" : temporary, "/redis-XXXXXX");
  if (mkdtemp(&folder_[0]) == nullptr) {
    std::perror("no folder");
    std::abort();
  }
  std::filesystem::create_directory(folder_ + "/acl");
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Endpoint RedisServer::endpoint() const {
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port_;
  endpoint.trusted_certificates = authority_;
  endpoint.plaintext = options_.plaintext;
  return endpoint;
}

Credential RedisServer::admin() const {
  Credential admin;
  admin.user = options_.users == RedisServerOptions::Users::kNowhere ? "default"
                                                                     : "admin";
  admin.password = crypto::SecretBuffer::CopyOf(kAdminPassword);
  return admin;
}

absl::Status RedisServer::WriteFiles() {
  crypto::SystemRandom random;
  auto ca = crypto::CertificateAuthority::Create("test", absl::Now(),
                                                 absl::Hours(2), random);
  if (!ca.ok()) return ca.status();
  crypto::CertificateAuthority::LeafRequest request;
  request.spiffe_id = "spiffe://test/redis";
  request.dns_names = {"redis.example.com"};
  request.ip_addresses = {"127.0.0.1"};
  request.lifetime = absl::Hours(1);
  const auto leaf = (*ca)->Issue(request, absl::Now(), random);
  if (!leaf.ok()) return leaf.status();
  authority_ = (*ca)->certificate_pem();
  WriteFile(folder_ + "/ca.pem", authority_);
  WriteFile(folder_ + "/cert.pem", leaf->certificate_pem);
  WriteFile(folder_ + "/key.pem", leaf->private_key_pem.ExposeSecret());

  const std::string users =
      absl::StrCat("user default off -@all\n", "user admin on #", kAdminHash,
                   " ~* &* +@all\n");
  if (options_.users == RedisServerOptions::Users::kAclFile) {
    WriteFile(acl_file(), users);
  }
  if (options_.users == RedisServerOptions::Users::kConfigFile) {
    std::string text = users;
    for (const std::string& line : Settings())
      absl::StrAppend(&text, line, "\n");
    WriteFile(config_file(), text);
  }
  return absl::OkStatus();
}

std::vector<std::string> RedisServer::Settings() const {
  std::vector<std::string> lines = {
      "bind 127.0.0.1",
      absl::StrCat("dir ", folder_),
      absl::StrCat("logfile ", log_file()),
      "appendonly no",
      "maxclients 64",
  };
  if (options_.plaintext) {
    lines.push_back(absl::StrCat("port ", port_));
  } else {
    lines.push_back("port 0");
    lines.push_back(absl::StrCat("tls-port ", port_));
    lines.push_back(absl::StrCat("tls-cert-file ", folder_, "/cert.pem"));
    lines.push_back(absl::StrCat("tls-key-file ", folder_, "/key.pem"));
    lines.push_back(absl::StrCat("tls-ca-cert-file ", folder_, "/ca.pem"));
    lines.push_back("tls-auth-clients no");
  }
  if (options_.users == RedisServerOptions::Users::kAclFile) {
    lines.push_back(absl::StrCat("aclfile ", acl_file()));
  }
  lines.insert(lines.end(), options_.settings.begin(), options_.settings.end());
  return lines;
}

absl::Status RedisServer::Run() {
  std::vector<std::string> words = {kProgram};
  if (options_.users == RedisServerOptions::Users::kConfigFile) {
    words.push_back(config_file());
  } else {
    for (const std::string& line : Settings()) {
      std::vector<std::string> parts = absl::StrSplit(line, ' ');
      parts[0] = "--" + parts[0];
      words.insert(words.end(), parts.begin(), parts.end());
    }
    if (options_.users == RedisServerOptions::Users::kNowhere) {
      words.insert(words.end(), {"--requirepass", kAdminPassword});
    }
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(&word[0]);
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};
  const int output = open((folder_ + "/output").c_str(),
                          O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    // Only what is safe beside other threads' locks.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execve(kProgram, arguments.data(), environment);
    _exit(127);
  }
  close(output);
  if (pid_ < 0) return absl::InternalError("no process");

  const Credential as = admin();
  const SteadyTime end = clock_.SteadyNow() + kPatience;
  while (clock_.SteadyNow() < end) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    auto connection = redis::Connection::Open(endpoint(), clock_, end);
    if (connection.ok()) {
      const auto in =
          (*connection)->Command({"AUTH", as.user, as.password.ExposeSecret()});
      if (in.ok() && (*connection)->Command({"ACL", "WHOAMI"}).ok()) {
        return absl::OkStatus();
      }
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::InternalError(
      absl::StrCat("Redis does not start: ", ReadFile(folder_ + "/output"),
                   ReadFile(log_file())));
}

void RedisServer::End(int signal) {
  if (pid_ < 0) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::Kill() { End(SIGKILL); }

void RedisServer::Stop() { End(SIGTERM); }

absl::Status RedisServer::Restart() {
  Stop();
  return Run();
}

void RedisServer::Freeze() { kill(pid_, SIGSTOP); }

void RedisServer::Thaw() { kill(pid_, SIGCONT); }

std::unique_ptr<redis::Reply> RedisServer::Ask(
    const std::vector<absl::string_view>& words) const {
  const Credential as = admin();
  auto connection = redis::Connection::Open(endpoint(), clock_,
                                            clock_.SteadyNow() + kPatience);
  if (connection.ok()) {
    const auto in =
        (*connection)->Command({"AUTH", as.user, as.password.ExposeSecret()});
    if (in.ok()) {
      auto reply = (*connection)->Ask(words);
      if (reply.ok()) return *std::move(reply);
    }
  }
  std::fprintf(stderr, "Redis does not answer its administrator\n");
  std::abort();
}

}  // namespace keyward::target
