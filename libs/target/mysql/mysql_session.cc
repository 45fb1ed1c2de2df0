// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/mysql_session.h"

#include <fcntl.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "libs/crypto/wipe.h"
#include "libs/target/address_lookup.h"
#include "libs/target/mysql/error_code.h"

namespace keyward::target {
namespace {

// What a call with an endless deadline gets.
constexpr absl::Duration kLongestCall = absl::Hours(1);

// Debian's bundle of authorities (the package ca-certificates). OpenSSL's own
// default can be changed by the environment.
constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";

constexpr const char* kForeignVariables[] = {"LIBMYSQL_PLUGINS",
                                             "MARIADB_PLUGIN_DIR"};

constexpr char kAllowedPlugins[] = "mysql_native_password,client_ed25519";

// The first version with several ways to log in for an account.
constexpr unsigned long kFirstVersion = 100400;

constexpr size_t kMaxPacket = size_t{4} << 20;
constexpr size_t kMaxRows = 100'000;
constexpr size_t kMaxAnswer = size_t{16} << 20;

// Authorities in memory under a path, for as long as it lives: Connector/C
// takes them from a file only, and one on the disk could be exchanged.
class AuthoritiesFile {
 public:
  AuthoritiesFile() = default;
  AuthoritiesFile(const AuthoritiesFile&) = delete;
  AuthoritiesFile& operator=(const AuthoritiesFile&) = delete;
  ~AuthoritiesFile() {
    if (fd_ >= 0) close(fd_);
  }

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

// Keeps a write to a connection that the server has closed from ending the
// process: with TLS Connector/C does nothing against that.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec at_once{};
    if (!was_pending_) {
      while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
  bool was_pending_ = false;
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

// Waits for what Connector/C waits for; what it got is in `*ready`.
absl::Status Await(MYSQL* mysql, int want, const Clock& clock,
                   SteadyTime deadline, int* ready) {
  pollfd entry{mysql_get_socket(mysql), 0, 0};
  if ((want & MYSQL_WAIT_READ) != 0) entry.events |= POLLIN;
  if ((want & MYSQL_WAIT_WRITE) != 0) entry.events |= POLLOUT;
  if ((want & MYSQL_WAIT_EXCEPT) != 0) entry.events |= POLLPRI;
  while (true) {
    const int64_t left = MillisecondsUntil(clock, deadline);
    if (left <= 0) return TooLate();
    const int count = poll(&entry, 1, static_cast<int>(left));
    if (count < 0 && errno != EINTR) {
      return absl::InternalError("waiting for the target failed");
    }
    if (count <= 0) continue;
    *ready = want & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
    if ((entry.revents & (POLLERR | POLLHUP)) == 0) {
      *ready = 0;
      if ((entry.revents & POLLIN) != 0) *ready |= MYSQL_WAIT_READ;
      if ((entry.revents & POLLOUT) != 0) *ready |= MYSQL_WAIT_WRITE;
      if ((entry.revents & POLLPRI) != 0) *ready |= MYSQL_WAIT_EXCEPT;
    }
    return absl::OkStatus();
  }
}

// Shuts a connection down at a deadline. Connector/C 3.3 does not hold to its
// own non-blocking mode with TLS: it waits for the handshake, and makes the
// socket blocking after it, so that a server that is frozen, or says nothing,
// would hold a call for ever. A connection that is shut down ends any wait.
class Watchdog {
 public:
  Watchdog(int socket, const Clock& clock, SteadyTime deadline)
      // Of its own, since Connector/C closes the other one when it likes.
      : socket_(fcntl(socket, F_DUPFD_CLOEXEC, 0)),
        stop_(eventfd(0, EFD_CLOEXEC)) {
    if (socket_ < 0 || stop_ < 0) return;
    thread_ = std::thread([this, &clock, deadline] {
      pollfd entry{stop_, POLLIN, 0};
      while (true) {
        const int64_t left = MillisecondsUntil(clock, deadline);
        if (left <= 0) break;
        if (poll(&entry, 1, static_cast<int>(left)) > 0) return;
      }
      bit_ = true;
      shutdown(socket_, SHUT_RDWR);
    });
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    if (thread_.joinable()) {
      (void)eventfd_write(stop_, 1);
      thread_.join();
    }
    if (stop_ >= 0) close(stop_);
    if (socket_ >= 0) close(socket_);
  }

  bool runs() const { return thread_.joinable(); }
  // Whether the connection was shut down.
  bool bit() const { return bit_; }

 private:
  const int socket_;
  const int stop_;
  std::atomic<bool> bit_{false};
  std::thread thread_;
};

// Whether a code is Connector/C's own.
bool IsClientCode(unsigned code) {
  return (code >= 2000 && code < 3000) || (code >= 5000 && code < 6000);
}

absl::Status ConnectionLost() {
  return absl::UnavailableError("the target closed the connection");
}

// What an error of Connector/C's own means. Its messages are in English and
// its own, or OpenSSL's.
absl::Status StatusOfClientError(unsigned code, absl::string_view message) {
  if (absl::StrContains(message, "before completion of TLS")) {
    return absl::UnavailableError(
        "the target answered with an error before it proved who it is");
  }
  if (absl::StrContains(message, "restricted_auth") ||
      code == CR_AUTH_PLUGIN_CANNOT_LOAD) {
    return absl::FailedPreconditionError(
        "the target asks for an authentication that would show it the "
        "password, or that is not supported: the account needs "
        "mysql_native_password or ed25519");
  }
  switch (code) {
    case CR_SSL_CONNECTION_ERROR:
      if (absl::StrContains(message, "unexpected eof") ||
          absl::StrContains(message, "Connection reset") ||
          absl::StrContains(message, "Broken pipe") ||
          absl::StrContains(message, "SYSCALL")) {
        return ConnectionLost();
      }
      return absl::UnauthenticatedError(
          "the target does not prove who it is: it speaks no TLS 1.2, or its "
          "certificate has another name, has expired or is of no authority "
          "that the connector trusts");
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_SOCKET_CREATE_ERROR:
    case CR_IPSOCK_ERROR:
      return absl::UnavailableError("the target cannot be reached");
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
      return ConnectionLost();
    default:
      return absl::InternalError(absl::StrCat(
          "the target's answer fits nothing (client error ", code, ")"));
  }
}

}  // namespace

struct MysqlSession::Connection {
  MYSQL* mysql = nullptr;
  // From the moment on at which there is a socket.
  std::unique_ptr<Watchdog> watchdog;
  // A call has been begun and has not ended.
  bool suspended = false;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (mysql == nullptr) return;
    const WithoutSigpipe without_sigpipe;
    WipePassword();
    // Closing says goodbye to the server; that must not wait for it.
    if (suspended && mysql->net.pvio != nullptr) {
      shutdown(mysql_get_socket(mysql), SHUT_RDWR);
      mysql_close(mysql);
      return;
    }
    const int fd = mysql->net.pvio != nullptr ? mysql_get_socket(mysql) : -1;
    for (int want = mysql_close_start(mysql); want != 0;
         want = mysql_close_cont(mysql, want)) {
      if (fd >= 0) shutdown(fd, SHUT_RDWR);
    }
  }

