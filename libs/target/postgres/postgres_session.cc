// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/postgres_session.h"

#include <fcntl.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/target/address_lookup.h"
#include "libs/target/postgres/sqlstate.h"

namespace keyward::target {
namespace {

// What a call with an endless deadline gets.
constexpr absl::Duration kLongestCall = absl::Hours(1);

// Debian's bundle of authorities (the package ca-certificates): libpq 15 does
// not know the system's by itself.
constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";

// A path that never names a file, for settings of libpq that would otherwise
// name one in the user's home; an empty value counts as none.
constexpr char kNoFile[] = "/dev/null/none";

// The first version that knows SCRAM-SHA-256. An older one would take a
// verifier for a password.
constexpr int kFirstVersion = 100000;

// Variables that libpq reads and that no setting overrides: the first brings
// in settings and fails without its file, the others go to the server.
constexpr const char* kForeignVariables[] = {"PGSERVICE", "PGDATESTYLE", "PGTZ",
                                             "PGGEQO"};

absl::Status CheckEnvironment() {
  for (const char* variable : kForeignVariables) {
    if (std::getenv(variable) != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("the environment of this process sets ", variable,
                       ", which would change connections to PostgreSQL: start "
                       "it without"));
    }
  }
  return absl::OkStatus();
}

// Authorities in memory under a path, for as long as it lives: libpq takes
// them from a file only, and one on the disk could be exchanged.
class AuthoritiesFile {
 public:
  ~AuthoritiesFile() {
    if (fd_ >= 0) close(fd_);
  }
  AuthoritiesFile() = default;
  AuthoritiesFile(const AuthoritiesFile&) = delete;
  AuthoritiesFile& operator=(const AuthoritiesFile&) = delete;

  absl::Status Write(absl::string_view pem) {
    fd_ = memfd_create("authorities", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd_ < 0) return Failure();
    while (!pem.empty()) {
      const ssize_t written = write(fd_, pem.data(), pem.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return Failure();
      pem.remove_prefix(static_cast<size_t>(written));
    }
    constexpr int kSeals =
        F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (fcntl(fd_, F_ADD_SEALS, kSeals) != 0) return Failure();
    return absl::OkStatus();
  }

  std::string path() const { return absl::StrCat("/proc/self/fd/", fd_); }

 private:
  static absl::Status Failure() {
    return absl::InternalError(
        "the authorities of the target's certificate could not be kept in "
        "memory");
  }

  int fd_ = -1;
};

int64_t MillisecondsUntil(const Clock& clock, SteadyTime deadline) {
  const absl::Duration left = deadline - clock.SteadyNow();
  return std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))), 0,
      absl::ToInt64Milliseconds(kLongestCall));
}

absl::Status TooLate() {
  return absl::DeadlineExceededError("the target did not answer in time");
}

// Waits until `socket` can be read or written, as `events` of poll says.
absl::Status Await(int socket, short events, const Clock& clock,
                   SteadyTime deadline) {
  pollfd entry{socket, events, 0};
  while (true) {
    const int64_t left = MillisecondsUntil(clock, deadline);
    if (left <= 0) return TooLate();
    const int ready = poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) {
      return absl::InternalError("waiting for the target failed");
    }
  }
}

// Whether libpq or OpenSSL says that the connection ended. In English: this
// process has the locale "C", in which nothing is translated.
bool SaysConnectionLost(absl::string_view message) {
  return absl::StrContains(message, "SYSCALL error") ||
         absl::StrContains(message, "unexpected eof") ||
         absl::StrContains(message, "SSL connection has been closed") ||
         absl::StrContains(message, "server closed the connection") ||
         absl::StrContains(message, "could not receive data from server") ||
         absl::StrContains(message, "could not send");
}

