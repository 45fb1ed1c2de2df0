// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_REDIS_ACL_USER_H_
#define KEYWARD_LIBS_TARGET_REDIS_ACL_USER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/redis/reply.h"

namespace keyward::target::redis {

// A user of a server, as ACL GETUSER tells of it, in Redis 6 and 7.
struct AclUser {
  bool on = false;
  // Any password is let in.
  bool nopass = false;
  // SHA-256 of each, 64 hexadecimal digits.
  std::vector<std::string> passwords;

  // What the user may do, as arguments of ACL SETUSER that give another exactly
  // that, whatever it had: they take everything first. Passwords, and whether
  // it may log in, are not in it.
  std::vector<std::string> rules;
  // The server told of something that is not in `rules`.
  bool has_unknown_rules = false;

  bool HasPassword(absl::string_view hash) const;
};

// Reads the answer of ACL GETUSER for a user that there is. INTERNAL if it is
// none.
absl::StatusOr<AclUser> ReadAclUser(const Reply& reply);

// What Redis keeps of a password: SHA-256 in hexadecimal digits.
std::string PasswordHash(const crypto::SecretBuffer& password);

// The mark of a twin of `user`: 64 hexadecimal digits that stand among its
// passwords, the one place of a user where something of ours can stand. It is
// the hash of no password: half of it is a constant, so that to find one is to
// break SHA-256.
std::string TwinMark(absl::string_view user);

// Whether one of a user's passwords is the mark of a twin, of whomever.
bool IsTwinMark(absl::string_view hash);

}  // namespace keyward::target::redis

#endif  // KEYWARD_LIBS_TARGET_REDIS_ACL_USER_H_