  void WipePassword() {
    if (mysql->passwd != nullptr) {
      crypto::WipeBytes(mysql->passwd, std::strlen(mysql->passwd));
    }
  }

  // Ends a call of Connector/C that `want` says is waiting. `before` runs
  // whenever it waits.
  template <typename Continue, typename Before>
  absl::Status Finish(int want, const Clock& clock, const SteadyTime& deadline,
                      Continue continue_call, Before before) {
    while (want != 0) {
      suspended = true;
      before();
      int ready = 0;
      const absl::Status status = Await(mysql, want, clock, deadline, &ready);
      if (!status.ok()) return status;
      want = continue_call(ready);
    }
    suspended = false;
    if (watchdog != nullptr && watchdog->bit()) return TooLate();
    return absl::OkStatus();
  }
};

absl::Status MysqlSession::CheckEnvironment() {
  for (const char* variable : kForeignVariables) {
    if (std::getenv(variable) != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("the environment of this process sets ", variable,
                       ", which would load code into connections to MariaDB: "
                       "start it without"));
    }
  }
  return absl::OkStatus();
}

MysqlSession::MysqlSession(std::unique_ptr<Connection> connection,
                           const Clock* clock, SteadyTime deadline)
    : connection_(std::move(connection)), clock_(clock), deadline_(deadline) {}

MysqlSession::~MysqlSession() = default;

absl::StatusOr<MysqlSession::Login> MysqlSession::Open(
    const Endpoint& endpoint, const MysqlAccount& account,
    const crypto::SecretBuffer& password, const Clock* clock,
    SteadyTime deadline) {
  deadline = std::min(deadline, clock->SteadyNow() + kLongestCall);
  absl::Status status = CheckEnvironment();
  if (!status.ok()) return status;

  AuthoritiesFile file;
  std::string authorities;
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
    login = OpenAddress(endpoint, account, password, (*addresses)[i],
                        authorities, clock, until, deadline, &reached);
    if (login.ok() || reached) break;
  }
  return login;
}