absl::Status ConnectionLost() {
  return absl::UnavailableError("the target closed the connection");
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

// What an attempt that ended in PGRES_POLLING_FAILED means. `status` is that of
// the connection before libpq found out.
absl::StatusOr<PostgresSession::Verdict> VerdictOnFailure(PGconn* connection,
                                                          ConnStatusType status,
                                                          bool plaintext) {
  const absl::string_view message = PQerrorMessage(connection);
  const std::string sqlstate = SqlstateOfMessage(message);
  // A server may answer with an error before TLS begins, and so may whoever
  // sits on the way: it could tell that a password is out of use that is not.
  // libpq has its own message for that since 15.9, and took it for the answer
  // to the login before.
  if ((!sqlstate.empty() && !plaintext && PQsslInUse(connection) == 0) ||
      absl::StrContains(message, "error response during SSL exchange")) {
    return absl::UnavailableError(
        "the target answered with an error before it proved who it is");
  }
  if (!sqlstate.empty()) {
    if (sqlstate == kSqlstateInvalidPassword) {
      return PostgresSession::Verdict::kRefused;
    }
    if (sqlstate == kSqlstateInvalidAuthorization) {
      return PostgresSession::Verdict::kBarred;
    }
    return StatusOfSqlstate(
        sqlstate, "needs the right to CONNECT to the connector's database");
  }
  if (status == CONNECTION_STARTED || status == CONNECTION_NEEDED) {
    return absl::UnavailableError("the target cannot be reached");
  }
  if (SaysConnectionLost(message)) return ConnectionLost();
  if (status == CONNECTION_SSL_STARTUP) {
    return absl::UnauthenticatedError(
        "the target does not prove who it is: it speaks no TLS 1.2, or its "
        "certificate has another name, has expired or is of no authority that "
        "the connector trusts");
  }
  if (absl::StrContains(message, "channel binding")) {
    return absl::FailedPreconditionError(
        "the target does not ask for SCRAM-SHA-256 bound to the TLS "
        "connection: use scram-sha-256 in its pg_hba.conf, set the user's "
        "password anew with password_encryption = scram-sha-256, and connect "
        "to the server itself, PostgreSQL 11 or later, and not to a pooler or "
        "proxy that ends TLS");
  }
  if (absl::StrContains(message, "could not find digest")) {
    return absl::FailedPreconditionError(
        "SCRAM-SHA-256 cannot be bound to a connection with the target's "
        "certificate: give the target one with an RSA or ECDSA signature");
  }
  if (absl::StrContains(message, "incorrect server signature")) {
    return absl::UnauthenticatedError(
        "the target does not prove that it knows the password's verifier");
  }
  return absl::InternalError("the target's answer to a login fits nothing");
}

}  // namespace

absl::StatusOr<PostgresSession::Login> PostgresSession::Open(
    const Endpoint& endpoint, const Credential& credential, const Clock* clock,
    SteadyTime deadline) {
  deadline = std::min(deadline, clock->SteadyNow() + kLongestCall);
  absl::Status status = CheckEnvironment();
  if (!status.ok()) return status;

  AuthoritiesFile file;
  std::string authorities = kNoFile;
  if (!endpoint.plaintext && endpoint.trusted_certificates.empty()) {
    authorities = kSystemAuthorities;
    if (access(kSystemAuthorities, R_OK) != 0) {
      return absl::FailedPreconditionError(
          "this machine has no certificate authorities (the package "
          "ca-certificates): give the connector those of the target");
    }
  } else if (!endpoint.plaintext) {
    status = file.Write(endpoint.trusted_certificates);
    if (!status.ok()) return status;
    authorities = file.path();
  }

  const absl::StatusOr<std::vector<std::string>> addresses =
      LookUpAddresses(endpoint.host, *clock, deadline);
  if (!addresses.ok()) return addresses.status();
  absl::StatusOr<Login> login = TooLate();
  for (size_t i = 0; i < addresses->size(); ++i) {
    // An address that swallows packets leaves time for the next.
    const SteadyTime now = clock->SteadyNow();
    const SteadyTime until =
        now + (deadline - now) / static_cast<int64_t>(addresses->size() - i);
    bool reached = false;
    login = OpenAddress(endpoint, credential, (*addresses)[i], authorities,
                        clock, until, deadline, &reached);
    if (login.ok() || reached) break;
  }
  return login;
}

