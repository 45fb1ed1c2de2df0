// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/mysql_target.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "libs/base/hex.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/sha1.h"
#include "libs/crypto/sha256.h"
#include "libs/crypto/x509.h"
#include "libs/target/address_lookup.h"
#include "libs/target/mysql/account.h"
#include "libs/target/mysql/account_text.h"
#include "libs/target/mysql/error_code.h"
#include "libs/target/mysql/mysql_session.h"

namespace keyward::target {
namespace {

using Session = MysqlSession;

constexpr char kNative[] = "mysql_native_password";
constexpr char kEd25519[] = "ed25519";

constexpr char kNeedsForPassword[] =
    "CREATE USER, and SELECT on the database mysql, for another's password";
constexpr char kNeedsForTwin[] =
    "CREATE USER, SELECT and UPDATE on the database mysql, and for a twin all "
    "that its user has, WITH GRANT OPTION or WITH ADMIN OPTION";

absl::Status CheckPassword(const crypto::SecretBuffer& password) {
  // An empty one would have Connector/C look for another in the environment.
  if (password.empty() || password.size() > MysqlTarget::kMaxPasswordSize ||
      password.ExposeSecret().find('\0') != absl::string_view::npos) {
    return absl::FailedPreconditionError(
        absl::StrCat("a password of MariaDB has 1 to ",
                     MysqlTarget::kMaxPasswordSize, " bytes without NUL"));
  }
  return absl::OkStatus();
}

absl::Status ReadOnly() {
  return absl::FailedPreconditionError(
      "the target is read-only, a replica or set to be: point the connector at "
      "the primary, or end the read-only state");
}

absl::Status NoSuchUser() {
  return absl::NotFoundError("the target has no such account");
}

bool IsNoSuchUser(unsigned code) {
  return code == kMysqlNoSuchUser || code == kMysqlNoSuchGrant;
}

// Logs in to change something.
absl::StatusOr<std::unique_ptr<Session>> LogIn(const Endpoint& endpoint,
                                               const MysqlAccount& account,
                                               const Credential& as,
                                               const Clock* clock,
                                               SteadyTime deadline) {
  absl::StatusOr<Session::Login> login =
      Session::Open(endpoint, account, as.password, clock, deadline);
  if (!login.ok()) return login.status();
  if (login->verdict != Session::Verdict::kOpen) {
    return absl::UnauthenticatedError(absl::StrCat(
        "the target refuses the login that makes the change: ",
        login->verdict == Session::Verdict::kBarred
            ? "its account is locked"
            : "the password is not the user's or has expired, or there is no "
              "such user",
        " (error ", login->code, ")"));
  }
  if (login->session->read_only()) return ReadOnly();
  return std::move(login->session);
}

// Runs a statement that has to work.
absl::Status Change(Session& session, absl::string_view statement,
                    absl::string_view right) {
  const absl::StatusOr<Session::Answer> answer = session.Change(statement);
  if (!answer.ok()) return answer.status();
  if (answer->code == 0) return absl::OkStatus();
  return StatusOfMysqlCode(answer->code, right);
}

// The account, or nothing if it is not there.
absl::StatusOr<absl::optional<AccountText>> ReadAccount(
    Session& session, const MysqlAccount& account, absl::string_view right) {
  const absl::StatusOr<Session::Answer> answer =
      session.Run(absl::StrCat("SHOW CREATE USER ", account.Quoted()));
  if (!answer.ok()) return answer.status();
  if (IsNoSuchUser(answer->code)) return absl::optional<AccountText>();
  if (answer->code != 0) return StatusOfMysqlCode(answer->code, right);
  if (answer->rows.size() != 1 || answer->rows[0].size() != 1) {
    return absl::InternalError("the target's answer fits nothing");
  }
  absl::StatusOr<AccountText> text =
      ParseCreateUser(answer->rows[0][0], account);
  if (!text.ok()) return text.status();
  return absl::optional<AccountText>(*std::move(text));
}

absl::StatusOr<Grants> ReadGrants(Session& session, const MysqlAccount& account,
                                  const AccountText& text) {
  const absl::StatusOr<Session::Answer> answer =
      session.Run(absl::StrCat("SHOW GRANTS FOR ", account.Quoted()));
  if (!answer.ok()) return answer.status();
  if (IsNoSuchUser(answer->code)) return NoSuchUser();
  if (answer->code != 0) return StatusOfMysqlCode(answer->code, kNeedsForTwin);
  std::vector<std::string> lines;
  for (const std::vector<std::string>& row : answer->rows) {
    if (row.size() != 1) {
      return absl::InternalError("the target's answer fits nothing");
    }
    lines.push_back(row[0]);
  }
  return ParseGrants(lines, text.quoted);
}

absl::Status CheckPlugin(const AccountText& account) {
  if (!account.other_plugins.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the account may log in in several ways, of which one can be rotated "
        "only if it is the only one: ",
        account.plugin, " or ", account.other_plugins[0]));
  }
  if (account.plugin != kNative && account.plugin != kEd25519) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the account's authentication plugin is not supported: ",
        account.plugin, "; mysql_native_password and ed25519 are"));
  }
  return absl::OkStatus();
}