absl::StatusOr<MysqlSession::Login> MysqlSession::OpenAddress(
    const Endpoint& endpoint, const MysqlAccount& account,
    const crypto::SecretBuffer& password, const std::string& address,
    const std::string& authorities, const Clock* clock, SteadyTime until,
    SteadyTime deadline, bool* reached) {
  // Connector/C takes text that ends in a NUL.
  const absl::string_view secret = password.ExposeSecret();
  crypto::SecretBuffer terminated(secret.size() + 1);
  std::copy(secret.begin(), secret.end(), terminated.MutableSecret().begin());

  const WithoutSigpipe without_sigpipe;
  auto connection = std::make_unique<Connection>();
  connection->mysql = mysql_init(nullptr);
  MYSQL* const mysql = connection->mysql;
  if (mysql == nullptr) {
    return absl::InternalError("out of memory for a connection");
  }
  const my_bool yes = 1;
  const unsigned int no_files = 0;
  const unsigned int protocol = MYSQL_PROTOCOL_TCP;
  const size_t max_packet = kMaxPacket;
  bool set = mysql_options(mysql, MYSQL_OPT_NONBLOCK, nullptr) == 0;
  set &= mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol) == 0;
  set &= mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files) == 0;
  set &= mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0;
  set &= mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &max_packet) == 0;
  set &= mysql_options(mysql, MYSQL_DEFAULT_AUTH, "mysql_native_password") == 0;
  set &=
      mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, kAllowedPlugins) == 0;
  if (!endpoint.plaintext) {
    set &= mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes) == 0;
    set &= mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes) == 0;
    set &= mysql_options(mysql, MYSQL_OPT_SSL_CA, authorities.c_str()) == 0;
    set &=
        mysql_options(mysql, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3") == 0;
  }
  if (!set) {
    return absl::InternalError("this Connector/C lacks an option");
  }

  // Connector/C verifies the server's certificate against the name that it
  // connects to, which it would look up without a deadline. It reads the
  // address from here when it connects, and the name from the same place when
  // it has read the server's greeting.
  const std::string& name =
      endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  std::vector<char> host(std::max(name.size(), address.size()) + 1);
  std::copy(address.begin(), address.end(), host.begin());
  bool named = endpoint.plaintext;
  bool too_early = false;
  const auto name_the_server = [&] {
    *reached = mysql->host != nullptr;
    if (named) return;
    too_early = *reached;
    std::fill(host.begin(), host.end(), '\0');
    std::copy(name.begin(), name.end(), host.begin());
    named = true;
  };

  MYSQL* connected = nullptr;
  const int want = mysql_real_connect_start(
      &connected, mysql, host.data(), account.user.c_str(),
      terminated.ExposeSecret().data(), nullptr, endpoint.port, nullptr, 0);
  SteadyTime limit = until;
  const absl::Status status = connection->Finish(
      want, *clock, limit,
      [&](int ready) {
        // The fence of the above: a name that comes too late must never end in
        // a login to a server that was taken for its address.
        if (too_early || !named || !connection->watchdog->runs()) return 0;
        return mysql_real_connect_cont(&connected, mysql, ready);
      },
      [&] {
        if (connection->watchdog == nullptr) {
          connection->watchdog = std::make_unique<Watchdog>(
              mysql_get_socket(mysql), *clock, deadline);
        }
        name_the_server();
        if (*reached) limit = deadline;
      });
  if (!status.ok()) return status;
  const unsigned code = mysql_errno(mysql);
  if (connected == nullptr && code != 0 && !IsClientCode(code)) {
    *reached = true;
    Login login;
    login.code = code;
    if (IsMysqlRefusal(code)) {
      login.verdict = Verdict::kRefused;
      return login;
    }
    if (IsMysqlBarred(code)) {
      login.verdict = Verdict::kBarred;
      return login;
    }
    return StatusOfMysqlCode(code, "a right to log in");
  }
  if (connected == nullptr && code != 0) {
    return StatusOfClientError(code, mysql_error(mysql));
  }
  if (connected == nullptr || too_early || !named ||
      connection->watchdog == nullptr) {
    connection->suspended = true;
    return absl::InternalError("Connector/C took a step that is not known");
  }
  *reached = true;
  connection->WipePassword();
  if (!endpoint.plaintext && mysql_get_ssl_cipher(mysql) == nullptr) {
    return absl::UnauthenticatedError(
        "the target does not prove who it is: it speaks no TLS");
  }
  if (!absl::StrContains(mysql_get_server_info(mysql), "MariaDB") ||
      mysql_get_server_version(mysql) < kFirstVersion) {
    return absl::FailedPreconditionError(
        "the target is no MariaDB server of version 10.4 or later: MySQL is "
        "not supported");
  }

  Login login;
  login.session.reset(new MysqlSession(std::move(connection), clock, deadline));
  const absl::StatusOr<Answer> begun = login.session->Begin(account);
  if (!begun.ok()) return begun.status();
  login.verdict = Verdict::kOpen;
  if (begun->code != 0) {
    login.session.reset();
    login.code = begun->code;
    if (!IsMysqlRefusal(begun->code)) {
      return StatusOfMysqlCode(begun->code, "a right to log in");
    }
    login.verdict = Verdict::kRefused;
  }
  return login;
}