absl::StatusOr<PostgresSession::Login> PostgresSession::OpenAddress(
    const Endpoint& endpoint, const Credential& credential,
    const std::string& address, const std::string& authorities,
    const Clock* clock, SteadyTime until, SteadyTime deadline, bool* reached) {
  const int64_t left = MillisecondsUntil(*clock, deadline);
  if (left <= 0) return TooLate();

  // libpq takes text that ends in a NUL.
  const absl::string_view secret = credential.password.ExposeSecret();
  crypto::SecretBuffer password(secret.size() + 1);
  std::copy(secret.begin(), secret.end(), password.MutableSecret().begin());

  const std::string port = absl::StrCat(endpoint.port);
  const std::string& name =
      endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  // What the server does when nobody waits for it any more is bounded too. The
  // names' bytes are left as they are (SQL_ASCII), since a login's are too, in
  // which the server converts nothing.
  const std::string options =
      absl::StrCat("-c search_path=pg_catalog,pg_temp -c synchronous_commit=on",
                   " -c statement_timeout=", left, " -c lock_timeout=", left,
                   " -c idle_in_transaction_session_timeout=", left);
  const std::pair<const char*, const char*> settings[] = {
      {"host", name.c_str()},
      {"hostaddr", address.c_str()},
      {"port", port.c_str()},
      {"dbname",
       endpoint.database.empty() ? "postgres" : endpoint.database.c_str()},
      {"user", credential.user.c_str()},
      {"password", password.ExposeSecret().data()},
      {"passfile", kNoFile},
      {"connect_timeout", "0"},
      {"client_encoding", "SQL_ASCII"},
      {"options", options.c_str()},
      {"application_name", "keyward"},
      {"sslmode", endpoint.plaintext ? "disable" : "verify-full"},
      {"channel_binding", endpoint.plaintext ? "disable" : "require"},
      {"sslrootcert", authorities.c_str()},
      {"sslcert", kNoFile},
      {"sslkey", kNoFile},
      {"sslcrl", kNoFile},
      {"sslcrldir", kNoFile},
      {"sslcompression", "0"},
      {"sslsni", "1"},
      {"ssl_min_protocol_version", "TLSv1.2"},
      {"ssl_max_protocol_version", "TLSv1.3"},
      {"requirepeer", "none"},
      {"gssencmode", "disable"},
      {"krbsrvname", "postgres"},
      {"gsslib", "gssapi"},
      {"target_session_attrs", "any"},
  };
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : settings) {
    keywords.push_back(keyword);
    values.push_back(value);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);

  std::unique_ptr<PGconn, Finish> connection(
      PQconnectStartParams(keywords.data(), values.data(), 0));
  if (connection == nullptr) {
    return absl::InternalError("out of memory for a connection");
  }
  if (PQstatus(connection.get()) == CONNECTION_BAD) {
    return absl::UnavailableError("the target cannot be reached");
  }
  PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
  // Otherwise libpq prints them.
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr);

  PostgresPollingStatusType want = PGRES_POLLING_WRITING;
  while (want != PGRES_POLLING_OK) {
    const ConnStatusType status = PQstatus(connection.get());
    *reached = status != CONNECTION_STARTED && status != CONNECTION_NEEDED;
    const absl::Status waited =
        Await(PQsocket(connection.get()),
              want == PGRES_POLLING_READING ? POLLIN : POLLOUT, *clock,
              *reached ? deadline : until);
    if (!waited.ok()) return waited;
    want = PQconnectPoll(connection.get());
    if (want == PGRES_POLLING_FAILED) {
      const absl::StatusOr<Verdict> verdict =
          VerdictOnFailure(connection.get(), status, endpoint.plaintext);
      if (!verdict.ok()) return verdict.status();
      return Login{*verdict, nullptr};
    }
  }

  if (PQconnectionUsedPassword(connection.get()) == 0) {
    return absl::FailedPreconditionError(
        "the target lets the user in without asking for the password: use "
        "scram-sha-256 in its pg_hba.conf");
  }
  if (PQserverVersion(connection.get()) < kFirstVersion) {
    return absl::FailedPreconditionError(
        "the target is older than PostgreSQL 10, which was the first to know "
        "SCRAM-SHA-256");
  }
  // So that not even sending waits for a server that reads nothing.
  if (PQsetnonblocking(connection.get(), 1) != 0) return ConnectionLost();
  Login login;
  login.verdict = Verdict::kOpen;
  login.session.reset(
      new PostgresSession(connection.release(), clock, deadline));
  PQsetNoticeReceiver(login.session->connection_, &PostgresSession::OnNotice,
                      login.session.get());
  return login;
}

PostgresSession::~PostgresSession() { PQfinish(connection_); }

void PostgresSession::OnNotice(void* session, const PGresult* notice) {
  const char* sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  if (sqlstate != nullptr && std::strcmp(sqlstate, kSqlstateWarning) == 0) {
    static_cast<PostgresSession*>(session)->warned_ = true;
  }
}

absl::Status PostgresSession::Flush() {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return absl::OkStatus();
    if (left < 0) return ConnectionLost();
    // The server may be unable to read before it has been read from.
    const absl::Status waited =
        Await(PQsocket(connection_), POLLIN | POLLOUT, *clock_, deadline_);
    if (!waited.ok()) return waited;
    if (PQconsumeInput(connection_) == 0) return ConnectionLost();
  }
}