// What a plugin stores for a password.
absl::StatusOr<std::string> Verifier(absl::string_view plugin,
                                     const crypto::SecretBuffer& password) {
  if (plugin == kNative) {
    const crypto::SecretBuffer once =
        crypto::Sha1OfSecret(password.ExposeSecret());
    const crypto::SecretBuffer twice =
        crypto::Sha1OfSecret(once.ExposeSecret());
    return absl::StrCat("*",
                        absl::AsciiStrToUpper(HexEncode(twice.ExposeSecret())));
  }
  if (password.size() != MysqlTarget::kEd25519PasswordSize) {
    return absl::FailedPreconditionError(
        "the account's authentication plugin is ed25519, for which passwords "
        "of 32 bytes are supported and no others");
  }
  const auto signer = crypto::Ed25519Signer::FromSeed(password);
  if (!signer.ok()) return signer.status();
  std::string verifier = absl::Base64Escape((*signer)->public_key());
  // The server stores it without.
  return std::string(absl::StripSuffix(verifier, "="));
}

// A verifier of no password that is known to anybody.
absl::StatusOr<std::string> DeadVerifier(absl::string_view plugin,
                                         crypto::RandomSource& random) {
  const absl::StatusOr<crypto::SecretBuffer> secret =
      crypto::RandomKey(MysqlTarget::kEd25519PasswordSize, random);
  if (!secret.ok()) return secret.status();
  return Verifier(plugin, *secret);
}

std::string SetVerifier(const MysqlAccount& account, absl::string_view plugin,
                        absl::string_view verifier, bool own) {
  // Another's password takes CREATE USER, one's own nothing, but not by the
  // same statement.
  if (own) return absl::StrCat("SET PASSWORD = ", QuoteMysqlString(verifier));
  return absl::StrCat("ALTER USER ", account.Quoted(), " IDENTIFIED VIA ",
                      plugin, " USING ", QuoteMysqlString(verifier));
}