absl::StatusOr<MysqlSession::Answer> MysqlSession::Begin(
    const MysqlAccount& account) {
  const int64_t left = MillisecondsUntil(*clock_, deadline_);
  absl::StatusOr<Answer> answer = Run("SET NAMES utf8mb4");
  if (!answer.ok() || answer->code != 0) return answer;
  // What the server does when nobody waits for it any more is bounded too. A
  // time zone with summer time would have an hour twice.
  answer = Run(absl::StrFormat(
      "SET SESSION sql_mode='NO_BACKSLASH_ESCAPES', sql_quote_show_create=1, "
      "time_zone='+00:00', max_statement_time=%d.%03d, lock_wait_timeout=%d",
      left / 1000, left % 1000, left / 1000 + 1));
  if (!answer.ok() || answer->code != 0) return answer;
  answer = Run(
      "SELECT CURRENT_USER(), @@global.read_only, UNIX_TIMESTAMP(SYSDATE(6))");
  if (!answer.ok() || answer->code != 0) return answer;
  double server_now = 0;
  if (answer->rows.size() != 1 || answer->rows[0].size() != 3 ||
      !absl::SimpleAtod(answer->rows[0][2], &server_now)) {
    return absl::InternalError("the target's answer fits nothing");
  }
  const std::string& current = answer->rows[0][0];
  const size_t at = std::min(current.rfind('@'), current.size());
  const MysqlAccount logged_in{
      current.substr(0, at), at < current.size() ? current.substr(at + 1) : ""};
  if (!(logged_in == account)) {
    return absl::FailedPreconditionError(
        "the target takes the login for another account of this user or of "
        "nobody: name the account with its host, as USER@HOST, or remove the "
        "one that comes before it");
  }
  read_only_ = answer->rows[0][1] != "0";
  change_before_ = absl::StrFormat(
      "%.3f", server_now + absl::ToDoubleSeconds(absl::Milliseconds(
                               MillisecondsUntil(*clock_, deadline_))));
  return answer;
}

