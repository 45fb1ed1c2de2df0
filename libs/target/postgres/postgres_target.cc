// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/postgres_target.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/x509.h"
#include "libs/target/address_lookup.h"
#include "libs/target/postgres/postgres_session.h"
#include "libs/target/postgres/sqlstate.h"

namespace keyward::target {
namespace {

using Session = PostgresSession;

// How often a change is begun again that another session's got in the way of.
constexpr int kAttempts = 3;

constexpr char kNeedsForPassword[] =
    "needs CREATEROLE, since PostgreSQL 16 ADMIN OPTION for the user too, and "
    "for a superuser's password SUPERUSER";
constexpr char kNeedsForTwin[] =
    "needs CREATEROLE, since PostgreSQL 16 ADMIN OPTION for the user and its "
    "twin too, and SUPERUSER for a user with SUPERUSER, REPLICATION or a "
    "setting that only a superuser can make";
constexpr char kNeedsNothing[] = "needs no right that is known";

bool HasNul(absl::string_view text) {
  return text.find('\0') != absl::string_view::npos;
}

absl::Status CheckUser(absl::string_view user) {
  if (user.empty() || user.size() > PostgresTarget::kMaxUserSize) {
    return absl::InvalidArgumentError(
        "a user of PostgreSQL has 1 to 63 bytes: the server cuts longer names");
  }
  if (HasNul(user)) {
    return absl::InvalidArgumentError(
        "a user of PostgreSQL has no NUL byte in its name");
  }
  if (user == "public" || user == "none") {
    return absl::InvalidArgumentError(
        "PostgreSQL keeps the user names public and none for itself");
  }
  return absl::OkStatus();
}

absl::Status CheckCredential(const Credential& credential) {
  const absl::Status status = CheckUser(credential.user);
  if (!status.ok()) return status;
  // An empty one would have libpq look for another.
  if (credential.password.empty() ||
      credential.password.size() > PostgresTarget::kMaxPasswordSize ||
      HasNul(credential.password.ExposeSecret())) {
    return absl::FailedPreconditionError(
        absl::StrCat("a password of PostgreSQL has 1 to ",
                     PostgresTarget::kMaxPasswordSize, " bytes without NUL"));
  }
  return absl::OkStatus();
}

absl::Status CheckFresh(const Credential& fresh) {
  const absl::Status status = CheckCredential(fresh);
  if (!status.ok()) return status;
  const absl::string_view password = fresh.password.ExposeSecret();
  if (!std::all_of(password.begin(), password.end(), [](char c) {
        return absl::ascii_isprint(static_cast<unsigned char>(c));
      })) {
    return absl::FailedPreconditionError(
        "a new password of PostgreSQL has printable ASCII characters only: "
        "libraries treat others differently");
  }
  return absl::OkStatus();
}

absl::Status LoginRefused(Session::Verdict verdict) {
  return absl::UnauthenticatedError(
      verdict == Session::Verdict::kRefused
          ? "the target refuses the login that makes the change: the password "
            "is not the user's or has expired (SQLSTATE 28P01)"
          : "the target does not let the user in that makes the change: see "
            "its pg_hba.conf, and whether the user has LOGIN (SQLSTATE 28000)");
}

absl::Status AnswerFitsNothing() {
  return absl::InternalError("the target's answer fits nothing");
}

// Runs a query that has to work.
absl::StatusOr<std::vector<std::vector<std::string>>> Query(
    Session& session, const std::string& statement,
    const std::vector<std::string>& parameters = {}) {
  absl::StatusOr<Session::Answer> answer = session.Run(statement, parameters);
  if (!answer.ok()) return answer.status();
  if (!answer->sqlstate.empty()) {
    return StatusOfSqlstate(answer->sqlstate, kNeedsNothing);
  }
  return std::move(answer->rows);
}

// Runs a statement that changes something. `*again` becomes true if another
// session was changing the same.
absl::Status Change(Session& session, const std::string& statement,
                    const char* right, bool* again) {
  const absl::StatusOr<Session::Answer> answer = session.Run(statement);
  if (!answer.ok()) return answer.status();
  if (answer->sqlstate.empty()) return absl::OkStatus();
  *again = answer->sqlstate == kSqlstateInternalError ||
           answer->sqlstate == kSqlstateUniqueViolation ||
           answer->sqlstate == kSqlstateDuplicateObject;
  return StatusOfSqlstate(answer->sqlstate, right);
}

// What counts for whether a password of a role works.
struct RoleState {
  bool exists = false;
  bool can_log_in = false;
  bool expired = false;
};

absl::StatusOr<RoleState> ReadRole(Session& session, const std::string& user) {
  const auto rows = Query(session,
                          "SELECT rolcanlogin, "
                          "coalesce(rolvaliduntil <= now(), false) "
                          "FROM pg_roles WHERE rolname = $1",
                          {user});
  if (!rows.ok()) return rows.status();
  RoleState state;
  if (rows->empty()) return state;
  if (rows->size() != 1 || (*rows)[0].size() != 2) return AnswerFitsNothing();
  state.exists = true;
  state.can_log_in = (*rows)[0][0] == "t";
  state.expired = (*rows)[0][1] == "t";
  return state;
}

// Begins a change of a password. A login whose setting `role` makes it another
// could not change its own.
absl::Status BeginPasswordChange(Session& session, const Credential& as,
                                 const std::string& user) {
  const absl::Status status = session.Begin();
  if (!status.ok() || as.user != user) return status;
  return Query(session, "SET LOCAL ROLE NONE").status();
}

// A setting of a role, for one database or (database empty) all.
struct Setting {
  std::string database;
  std::string name;
  std::string value;

