// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_TARGET_H_
#define KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_TARGET_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/target/postgres/postgres_session.h"
#include "libs/target/target.h"

namespace keyward::target {

// The roles of a PostgreSQL server, 11 or later (10 on a plaintext connection);
// postgres_session.h says how it is connected to and why so strictly. A role
// has one password, so setting one ends the one before.
//
// Users are roles with 1 to 63 bytes, which the server would cut longer ones
// to, without NUL, and other than "public" and "none", which mean something
// else in statements: INVALID_ARGUMENT otherwise. Any other byte is allowed
// that the database's encoding allows.
//
// Passwords that are set consist of 1 to kMaxPasswordSize printable ASCII
// characters: libraries prepare others in different ways (SASLprep, RFC 4013)
// before they compute with them, so that one could log in and another not.
// Those of logins that exist may have any byte but NUL. FAILED_PRECONDITION
// otherwise.
//
// The administrator needs CREATEROLE, and since PostgreSQL 16 ADMIN OPTION for
// each user; for a superuser's password a superuser. A user may change its own.
//
// TryLogin gives no verdict, but FAILED_PRECONDITION, where the server refuses
// the user whatever the password: pg_hba.conf, which a twin has to be in as
// well, or a role without LOGIN. With 28P01 it says itself that it is about the
// password or the user. PERMISSION_DENIED if the user may not connect to the
// endpoint's database, which is "postgres" if empty.
class PostgresTarget final : public Target {
 public:
  static constexpr size_t kMaxUserSize = 63;
  static constexpr size_t kMaxPasswordSize = 1024;

  // INVALID_ARGUMENT unless the host and the server's name are names or
  // addresses, there is a port, the database has at most 63 bytes without NUL,
  // and the certificates parse (there are none on a plaintext connection).
  // `clock` outlives the target.
  static absl::StatusOr<std::unique_ptr<Target>> Create(Endpoint endpoint,
                                                        const Clock* clock);

  OldPassword old_password() const override { return OldPassword::kEnds; }

  absl::StatusOr<LoginVerdict> TryLogin(const Credential& credential,
                                        SteadyTime deadline) override;

  // The server gets a SCRAM-SHA-256 verifier, in a transaction that is
  // committed with synchronous_commit=on. FAILED_PRECONDITION, before anything
  // is changed, if the role has no LOGIN or its passwords have expired (VALID
  // UNTIL): no password would work.
  absl::Status SetPassword(const Credential& as, const Credential& fresh,
                           SteadyTime deadline) override;

  // PASSWORD NULL. Whether the password is still this one is found out by a
  // login while the change is made and not committed, which holds up every
  // other change of the role: a newer password is never taken away, whoever
  // sets it. FAILED_PRECONDITION if the role's passwords have expired, since
  // then no login tells.
  absl::Status RetirePassword(const Credential& as, const Credential& old,
                              SteadyTime deadline) override;

  // A role with LOGIN, INHERIT and the limits of `user`, which is a member of
  // `user` and takes its part at each login (its setting `role`, that of `user`
  // if it has one), so that attributes apply and new objects belong to `user`.
  // The other settings of `user` (search_path and so on) are copied, except for
  // those that load libraries.
  //
  // It is known as a twin by being a member and by a comment on it: its own
  // rights suffice for neither, and the one without the other is not enough. A
  // twin whose LOGIN was taken away is left so: FAILED_PRECONDITION.
  //
  // A session that says SET ROLE NONE makes objects of the twin's own.
  absl::Status EnsureTwin(const Credential& as, absl::string_view user,
                          absl::string_view twin, SteadyTime deadline) override;

 private:
  PostgresTarget(Endpoint endpoint, const Clock* clock);

  // Logs in as `as` and makes a change, and both again, a few times, while the
  // change says that another session's got in its way.
  absl::Status Attempt(
      const Credential& as, SteadyTime deadline,
      const std::function<absl::Status(PostgresSession::Login& login,
                                       bool* again)>& change);
  absl::Status SetPasswordOnce(PostgresSession::Login& login,
                               const Credential& as, const Credential& fresh,
                               SteadyTime deadline, bool* again);
  absl::Status RetirePasswordOnce(PostgresSession::Login& login,
                                  const Credential& as, const Credential& old,
                                  SteadyTime deadline, bool* again);

  const Endpoint endpoint_;
  const Clock* const clock_;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_POSTGRES_POSTGRES_TARGET_H_
