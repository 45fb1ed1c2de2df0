// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_REDIS_REDIS_TARGET_H_
#define KEYWARD_LIBS_TARGET_REDIS_REDIS_TARGET_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/target/target.h"

namespace keyward::target {

// Whether a change must be where the server finds it at its next start.
enum class RedisDurability {
  // SetPassword and the others write the server's file of users (ACL SAVE), or
  // its configuration file if it has no other (CONFIG REWRITE). A server that
  // has neither is FAILED_PRECONDITION before anything changes: at its restart
  // the value read as `current` would be refused.
  kSaved,
  // Only the running server is changed. For servers whose users are kept
  // elsewhere, such as those of a provider that has no CONFIG. Whoever says so
  // answers for it that a restart finds the present password.
  kInMemory,
};

// Users of a Redis server (its ACLs), version 6 or later. Users have several
// passwords there, so a rotation has no window: old_password() is kStays.
//
// What is sent. A password only in AUTH, which Redis keeps out of MONITOR and
// SLOWLOG; SetPassword and RetirePassword send its SHA-256, computed here,
// which is all that Redis itself keeps.
//
// Rights of `as`, named by PERMISSION_DENIED: +acl|getuser and +acl|setuser; to
// save, +config|get and +acl|save, or else +config|get, +info, +acl|list and
// +config|rewrite. A user with +acl|setuser can give itself everything, so a
// user that changes its own password is an administrator: the two are best
// told apart.
//
// One server. Redis copies ACLs neither to replicas nor between the nodes of a
// cluster: each node that readers may be led to, by a failover too, needs a
// rotation of its own with the same secret's value, or an `aclfile` that is
// brought there. A replica takes a change of ACLs even if it is read-only, and
// for itself alone.
//
// Saving writes all users and, for CONFIG REWRITE, all settings as they are in
// memory, with what others have changed and not saved. It is refused
// (FAILED_PRECONDITION) where CONFIG REWRITE would write a user or a rule with
// a quote in it, or a user without a name, which the server does not read back:
// it would not start again.
//
// Connections. One that has logged in stays so whatever becomes of the
// password, until it ends: RetirePassword bars logins, not connections.
//
// How many passwords. A rotation that goes on after a crash sets the same
// password and adds none; one that is abandoned leaves its own, which works
// until RetirePassword is called for it. Redis has no bound. SetPassword adds
// none to kMaxPasswords or more (FAILED_PRECONDITION).
//
// Races with another administrator. If the user has a password, SetPassword
// changes it in one step that fails once that password or the user is gone. If
// it has none, which no login then had either, a user deleted in that moment
// comes into being again: off, with no rights, and it is UNAVAILABLE.
class RedisTarget final : public Target {
 public:
  // Of one user, the mark of a twin not counted.
  static constexpr size_t kMaxPasswords = 16;

  // Redis ends the connection of a login with a longer one.
  static constexpr size_t kMaxPasswordSize = 16 << 10;

  // A bound of ours: Redis has none.
  static constexpr size_t kMaxUserSize = 255;

  // `clock` must outlive the target.
  RedisTarget(Endpoint endpoint, RedisDurability durability,
              const Clock& clock);

  OldPassword old_password() const override { return OldPassword::kStays; }

  // Says kAccepted of any password of a user that is `nopass`: the server lets
  // it in. INVALID_ARGUMENT for a user that Redis cannot have: empty, above
  // kMaxUserSize, with a space of ASCII's six or a NUL. FAILED_PRECONDITION for
  // a password above kMaxPasswordSize.
  absl::StatusOr<LoginVerdict> TryLogin(const Credential& credential,
                                        SteadyTime deadline) override;

  // FAILED_PRECONDITION also if the user is off (it could not log in), if it is
  // `nopass` (it would cease to be, and readers with any other password be
  // refused), and if the password is empty or too long.
  absl::Status SetPassword(const Credential& as, const Credential& fresh,
                           SteadyTime deadline) override;

  // FAILED_PRECONDITION also if the user is `nopass`: any password works.
  absl::Status RetirePassword(const Credential& as, const Credential& old,
                              SteadyTime deadline) override;

  // A twin is a user with the mark of one among its passwords (TwinMark in
  // acl_user.h); a user without is somebody else's, whatever its rules. Rules
  // are made those of `user` exactly: what the twin had besides is gone.
  // FAILED_PRECONDITION also if either is off, or `user` has rules of a kind
  // that this version does not know. INVALID_ARGUMENT if both are one user.
  //
  // A user made by somebody else in the same moment gets the mark at most, and
  // that is taken away again.
  absl::Status EnsureTwin(const Credential& as, absl::string_view user,
                          absl::string_view twin, SteadyTime deadline) override;

 private:
  const Endpoint endpoint_;
  const RedisDurability durability_;
  const Clock& clock_;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_REDIS_REDIS_TARGET_H_