  bool operator<(const Setting& other) const {
    return std::tie(database, name, value) <
           std::tie(other.database, other.name, other.value);
  }
};

absl::StatusOr<std::set<Setting>> ReadSettings(Session& session,
                                               const std::string& user) {
  const auto rows = Query(session,
                          "SELECT coalesce(d.datname::text, ''), c "
                          "FROM pg_db_role_setting s "
                          "JOIN pg_roles r ON r.oid = s.setrole "
                          "LEFT JOIN pg_database d ON d.oid = s.setdatabase "
                          "CROSS JOIN unnest(s.setconfig) c "
                          "WHERE r.rolname = $1",
                          {user});
  if (!rows.ok()) return rows.status();
  std::set<Setting> settings;
  for (const std::vector<std::string>& row : *rows) {
    if (row.size() != 2) return AnswerFitsNothing();
    const size_t equals = row[1].find('=');
    if (equals == std::string::npos) return AnswerFitsNothing();
    settings.insert(
        {row[0], row[1].substr(0, equals), row[1].substr(equals + 1)});
  }
  return settings;
}

// What a twin shall have: the settings of its user, and the user's part.
std::set<Setting> TwinSettings(const std::set<Setting>& settings,
                               const std::string& user) {
  std::set<Setting> wanted;
  bool has_role = false;
  for (const Setting& setting : settings) {
    // The server loads them before it lets the user in; they are no right of
    // the user's, and their value is a list of another syntax.
    if (absl::EndsWith(setting.name, "_preload_libraries")) continue;
    has_role |= setting.name == "role" && setting.database.empty();
    wanted.insert(setting);
  }
  if (!has_role) wanted.insert({"", "role", user});
  return wanted;
}

absl::Status Make(Session& session, const std::string& twin,
                  const Setting& setting) {
  const bool is_name =
      !setting.name.empty() &&
      std::all_of(setting.name.begin(), setting.name.end(), [](char c) {
        return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '$';
      });
  const std::string message = absl::StrCat(
      "the user's setting ", is_name ? setting.name : "of another name",
      " cannot be copied: take it away, or have somebody who may give it to "
      "the "
      "twin");
  const absl::Status failure = absl::FailedPreconditionError(message);
  if (!is_name) return failure;

  // "a.b" has its quotes around each part.
  std::string name;
  for (const char c : setting.name) {
    name += c == '.' ? std::string("\".\"") : std::string(1, c);
  }
  name = absl::StrCat("\"", name, "\"");
  std::string where;
  if (!setting.database.empty()) {
    const absl::StatusOr<std::string> database =
        session.Identifier(setting.database);
    if (!database.ok()) return database.status();
    where = absl::StrCat(" IN DATABASE ", *database);
  }
  const absl::StatusOr<std::string> value = session.Literal(setting.value);
  if (!value.ok()) return value.status();

  std::string statement =
      absl::StrCat("ALTER ROLE ", twin, where, " SET ", name);
  if (setting.name == "search_path" || setting.name == "temp_tablespaces") {
    // The value is a list of names, which as a literal would be one name and
    // as SQL would be a hole for whoever made the setting. The session has it
    // for a statement that calls nothing.
    statement = absl::StrCat(
        "SELECT pg_catalog.set_config('", setting.name, "', ", *value,
        ", true); ", statement, " FROM CURRENT; ",
        "SELECT pg_catalog.set_config('search_path', 'pg_catalog,pg_temp', "
        "true)");
  } else {
    absl::StrAppend(&statement, " TO ", *value);
  }
  const absl::StatusOr<Session::Answer> answer = session.Run(statement);
  if (!answer.ok()) return answer.status();
  if (answer->sqlstate.empty()) return absl::OkStatus();
  // Of a parameter or value that is no more: it has nothing to do with users.
  if (answer->sqlstate == kSqlstateUndefinedObject ||
      absl::StartsWith(answer->sqlstate, "22")) {
    return failure;
  }
  const absl::Status status = StatusOfSqlstate(answer->sqlstate, kNeedsForTwin);
  return absl::IsPermissionDenied(status) ? absl::PermissionDeniedError(message)
                                          : status;
}

absl::Status EnsureTwinOnce(Session& session, const std::string& user,
                            const std::string& twin, bool* again) {
  absl::Status status = session.Begin();
  if (!status.ok()) return status;

  const absl::StatusOr<std::string> quoted_user = session.Identifier(user);
  if (!quoted_user.ok()) return quoted_user.status();
  const absl::StatusOr<std::string> quoted_twin = session.Identifier(twin);
  if (!quoted_twin.ok()) return quoted_twin.status();
  const std::string mark = absl::StrCat("Keyward: twin of ", *quoted_user);

  auto rows = Query(
      session,
      "SELECT rolreplication, rolconnlimit FROM pg_roles WHERE rolname = $1",
      {user});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return absl::NotFoundError("the target has no user to make a twin of");
  }
  if (rows->size() != 1 || (*rows)[0].size() != 2) return AnswerFitsNothing();
  const bool replicates = (*rows)[0][0] == "t";
  const std::string limit = (*rows)[0][1];
  int limit_number = 0;
  if (!absl::SimpleAtoi(limit, &limit_number)) return AnswerFitsNothing();
  const std::string attributes =
      absl::StrCat(" INHERIT CONNECTION LIMIT ", limit_number,
                   replicates ? " REPLICATION" : "");