absl::StatusOr<MysqlSession::Answer> MysqlSession::Run(
    const std::string& statement) {
  const WithoutSigpipe without_sigpipe;
  MYSQL* const mysql = connection_->mysql;
  const auto nothing = [] {};
  Answer answer;
  const auto failure = [&]() -> absl::StatusOr<Answer> {
    const unsigned code = mysql_errno(mysql);
    if (code == 0) {
      return absl::InternalError("the target's answer fits nothing");
    }
    if (IsClientCode(code)) {
      return StatusOfClientError(code, mysql_error(mysql));
    }
    answer.code = code;
    answer.rows.clear();
    return answer;
  };

  int failed = 0;
  absl::Status status = connection_->Finish(
      mysql_real_query_start(&failed, mysql, statement.data(),
                             statement.size()),
      *clock_, deadline_,
      [&](int ready) { return mysql_real_query_cont(&failed, mysql, ready); },
      nothing);
  if (!status.ok()) return status;
  if (failed != 0) return failure();

  struct Free {
    MYSQL* mysql;
    void operator()(MYSQL_RES* result) const {
      // Rows that were not read would be waited for.
      if (!result->eof) shutdown(mysql_get_socket(mysql), SHUT_RDWR);
      mysql_free_result(result);
    }
  };
  const std::unique_ptr<MYSQL_RES, Free> result(mysql_use_result(mysql),
                                                Free{mysql});
  if (result == nullptr && mysql_field_count(mysql) != 0) return failure();
  size_t size = 0;
  while (result != nullptr) {
    MYSQL_ROW row = nullptr;
    status = connection_->Finish(
        mysql_fetch_row_start(&row, result.get()), *clock_, deadline_,
        [&](int ready) {
          return mysql_fetch_row_cont(&row, result.get(), ready);
        },
        nothing);
    if (!status.ok()) return status;
    if (row == nullptr) {
      if (mysql_errno(mysql) != 0) return failure();
      break;
    }
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    std::vector<std::string>& values = answer.rows.emplace_back();
    for (unsigned column = 0; column < mysql_num_fields(result.get());
         ++column) {
      values.emplace_back(row[column] == nullptr ? "" : row[column],
                          row[column] == nullptr ? 0 : lengths[column]);
      size += lengths[column];
    }
    if (size > kMaxAnswer || answer.rows.size() > kMaxRows) {
      return absl::InternalError("the target's answer is too long");
    }
  }
  if (mysql_more_results(mysql)) {
    return absl::InternalError("the target's answer fits nothing");
  }
  return answer;
}

absl::StatusOr<MysqlSession::Answer> MysqlSession::Change(
    absl::string_view statement, absl::string_view condition) {
  return Run(absl::StrCat(
      "BEGIN NOT ATOMIC IF UNIX_TIMESTAMP(SYSDATE(6)) >= ", change_before_,
      " THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ", kMysqlTooLate,
      "; END IF; IF NOT COALESCE((", condition,
      "), FALSE) THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ",
      kMysqlOvertaken, "; END IF; ", statement, "; END"));
}

}  // namespace keyward::target