// The mark of the twin of `user`.
std::string TwinMark(const MysqlAccount& user, const MysqlAccount& twin) {
  const std::string user_name = user.Name();
  const std::string twin_name = twin.Name();
  const crypto::Sha256Digest digest =
      crypto::Sha256({user_name, absl::string_view("\0", 1), twin_name});
  return absl::StrCat("keyward_twin_",
                      HexEncode(crypto::AsBytes(digest).substr(0, 20)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> MysqlTarget::Create(
    Endpoint endpoint, crypto::RandomSource* random, const Clock* clock) {
  if (!IsHost(endpoint.host)) {
    return absl::InvalidArgumentError(
        "the host of a target is a name or an address");
  }
  if (!endpoint.server_name.empty() && !IsHost(endpoint.server_name)) {
    return absl::InvalidArgumentError(
        "the server's name of a target is a name or an address");
  }
  if (endpoint.port == 0) {
    return absl::InvalidArgumentError("a target has a port");
  }
  if (!endpoint.database.empty()) {
    return absl::InvalidArgumentError(
        "a MariaDB target has no database: its accounts belong to the server");
  }
  if (!endpoint.trusted_certificates.empty()) {
    if (endpoint.plaintext) {
      return absl::InvalidArgumentError(
          "a plaintext connection has no certificates");
    }
    const auto parsed =
        crypto::ParseCertificatesPem(endpoint.trusted_certificates);
    if (!parsed.ok()) return parsed.status();
  }
  const absl::Status status = MysqlSession::CheckEnvironment();
  if (!status.ok()) return status;
  return std::unique_ptr<Target>(
      new MysqlTarget(std::move(endpoint), random, clock));
}

MysqlTarget::MysqlTarget(Endpoint endpoint, crypto::RandomSource* random,
                         const Clock* clock)
    : endpoint_(std::move(endpoint)), random_(random), clock_(clock) {}

absl::StatusOr<LoginVerdict> MysqlTarget::TryLogin(const Credential& credential,
                                                   SteadyTime deadline) {
  const auto account = ParseMysqlAccount(credential.user);
  if (!account.ok()) return account.status();
  const absl::Status status = CheckPassword(credential.password);
  if (!status.ok()) return status;
  const absl::StatusOr<Session::Login> login =
      Session::Open(endpoint_, *account, credential.password, clock_, deadline);
  if (!login.ok()) return login.status();
  switch (login->verdict) {
    case Session::Verdict::kOpen:
      return LoginVerdict::kAccepted;
    case Session::Verdict::kRefused:
      return LoginVerdict::kRefused;
    case Session::Verdict::kBarred:
      break;
  }
  return StatusOfMysqlCode(login->code, "");
}

absl::Status MysqlTarget::SetPassword(const Credential& as,
                                      const Credential& fresh,
                                      SteadyTime deadline) {
  const auto as_account = ParseMysqlAccount(as.user);
  if (!as_account.ok()) return as_account.status();
  const auto account = ParseMysqlAccount(fresh.user);
  if (!account.ok()) return account.status();
  absl::Status status = CheckPassword(as.password);
  if (status.ok()) status = CheckPassword(fresh.password);
  if (!status.ok()) return status;

  const auto session = LogIn(endpoint_, *as_account, as, clock_, deadline);
  if (!session.ok()) return session.status();
  const auto text = ReadAccount(**session, *account, kNeedsForPassword);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return NoSuchUser();
  status = CheckPlugin(**text);
  if (!status.ok()) return status;
  const auto verifier = Verifier((*text)->plugin, fresh.password);
  if (!verifier.ok()) return verifier.status();
  const auto answer = (*session)->Change(SetVerifier(
      *account, (*text)->plugin, *verifier, *as_account == *account));
  if (!answer.ok()) return answer.status();
  if (answer->code == 0) return absl::OkStatus();
  if (IsNoSuchUser(answer->code)) return NoSuchUser();
  // One code for an account that was dropped meanwhile, and for rules.
  if (answer->code == kMysqlCannotUser) {
    const auto still = ReadAccount(**session, *account, kNeedsForPassword);
    if (!still.ok()) return still.status();
    if (!still->has_value()) return NoSuchUser();
    return absl::FailedPreconditionError(
        "the target refuses a password hash: turn its rule "
        "strict_password_validation off (error 1396)");
  }
  return StatusOfMysqlCode(answer->code, kNeedsForPassword);
}

absl::Status MysqlTarget::RetirePassword(const Credential& as,
                                         const Credential& old,
                                         SteadyTime deadline) {
  const auto as_account = ParseMysqlAccount(as.user);
  if (!as_account.ok()) return as_account.status();
  const auto account = ParseMysqlAccount(old.user);
  if (!account.ok()) return account.status();
  absl::Status status = CheckPassword(as.password);
  if (status.ok()) status = CheckPassword(old.password);
  if (!status.ok()) return status;

  const auto session = LogIn(endpoint_, *as_account, as, clock_, deadline);
  if (!session.ok()) return session.status();
  const auto text = ReadAccount(**session, *account, kNeedsForPassword);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return absl::OkStatus();
  status = CheckPlugin(**text);
  if (!status.ok()) return status;
  const auto verifier = Verifier((*text)->plugin, old.password);
  if (!verifier.ok()) return verifier.status();
  if ((*text)->verifier != *verifier) return absl::OkStatus();
  const auto dead = DeadVerifier((*text)->plugin, *random_);
  if (!dead.ok()) return dead.status();

  const bool own = *as_account == *account;
  const std::string condition =
      own ? "TRUE"
          : absl::StrCat(
                "SELECT JSON_VALUE(Priv, '$.authentication_string') = ",
                QuoteMysqlString(*verifier),
                " FROM mysql.global_priv WHERE User = ",
                QuoteMysqlString(account->user), " AND LOWER(Host) = ",
                QuoteMysqlString(absl::AsciiStrToLower(account->host)));
  const auto answer = (*session)->Change(
      SetVerifier(*account, (*text)->plugin, *dead, own), condition);
  if (!answer.ok()) return answer.status();
  if (answer->code == 0) return absl::OkStatus();
  if (answer->code == kMysqlOvertaken) {
    const auto newer = ReadAccount(**session, *account, kNeedsForPassword);
    if (!newer.ok()) return newer.status();
    if (!newer->has_value() || (*newer)->verifier != *verifier) {
      return absl::OkStatus();
    }
    return absl::InternalError("the target has two words for one account");
  }
  if (answer->code == kMysqlCannotUser) {
    const auto still = ReadAccount(**session, *account, kNeedsForPassword);
    if (!still.ok()) return still.status();
    if (!still->has_value()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "the target refuses a password hash: turn its rule "
        "strict_password_validation off (error 1396)");
  }
  return StatusOfMysqlCode(answer->code, kNeedsForPassword);
}

absl::Status MysqlTarget::EnsureTwin(const Credential& as,
                                     absl::string_view user,
                                     absl::string_view twin,
                                     SteadyTime deadline) {
  const auto as_account = ParseMysqlAccount(as.user);
  if (!as_account.ok()) return as_account.status();
  const auto user_account = ParseMysqlAccount(user);
  if (!user_account.ok()) return user_account.status();
  const auto twin_account = ParseMysqlAccount(twin);
  if (!twin_account.ok()) return twin_account.status();
  if (*user_account == *twin_account) {
    return absl::InvalidArgumentError("a user is not its own twin");
  }
  absl::Status status = CheckPassword(as.password);
  if (!status.ok()) return status;
  const auto opened = LogIn(endpoint_, *as_account, as, clock_, deadline);
  if (!opened.ok()) return opened.status();
  Session& session = **opened;

  const auto user_text = ReadAccount(session, *user_account, kNeedsForTwin);
  if (!user_text.ok()) return user_text.status();
  if (!user_text->has_value()) return NoSuchUser();
  status = CheckPlugin(**user_text);
  if (!status.ok()) return status;
  absl::StatusOr<Grants> want = ReadGrants(session, *user_account, **user_text);
  if (!want.ok()) return want.status();

  const std::string mark = TwinMark(*user_account, *twin_account);
  const std::string role = absl::StrCat("`", mark, "`");
  const std::string birth = absl::StrCat("SUBJECT ", QuoteMysqlString(mark));
  auto twin_text = ReadAccount(session, *twin_account, kNeedsForTwin);
  if (!twin_text.ok()) return twin_text.status();
  if (!twin_text->has_value()) {
    const auto dead = DeadVerifier((*user_text)->plugin, *random_);
    if (!dead.ok()) return dead.status();
    // Fails if somebody else makes one now: then it has not this mark.
    const auto made = session.Change(
        absl::StrCat("CREATE USER ", twin_account->Quoted(), " IDENTIFIED VIA ",
                     (*user_text)->plugin, " USING ", QuoteMysqlString(*dead),
                     " REQUIRE ", birth));
    if (!made.ok()) return made.status();
    if (made->code != 0 && made->code != kMysqlCannotUser) {
      return StatusOfMysqlCode(made->code, kNeedsForTwin);
    }
    twin_text = ReadAccount(session, *twin_account, kNeedsForTwin);
    if (!twin_text.ok()) return twin_text.status();
    if (!twin_text->has_value()) {
      return absl::InternalError("the target did not make the twin");
    }
  }
  absl::StatusOr<Grants> have = ReadGrants(session, *twin_account, **twin_text);
  if (!have.ok()) return have.status();
  const bool marked = have->roles.count(role) > 0;
  if (!marked && (*twin_text)->require != birth) {
    return absl::AlreadyExistsError(
        "the target has an account of the twin's name that Keyward has not "
        "made as this user's twin: remove or rename it");
  }
  if (!marked) {
    status = Change(session, absl::StrCat("CREATE ROLE IF NOT EXISTS ", role),
                    kNeedsForTwin);
    if (!status.ok()) return status;
    status = Change(
        session, absl::StrCat("GRANT ", role, " TO ", twin_account->Quoted()),
        kNeedsForTwin);
    if (!status.ok()) return status;
  }
  have->roles.erase(role);

  for (const std::string& statement :
       GrantChanges(*want, *have, twin_account->Quoted())) {
    status = Change(session, statement, kNeedsForTwin);
    if (!status.ok()) return status;
  }
  // Last: until then nobody can log in as a new twin.
  const std::string options = OptionChange(**user_text, **twin_text);
  if (options.empty()) return absl::OkStatus();
  return Change(session,
                absl::StrCat("ALTER USER ", twin_account->Quoted(), options),
                kNeedsForTwin);
}

}  // namespace keyward::target