  rows = Query(session,
               "SELECT t.rolcanlogin, "
               "coalesce(shobj_description(t.oid, 'pg_authid'), '') = $3, "
               "EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles u "
               "ON u.oid = m.roleid WHERE m.member = t.oid "
               "AND u.rolname = $2), "
               "t.rolinherit AND t.rolconnlimit = $4::int4 "
               "AND t.rolreplication >= $5::bool "
               "FROM pg_roles t WHERE t.rolname = $1",
               {twin, user, mark, limit, replicates ? "t" : "f"});
  if (!rows.ok()) return rows.status();
  if (rows->size() > 1) return AnswerFitsNothing();

  if (rows->empty()) {
    const absl::StatusOr<std::string> comment = session.Literal(mark);
    if (!comment.ok()) return comment.status();
    for (const std::string& statement : {
             absl::StrCat("CREATE ROLE ", *quoted_twin, " LOGIN", attributes,
                          " IN ROLE ", *quoted_user),
             absl::StrCat("COMMENT ON ROLE ", *quoted_twin, " IS ", *comment),
         }) {
      status = Change(session, statement, kNeedsForTwin, again);
      if (!status.ok()) return status;
    }
  } else {
    const std::vector<std::string>& row = (*rows)[0];
    if (row.size() != 4) return AnswerFitsNothing();
    if (row[1] != "t" || row[2] != "t") {
      return absl::AlreadyExistsError(
          "the target has a user of the twin's name that is no twin of the "
          "user: it is not a member of the user's role, or lacks the comment "
          "of a twin");
    }
    if (row[0] != "t") {
      return absl::FailedPreconditionError(
          "somebody has taken LOGIN away from the twin: give it back, or drop "
          "the twin");
    }
    if (row[3] != "t") {
      status =
          Change(session, absl::StrCat("ALTER ROLE ", *quoted_twin, attributes),
                 kNeedsForTwin, again);
      if (!status.ok()) return status;
    }
  }