absl::Status PostgresSession::AwaitResult() {
  while (PQisBusy(connection_) != 0) {
    const absl::Status waited =
        Await(PQsocket(connection_), POLLIN, *clock_, deadline_);
    if (!waited.ok()) return waited;
    // A failure to read leaves a result that says so, or the server's last
    // word, which tells more.
    if (PQconsumeInput(connection_) == 0) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<PostgresSession::Answer> PostgresSession::Run(
    const std::string& statement, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.c_str());
  }
  const int sent =
      values.empty()
          ? PQsendQuery(connection_, statement.c_str())
          : PQsendQueryParams(connection_, statement.c_str(),
                              static_cast<int>(values.size()), nullptr,
                              values.data(), nullptr, nullptr, 0);
  if (sent == 0) return ConnectionLost();
  absl::Status status = Flush();
  if (!status.ok()) return status;

  Answer answer;
  while (true) {
    status = AwaitResult();
    if (!status.ok()) return status;
    const std::unique_ptr<PGresult, Finish> result(PQgetResult(connection_));
    if (result == nullptr) break;
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
        answer.tag = PQcmdStatus(result.get());
        break;
      case PGRES_TUPLES_OK:
        answer.tag = PQcmdStatus(result.get());
        answer.rows.clear();
        for (int row = 0; row < PQntuples(result.get()); ++row) {
          std::vector<std::string>& cells = answer.rows.emplace_back();
          for (int column = 0; column < PQnfields(result.get()); ++column) {
            cells.emplace_back(
                PQgetvalue(result.get(), row, column),
                static_cast<size_t>(PQgetlength(result.get(), row, column)));
          }
        }
        break;
      case PGRES_FATAL_ERROR: {
        const char* sqlstate =
            PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        // The first one: what comes after it is a consequence.
        if (sqlstate != nullptr && answer.sqlstate.empty()) {
          answer.sqlstate = sqlstate;
        }
        if (sqlstate == nullptr && answer.sqlstate.empty()) {
          return ConnectionLost();
        }
        break;
      }
      default:
        // Copying, empty statements and the like: not asked for.
        return absl::InternalError("the target's answer fits nothing");
    }
    if (PQstatus(connection_) == CONNECTION_BAD) break;
  }
  if (PQstatus(connection_) == CONNECTION_BAD && answer.sqlstate.empty()) {
    return ConnectionLost();
  }
  return answer;
}

absl::Status PostgresSession::Begin() {
  const int64_t left = MillisecondsUntil(*clock_, deadline_);
  absl::StatusOr<Answer> answer =
      Run(absl::StrCat("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT ",
                       "(extract(epoch FROM clock_timestamp()) * 1000)::int8 "
                       "+ ",
                       left));
  if (!answer.ok()) return answer.status();
  if (!answer->sqlstate.empty()) {
    return StatusOfSqlstate(answer->sqlstate, "cannot begin a transaction");
  }
  if (answer->rows.size() != 1 || answer->rows[0].size() != 1) {
    return absl::InternalError("the target's answer fits nothing");
  }
  commit_before_ = answer->rows[0][0];
  if (commit_before_.empty() ||
      commit_before_.find_first_not_of("0123456789") != std::string::npos) {
    return absl::InternalError("the target's answer fits nothing");
  }
  return absl::OkStatus();
}

absl::Status PostgresSession::Commit() {
  warned_ = false;
  const absl::StatusOr<Answer> answer =
      Run(absl::StrCat("SELECT 1 / ((extract(epoch FROM clock_timestamp()) * "
                       "1000)::int8 < ",
                       commit_before_, ")::int; COMMIT"));
  if (!answer.ok()) return answer.status();
  if (answer->sqlstate == kSqlstateDivisionByZero) return TooLate();
  if (!answer->sqlstate.empty()) {
    return StatusOfSqlstate(answer->sqlstate, "cannot commit");
  }
  if (answer->tag != "COMMIT") {
    return absl::InternalError("the target did not commit");
  }
  // A wait for a synchronous standby that is cancelled is no error to the
  // server: the change is made, and may be gone after a failover.
  if (warned_) {
    return absl::UnavailableError(
        "the target changed it, and did not wait until its standby has it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PostgresSession::Identifier(
    absl::string_view name) {
  char* quoted = PQescapeIdentifier(connection_, name.data(), name.size());
  if (quoted == nullptr) {
    return absl::InvalidArgumentError(
        "the user name is not in the encoding of the target's database");
  }
  std::string identifier = quoted;
  PQfreemem(quoted);
  return identifier;
}

absl::StatusOr<std::string> PostgresSession::Literal(absl::string_view value) {
  char* quoted = PQescapeLiteral(connection_, value.data(), value.size());
  if (quoted == nullptr) {
    return absl::InvalidArgumentError(
        "a value is not in the encoding of the target's database");
  }
  std::string literal = quoted;
  PQfreemem(quoted);
  return literal;
}

absl::StatusOr<std::string> PostgresSession::ScramVerifier(
    const std::string& user, const crypto::SecretBuffer& password) {
  const absl::string_view secret = password.ExposeSecret();
  crypto::SecretBuffer terminated(secret.size() + 1);
  std::copy(secret.begin(), secret.end(), terminated.MutableSecret().begin());
  char* verifier =
      PQencryptPasswordConn(connection_, terminated.ExposeSecret().data(),
                            user.c_str(), "scram-sha-256");
  if (verifier == nullptr) {
    return absl::InternalError("no verifier of the password could be made");
  }
  std::string result = verifier;
  PQfreemem(verifier);
  return result;
}

}  // namespace keyward::target
