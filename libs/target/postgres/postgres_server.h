// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SERVER_H_
#define KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::target {

// A real PostgreSQL server for a test: a new cluster in a temporary folder, on
// a free port of 127.0.0.1, with TLS by a certificate of its own that names
// kServerName and 127.0.0.1, and SCRAM-SHA-256 for everybody unless pg_hba.conf
// is changed. Run by the system's user postgres when the test is root, which
// the server refuses. It ends with the test, even one that crashes.
//
// Not safe for concurrent use, but Execute is.
class PostgresServer {
 public:
  static constexpr char kServerName[] = "db.example.com";
  static constexpr char kSuperuser[] = "boss";
  static constexpr char kSuperuserPassword[] = "boss's own password";

  // Whether the server's programs are on this machine.
  static bool IsInstalled();

  // Makes a cluster and starts it.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Create();

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  uint16_t port() const { return port_; }
  // The authority (PEM) that the server's certificate comes from.
  const std::string& authority() const { return authority_; }

  // Starts a stopped server and waits until it answers.
  absl::Status Start();
  // Ends it properly.
  absl::Status Stop();
  // Ends it as a crash does.
  absl::Status Kill();
  // Freezes and thaws it with all its processes.
  void Pause();
  void Resume();

  // Replaces the settings, lines as in postgresql.conf, that come after its
  // own; in force after the next Start or Reload.
  absl::Status Configure(const std::vector<std::string>& lines);
  // Replaces the rules, lines as in pg_hba.conf, that come before its own.
  absl::Status ConfigureLogins(const std::vector<std::string>& lines);
  // Has a running server read both, and waits until it has.
  absl::Status Reload();
  // Whether the next Start is one as a standby, which only reads.
  absl::Status SetStandby(bool standby);

  // Gives it another certificate, from another authority, in force after the
  // next Start or Reload: of the kind that it had, or one with an Ed25519 key
  // that signs itself; NOT_FOUND without openssl.
  absl::Status RenewCertificate();
  absl::Status UseEd25519Certificate();

  // Makes the locale de_DE.UTF-8 of the system's sources, for a server that is
  // started from now on; false if they are not there.
  bool MakeGermanLocale();

  // Runs statements as the superuser: the rows of the last one, NULL as "".
  absl::StatusOr<std::vector<std::vector<std::string>>> Execute(
      const std::string& statements) const;
  // The first value of the first row; "" if there is none or on an error.
  std::string Value(const std::string& statement) const;

  // A connection of the superuser's or another's that stays open, for holding
  // locks.
  class Session {
   public:
    explicit Session(void* connection) : connection_(connection) {}
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    absl::StatusOr<std::vector<std::vector<std::string>>> Execute(
        const std::string& statements);

   private:
    void* connection_;
  };
  absl::StatusOr<std::unique_ptr<Session>> Connect(
      const std::string& user = kSuperuser,
      const std::string& password = kSuperuserPassword) const;

  // All that the server has logged.
  std::string Log() const;

 private:
  PostgresServer() = default;

  absl::Status MakeCluster();
  absl::Status WriteFile(const std::string& name, absl::string_view text);
  // A child that runs `arguments` as the server's user, its output in the log.
  absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& arguments);
  std::vector<pid_t> Processes() const;

  std::string folder_;
  std::string data_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  uint16_t port_ = 0;
  std::string authority_;
  pid_t pid_ = 0;
  int generation_ = 0;
  std::vector<std::string> settings_;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SERVER_H_