  const auto settings = ReadSettings(session, user);
  if (!settings.ok()) return settings.status();
  const auto present = ReadSettings(session, twin);
  if (!present.ok()) return present.status();
  for (const Setting& setting : TwinSettings(*settings, user)) {
    if (present->count(setting) != 0) continue;
    status = Make(session, *quoted_twin, setting);
    if (!status.ok()) return status;
  }
  return session.Commit();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> PostgresTarget::Create(
    Endpoint endpoint, const Clock* clock) {
  if (!IsHost(endpoint.host)) {
    return absl::InvalidArgumentError(
        "the host of the target is neither a DNS name nor an address");
  }
  if (!endpoint.server_name.empty() && !IsHost(endpoint.server_name)) {
    return absl::InvalidArgumentError(
        "the name of the target's certificate is neither a DNS name nor an "
        "address");
  }
  if (endpoint.port == 0) {
    return absl::InvalidArgumentError("the target has no port");
  }
  if (endpoint.database.size() > kMaxUserSize || HasNul(endpoint.database)) {
    return absl::InvalidArgumentError(
        "a database of PostgreSQL has at most 63 bytes without NUL");
  }
  if (!endpoint.trusted_certificates.empty()) {
    if (endpoint.plaintext) {
      return absl::InvalidArgumentError(
          "the target has both certificates and a plaintext connection");
    }
    const auto certificates =
        crypto::ParseCertificatesPem(endpoint.trusted_certificates);
    if (!certificates.ok()) return certificates.status();
  }
  return std::unique_ptr<Target>(
      new PostgresTarget(std::move(endpoint), clock));
}

PostgresTarget::PostgresTarget(Endpoint endpoint, const Clock* clock)
    : endpoint_(std::move(endpoint)), clock_(clock) {}

absl::StatusOr<LoginVerdict> PostgresTarget::TryLogin(
    const Credential& credential, SteadyTime deadline) {
  const absl::Status status = CheckCredential(credential);
  if (!status.ok()) return status;
  const absl::StatusOr<Session::Login> login =
      Session::Open(endpoint_, credential, clock_, deadline);
  if (!login.ok()) return login.status();
  switch (login->verdict) {
    case Session::Verdict::kRefused:
      return LoginVerdict::kRefused;
    case Session::Verdict::kBarred:
      return absl::FailedPreconditionError(
          "the target does not let the user in, whatever its password: see its "
          "pg_hba.conf, and whether the user has LOGIN (SQLSTATE 28000)");
    case Session::Verdict::kOpen:
      break;
  }
  const auto rows = Query(*login->session, "SELECT 1");
  if (!rows.ok()) return rows.status();
  if (rows->size() != 1) return AnswerFitsNothing();
  return LoginVerdict::kAccepted;
}

absl::Status PostgresTarget::SetPassword(const Credential& as,
                                         const Credential& fresh,
                                         SteadyTime deadline) {
  absl::Status status = CheckCredential(as);
  if (status.ok()) status = CheckFresh(fresh);
  if (!status.ok()) return status;
  return Attempt(as, deadline, [&](Session::Login& login, bool* again) {
    return SetPasswordOnce(login, as, fresh, deadline, again);
  });
}

absl::Status PostgresTarget::SetPasswordOnce(Session::Login& login,
                                             const Credential& as,
                                             const Credential& fresh,
                                             SteadyTime deadline, bool* again) {
  if (login.verdict != Session::Verdict::kOpen) {
    // A user that changed its own password, and did not learn that it has,
    // cannot log in with the old one to do it again.
    if (login.verdict == Session::Verdict::kRefused && as.user == fresh.user) {
      const absl::StatusOr<LoginVerdict> done = TryLogin(fresh, deadline);
      if (!done.ok()) return done.status();
      if (*done == LoginVerdict::kAccepted) return absl::OkStatus();
    }
    return LoginRefused(login.verdict);
  }
  Session& session = *login.session;
  absl::Status status = BeginPasswordChange(session, as, fresh.user);
  if (!status.ok()) return status;

  const absl::StatusOr<RoleState> role = ReadRole(session, fresh.user);
  if (!role.ok()) return role.status();
  if (!role->exists) return absl::NotFoundError("the target has no such user");
  if (!role->can_log_in) {
    return absl::FailedPreconditionError(
        "no password lets the user in: it has no LOGIN");
  }
  if (role->expired) {
    return absl::FailedPreconditionError(
        "no password lets the user in: its passwords have expired (VALID "
        "UNTIL)");
  }

  const absl::StatusOr<std::string> user = session.Identifier(fresh.user);
  if (!user.ok()) return user.status();
  const absl::StatusOr<std::string> verifier =
      session.ScramVerifier(fresh.user, fresh.password);
  if (!verifier.ok()) return verifier.status();
  const absl::StatusOr<std::string> literal = session.Literal(*verifier);
  if (!literal.ok()) return literal.status();
  status = Change(session,
                  absl::StrCat("ALTER ROLE ", *user, " PASSWORD ", *literal),
                  kNeedsForPassword, again);
  if (!status.ok()) return status;
  return session.Commit();
}

absl::Status PostgresTarget::RetirePassword(const Credential& as,
                                            const Credential& old,
                                            SteadyTime deadline) {
  absl::Status status = CheckCredential(as);
  if (status.ok()) status = CheckCredential(old);
  if (!status.ok()) return status;
  return Attempt(as, deadline, [&](Session::Login& login, bool* again) {
    return RetirePasswordOnce(login, as, old, deadline, again);
  });
}

absl::Status PostgresTarget::RetirePasswordOnce(Session::Login& login,
                                                const Credential& as,
                                                const Credential& old,
                                                SteadyTime deadline,
                                                bool* again) {
  if (login.verdict != Session::Verdict::kOpen) {
    // A user that retires its own password cannot do so twice.
    if (login.verdict == Session::Verdict::kRefused && as.user == old.user &&
        as.password.Equals(old.password)) {
      return absl::OkStatus();
    }
    return LoginRefused(login.verdict);
  }
  Session& session = *login.session;
  absl::Status status = BeginPasswordChange(session, as, old.user);
  if (!status.ok()) return status;

  const absl::StatusOr<RoleState> role = ReadRole(session, old.user);
  if (!role.ok()) return role.status();
  if (!role->exists) return absl::OkStatus();
  if (role->expired) {
    return absl::FailedPreconditionError(
        "whether this is the user's password cannot be told, since its "
        "passwords have expired (VALID UNTIL): lift that, or take the "
        "password away");
  }

  const absl::StatusOr<std::string> user = session.Identifier(old.user);
  if (!user.ok()) return user.status();
  status = Change(session, absl::StrCat("ALTER ROLE ", *user, " PASSWORD NULL"),
                  kNeedsForPassword, again);
  if (!status.ok()) return status;

  // From here on nobody else can change the role; others still see it as it
  // was.
  const absl::StatusOr<LoginVerdict> current = TryLogin(old, deadline);
  if (!current.ok()) return current.status();
  if (*current == LoginVerdict::kRefused) return absl::OkStatus();
  return session.Commit();
}

absl::Status PostgresTarget::EnsureTwin(const Credential& as,
                                        absl::string_view user,
                                        absl::string_view twin,
                                        SteadyTime deadline) {
  absl::Status status = CheckCredential(as);
  if (status.ok()) status = CheckUser(user);
  if (status.ok()) status = CheckUser(twin);
  if (!status.ok()) return status;
  if (user == twin) {
    return absl::InvalidArgumentError("a user is not its own twin");
  }
  return Attempt(as, deadline, [&](Session::Login& login, bool* again) {
    if (login.verdict != Session::Verdict::kOpen) {
      return LoginRefused(login.verdict);
    }
    return EnsureTwinOnce(*login.session, std::string(user), std::string(twin),
                          again);
  });
}

absl::Status PostgresTarget::Attempt(
    const Credential& as, SteadyTime deadline,
    const std::function<absl::Status(Session::Login& login, bool* again)>&
        change) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Session::Login> login =
        Session::Open(endpoint_, as, clock_, deadline);
    if (!login.ok()) return login.status();
    bool again = false;
    const absl::Status status = change(*login, &again);
    if (!again || attempt == kAttempts) return status;
  }
}

}  // namespace keyward::target
