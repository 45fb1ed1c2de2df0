// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_MYSQL_SESSION_H_
#define KEYWARD_LIBS_TARGET_MYSQL_MYSQL_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/mysql/account.h"
#include "libs/target/target.h"

struct st_mysql;

namespace keyward::target {

// One connection to a MariaDB server, by Connector/C. Not safe for concurrent
// use. Each has a thread that shuts it down at its deadline, since even the
// non-blocking calls of Connector/C 3.3 wait within TLS.
//
// What keeps a password from going astray:
//
//   - Without `plaintext` TLS 1.2 or later with the name and the authorities of
//     the endpoint, and nothing that a server says before that counts as a
//     verdict. TLS has no server name indication, which Connector/C 3.3 cannot
//     send.
//   - Only mysql_native_password and ed25519, which answer a challenge: a
//   server
//     never gets a password itself, on a plaintext connection neither, and
//     cannot choose another method. Whoever listens to a plaintext connection
//     can still try passwords against what it has heard.
//   - A server may not ask for a file of this machine (LOCAL INFILE).
//   - No option file is read. Of the environment Connector/C reads variables
//   for
//     a folder of plugins and for plugins to load, which are code: if one of
//     them is set, opening fails.
class MysqlSession {
 public:
  enum class Verdict {
    kOpen,
    // See IsMysqlRefusal.
    kRefused,
    // See IsMysqlBarred.
    kBarred,
  };

  struct Login {
    Verdict verdict = Verdict::kBarred;
    // The server's, unless kOpen.
    unsigned code = 0;
    // With kOpen only.
    std::unique_ptr<MysqlSession> session;
  };

  struct Answer {
    // 0 if the server did what it was told.
    unsigned code = 0;
    // NULL is "".
    std::vector<std::vector<std::string>> rows;
  };

  // FAILED_PRECONDITION if a variable of the environment would load plugins.
  static absl::Status CheckEnvironment();

  // Connects and logs in. Every wait until the session is destroyed ends at
  // `deadline` of `clock`. Errors are those of Target; FAILED_PRECONDITION also
  // if the server is no MariaDB 10.4 or later, and if it takes the login for
  // another account than `account` (the same user from a host that fits
  // better, or the anonymous user): it would say nothing of this one.
  static absl::StatusOr<Login> Open(const Endpoint& endpoint,
                                    const MysqlAccount& account,
                                    const crypto::SecretBuffer& password,
                                    const Clock* clock, SteadyTime deadline);

  MysqlSession(const MysqlSession&) = delete;
  MysqlSession& operator=(const MysqlSession&) = delete;
  ~MysqlSession();

  // Whether the server was read-only when the session began. An administrator
  // may be able to change it all the same, and must not.
  bool read_only() const { return read_only_; }

  // Runs one statement. An error of the server is an answer, other errors are
  // those of Target.
  absl::StatusOr<Answer> Run(const std::string& statement);

  // Runs one statement that changes something, unless the server comes to it
  // after the deadline (kMysqlTooLate), by its own clock: one that had been
  // frozen, or a network that was late, must not make a change after its caller
  // was told that it has failed and has made another. `condition`, an SQL
  // expression, is evaluated just before; kMysqlOvertaken unless it is true.
  absl::StatusOr<Answer> Change(absl::string_view statement,
                                absl::string_view condition = "TRUE");

 private:
  struct Connection;

  MysqlSession(std::unique_ptr<Connection> connection, const Clock* clock,
               SteadyTime deadline);

  static absl::StatusOr<Login> OpenAddress(const Endpoint& endpoint,
                                           const MysqlAccount& account,
                                           const crypto::SecretBuffer& password,
                                           const std::string& address,
                                           const std::string& authorities,
                                           const Clock* clock, SteadyTime until,
                                           SteadyTime deadline, bool* reached);

  // Settings that quoting rests on, and what is known of the server.
  absl::StatusOr<Answer> Begin(const MysqlAccount& account);

  const std::unique_ptr<Connection> connection_;
  const Clock* const clock_;
  const SteadyTime deadline_;
  bool read_only_ = false;
  // Seconds of the server's clock.
  std::string change_before_;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_MYSQL_SESSION_H_
