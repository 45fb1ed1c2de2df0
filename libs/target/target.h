// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_TARGET_H_
#define KEYWARD_LIBS_TARGET_TARGET_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::target {

// Where a target system is and how its server proves who it is. All of it is
// from a connector, which needs rights of its own to be made, and nothing from
// a secret: whoever may write a secret must not choose where its
// administrator's password is sent.
struct Endpoint {
  // A name of the DNS or an address.
  std::string host;
  uint16_t port = 0;

  // The certificates (PEM) of the authorities that the server's own must come
  // from, and the name that it must bear; `host` if empty. With no authority
  // those of the system count.
  std::string trusted_certificates;
  std::string server_name;

  // Sends passwords in the clear. Only a connector that says so itself.
  bool plaintext = false;

  // The database that is connected to, where the target has several; kinds
  // whose users belong to the whole server refuse one.
  std::string database;
};

// A login of the target.
struct Credential {
  std::string user;
  crypto::SecretBuffer password;
};

enum class LoginVerdict {
  kAccepted,
  // By the target itself, because of the user or the password. A target that is
  // full, starting or away has said nothing about either, nor has one that
  // locks the user out for another reason: that is an error.
  kRefused,
};

// What setting a password does to the one before it.
enum class OldPassword {
  // It is refused from then on: until readers have the new one, there is a
  // window in which their logins fail.
  kEnds,
  // Both work until the old one is retired: there is no window.
  kStays,
};

// A system whose credentials are rotated: a database server, or anything that
// knows users by passwords. One implementation a kind.
//
// It keeps nothing between calls, neither connections nor what it has found
// out, so that a rotation that goes on after a crash sees what the target says
// now. Every method connects, does one thing, and closes.
//
// Each may be called again after a failure, or after a crash in the middle of
// it, with the same arguments, and then ends as one call would have.
//
// Methods block, at most until `deadline`; safe for concurrent use. Passwords
// go only to the endpoint, after it has proved who it is, and never into a
// status, a log, the target's own log or the environment of another process;
// where a target can take a verifier or hash in a password's place, it is
// computed here. A message of the target is not repeated, since it may quote a
// statement: a status has words of our own and the target's code.
//
// Errors of all methods, beside those that each names:
//
//   UNAVAILABLE          the target cannot be reached, is full, starting,
//                        stopping or failing over
//   DEADLINE_EXCEEDED    it did not answer in time
//   UNAUTHENTICATED      it refuses the login of `as`; or it does not prove who
//                        it is, which the message tells apart
//   PERMISSION_DENIED    `as` lacks the right; the message names it
//   FAILED_PRECONDITION  it does not change anything now or takes no such
//                        password: read-only, a standby, a password rule; the
//                        message says which and what to do
//   INVALID_ARGUMENT     a user name that this kind of target cannot have
//   INTERNAL             an answer that fits nothing
//
// After UNAVAILABLE, DEADLINE_EXCEEDED and INTERNAL a change may have been made
// or not: only TryLogin tells.
class Target {
 public:
  virtual ~Target() = default;

  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  virtual OldPassword old_password() const = 0;

  // Whether the target lets `credential` in, found by a real login and a
  // statement that needs no right. Never guesses: what is neither clearly
  // accepted nor clearly refused is an error.
  virtual absl::StatusOr<LoginVerdict> TryLogin(const Credential& credential,
                                                SteadyTime deadline) = 0;

  // Makes `fresh.password` a password of `fresh.user`, logged in as `as`, who
  // is an administrator or the user itself. NOT_FOUND if there is no such user.
  // OK says that the target has it durably, as far as the target can promise
  // that.
  virtual absl::Status SetPassword(const Credential& as,
                                   const Credential& fresh,
                                   SteadyTime deadline) = 0;

  // Takes `old.password` out of use: afterwards the target refuses logins with
  // it; connections that are open stay. Where
  // users have one password, the user is left without one that works, unless
  // its password is another than this already: that one stays. OK if there is
  // no such user.
  virtual absl::Status RetirePassword(const Credential& as,
                                      const Credential& old,
                                      SteadyTime deadline) = 0;

  // Makes `twin` a user that may do what `user` may, and whose objects belong
  // to whom they would if `user` had made them; as far as the target knows
  // that. It cannot log in before it has a password. One that is there keeps
  // its password and gets what it lacks. NOT_FOUND if there is no `user`;
  // ALREADY_EXISTS if `twin` is there and is no twin of `user`: a user of
  // somebody else's is never taken over.
  virtual absl::Status EnsureTwin(const Credential& as, absl::string_view user,
                                  absl::string_view twin,
                                  SteadyTime deadline) = 0;

 protected:
  Target() = default;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_TARGET_H_
