// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_MYSQL_MYSQL_TARGET_H_
#define KEYWARD_LIBS_TARGET_MYSQL_MYSQL_TARGET_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/random.h"
#include "libs/target/target.h"

namespace keyward::target {

// The accounts of a MariaDB server, 10.4 or later; mysql_session.h says how it
// is connected to and why so strictly. An account has one password, so setting
// one ends the one before. MySQL is refused (FAILED_PRECONDITION): its accounts
// use caching_sha2_password.
//
// Users are accounts, USER@HOST or USER for USER@% (account.h). A login sends
// USER; the server picks the account, by where the login comes from, and says
// which. One that is let in as another account than the one named is
// FAILED_PRECONDITION: its password says nothing of this one's.
//
// Accounts with the plugin mysql_native_password, and with ed25519 for
// passwords of 32 bytes (kEd25519PasswordSize), where MariaDB's scheme is the
// public one of Ed25519 and its verifier can be computed here.
// FAILED_PRECONDITION, naming the plugin, for others and for accounts that may
// log in in several ways: a password taken out of use would leave the other way
// open. An account keeps its plugin. mysql_native_password is SHA-1 twice
// without salt: whoever reads the server's tables can try passwords quickly,
// which only long random ones stand.
//
// Passwords have 1 to kMaxPasswordSize bytes without NUL; FAILED_PRECONDITION
// otherwise.
//
// The administrator needs CREATE USER and SELECT on the database mysql; for a
// twin also all that is granted to the user, WITH GRANT OPTION or WITH ADMIN
// OPTION, and UPDATE on the database mysql if the user has a default role. A
// user may change its own password and needs nothing.
//
// A server with read_only is not changed, not even by an administrator that
// could: it would differ from its primary. A server that the deadline passes at
// makes no change after it (MysqlSession::Change).
//
// TryLogin: with an account that is locked FAILED_PRECONDITION, since the
// server says so only if the password is right. An expired password is refused.
// An account that requires a client certificate (REQUIRE X509), and on a
// plaintext connection one with REQUIRE SSL or a server with
// require_secure_transport, refuses every login of this driver with the code of
// a wrong password: kRefused.
class MysqlTarget final : public Target {
 public:
  static constexpr size_t kMaxPasswordSize = 1024;
  static constexpr size_t kEd25519PasswordSize = 32;

  // INVALID_ARGUMENT unless the host and the server's name are names or
  // addresses, there is a port and no database (accounts belong to the server),
  // and the certificates parse (there are none on a plaintext connection).
  // FAILED_PRECONDITION if the environment would load plugins into the client.
  // `random` and `clock` outlive the target.
  static absl::StatusOr<std::unique_ptr<Target>> Create(
      Endpoint endpoint, crypto::RandomSource* random, const Clock* clock);

  OldPassword old_password() const override { return OldPassword::kEnds; }

  absl::StatusOr<LoginVerdict> TryLogin(const Credential& credential,
                                        SteadyTime deadline) override;

  // The server gets a hash. It is durable as far as the server's table of
  // accounts is.
  absl::Status SetPassword(const Credential& as, const Credential& fresh,
                           SteadyTime deadline) override;

  // A hash that belongs to no password that anybody knows; the account is not
  // locked, so that the next SetPassword makes it work again. Whether the
  // password is still this one is seen from its hash: an administrator's change
  // is made by a statement that looks again, just before, so that a newer
  // password is not taken away. A user that retires its own password has the
  // look only, before the statement.
  absl::Status RetirePassword(const Credential& as, const Credential& old,
                              SteadyTime deadline) override;

  // MariaDB's users inherit nothing, so grants, roles, default role, limits,
  // expiry and requirements (REQUIRE) of `user` are copied, and what the twin
  // has beyond them is taken away. What is granted to `user` later is lacking
  // until the next call. Views and routines belong to whom the login that made
  // them names as DEFINER: to the twin, which keeps the same rights.
  //
  // A twin is known by a role without rights that is granted to it, and whose
  // name (keyward_twin_...) is a hash of both accounts: making or granting it
  // takes an administrator, so the owner of an account cannot have it taken for
  // a twin. The administrator who makes a twin becomes the role's. A twin is
  // born with REQUIRE SUBJECT of that name, which also takes an administrator,
  // keeps everybody out, and lets the next call finish one that was cut short.
  absl::Status EnsureTwin(const Credential& as, absl::string_view user,
                          absl::string_view twin, SteadyTime deadline) override;

 private:
  MysqlTarget(Endpoint endpoint, crypto::RandomSource* random,
              const Clock* clock);

  const Endpoint endpoint_;
  crypto::RandomSource* const random_;
  const Clock* const clock_;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_MYSQL_MYSQL_TARGET_H_
