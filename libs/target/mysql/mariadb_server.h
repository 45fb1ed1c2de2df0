// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_MARIADB_SERVER_H_
#define KEYWARD_LIBS_TARGET_MYSQL_MARIADB_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::target {

// A real MariaDB server for a test: new, in a temporary folder, on a free port
// of 127.0.0.1, with TLS by a certificate of its own that names kServerName
// alone, with a general log and a binary log. Its account kAdministrator may do
// everything. Run by the system's user mysql when the test is root. It ends
// with the test, even one that crashes.
//
// Not safe for concurrent use, but Execute is.
class MariadbServer {
 public:
  static constexpr char kServerName[] = "db.example.com";
  static constexpr char kAdministrator[] = "boss";
  static constexpr char kAdministratorPassword[] = "boss's own password";

  // Whether the server's programs are on this machine.
  static bool IsInstalled();

  // Makes one and starts it.
  static absl::StatusOr<std::unique_ptr<MariadbServer>> Create();

  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;
  ~MariadbServer();

  uint16_t port() const { return port_; }
  // The authority (PEM) that the server's certificate comes from.
  const std::string& authority() const { return authority_; }

  // Starts a stopped server with options beside its own, and waits until it
  // answers. Without `tls` it speaks none.
  absl::Status Start(const std::vector<std::string>& options = {},
                     bool tls = true);
  // Ends it properly.
  absl::Status Stop();
  // Ends it as a crash does.
  absl::Status Kill();
  // Freezes and thaws it.
  void Pause();
  void Resume();

  // Runs one statement as root, by the socket: the rows, NULL as "".
  absl::StatusOr<std::vector<std::vector<std::string>>> Execute(
      const std::string& statement) const;
  // The first value of the first row; "" if there is none or on an error.
  std::string Value(const std::string& statement) const;

  // The names of the files of the server, data and logs, that hold `text`.
  std::vector<std::string> FilesWith(absl::string_view text) const;

 private:
  MariadbServer() = default;

  // The folder for temporary files: a server that starts removes those of all
  // others from the one that they share.
  std::string TmpDir() const;
  absl::Status MakeData();
  absl::Status MakeCertificate();
  absl::Status WriteFile(const std::string& name, absl::string_view text);
  // A child that runs `arguments` as the server's user, its output in the log.
  absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& arguments);

  std::string folder_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  uint16_t port_ = 0;
  std::string authority_;
  pid_t pid_ = 0;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_MARIADB_SERVER_H_
