// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SESSION_H_
#define KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/target.h"

struct pg_conn;
struct pg_result;

namespace keyward::target {

// One connection to a PostgreSQL server, by libpq without any of its blocking
// calls. Not safe for concurrent use. Closing it undoes a transaction that was
// not committed.
//
// libpq takes whatever it is not told from the environment and the home of the
// process: each of its settings is given a value here, and a variable that
// cannot be overridden makes opening fail.
//
// What keeps a password from going astray:
//
//   - Without `plaintext` TLS 1.2 or later with the name and the authorities of
//     the endpoint (sslmode=verify-full), and nothing that a server says before
//     that counts as a verdict.
//   - On TLS only SCRAM-SHA-256 bound to this TLS connection
//     (channel_binding=require). The proof of the server alone would let it ask
//     for the password itself or for MD5; then a stolen certificate of the
//     server, or a proxy that ends TLS, would be enough to collect every
//     password that logs in, the administrator's among them. It costs: servers
//     older than PostgreSQL 11, users whose password is still stored as MD5,
//     LDAP, PAM and RADIUS, and poolers that end TLS are refused.
//   - On a plaintext connection, which a connector has to ask for, libpq 15 can
//     insist on nothing: the server may ask for the password itself.
//   - A server that lets the user in without asking for the password (trust,
//     peer, a ticket of the process) is refused: it says nothing of a password.
class PostgresSession {
 public:
  enum class Verdict {
    kOpen,
    // The password is not the user's, or has expired, or there is no such
    // user: SQLSTATE 28P01.
    kRefused,
    // The user may not come in from here, or not at all, whatever the password
    // (28000): pg_hba.conf, or a role without LOGIN. Says nothing of the
    // password, though the second comes after it was found right: the code is
    // the same.
    kBarred,
  };

  struct Login {
    Verdict verdict = Verdict::kBarred;
    // With kOpen only.
    std::unique_ptr<PostgresSession> session;
  };

  // Connects and logs in, with the checks of user and password that
  // postgres_target.h names done by the caller. Every wait until the session is
  // destroyed ends at `deadline` of `clock`, and the server ends by itself, not
  // long after that, what it was doing. Errors are those of Target.
  static absl::StatusOr<Login> Open(const Endpoint& endpoint,
                                    const Credential& credential,
                                    const Clock* clock, SteadyTime deadline);

  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;
  ~PostgresSession();

  struct Answer {
    // Empty if the server did what it was told.
    std::string sqlstate;
    // Of the last of several statements; NULL is "".
    std::vector<std::vector<std::string>> rows;
    // What the last statement was: "COMMIT".
    std::string tag;
  };

  // Runs `statement` with `parameters` for $1 and so on, which are without NUL
  // bytes; or, without parameters, several statements. Names in it are
  // qualified or in pg_catalog, the only schema that is searched: others'
  // functions and operators never run in an administrator's session. An error
  // of the server is an answer, other errors are those of Target.
  absl::StatusOr<Answer> Run(const std::string& statement,
                             const std::vector<std::string>& parameters = {});

  // Begins a transaction. Everything that changes something is done in one, so
  // that a server that had been frozen, or a network that was late, cannot make
  // a change after its caller was told that it has failed and has made another:
  // until Commit is called the end of the connection undoes it.
  absl::Status Begin();

  // Ends it. OK if the change is durable, on a synchronous standby too if the
  // server has one. The server refuses to commit after the deadline, by its own
  // clock: DEADLINE_EXCEEDED.
  absl::Status Commit();

  // `name` and `value` as SQL.
  absl::StatusOr<std::string> Identifier(absl::string_view name);
  absl::StatusOr<std::string> Literal(absl::string_view value);

  // The SCRAM-SHA-256 verifier of `password`, with a new salt. Nothing that
  // SASLprep would change.
  absl::StatusOr<std::string> ScramVerifier(
      const std::string& user, const crypto::SecretBuffer& password);

 private:
  PostgresSession(pg_conn* connection, const Clock* clock, SteadyTime deadline)
      : connection_(connection), clock_(clock), deadline_(deadline) {}

  static void OnNotice(void* session, const pg_result* notice);

  // One attempt at one address. UNAVAILABLE with `*reached` false if no
  // connection was made.
  static absl::StatusOr<Login> OpenAddress(const Endpoint& endpoint,
                                           const Credential& credential,
                                           const std::string& address,
                                           const std::string& authorities,
                                           const Clock* clock, SteadyTime until,
                                           SteadyTime deadline, bool* reached);

  // Sends what is buffered.
  absl::Status Flush();
  // Reads until a result is there.
  absl::Status AwaitResult();

  pg_conn* const connection_;
  const Clock* const clock_;
  const SteadyTime deadline_;
  // Milliseconds of the server's clock after which nothing is committed.
  std::string commit_before_;
  // A warning came since it was set to false.
  bool warned_ = false;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_SESSION_H_
