// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_PAGE_TOKENS_H_
#define KEYWARD_SERVICES_POLICY_PAGE_TOKENS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/call.h"

namespace keyward::policy_service {

// Page tokens: where a list goes on, behind a MAC over who asks what, so that
// a token is good only for the same principal, method and parent, and nobody
// can begin a list where they like.
//
// The key is made for the process, since policy is given no root key: a token
// does not survive a restart, and whoever sends one after it begins again.
//
// Immutable; safe for concurrent use.
class PageTokens {
 public:
  // Errors of `random`.
  static absl::StatusOr<std::unique_ptr<PageTokens>> Create(
      crypto::RandomSource& random);

  // The token for `place` in this call's list. INTERNAL if no MAC can be made.
  absl::StatusOr<std::string> Make(const rpc::CallContext& context,
                                   absl::string_view parent,
                                   absl::string_view place) const;

  // The place that `token` holds; empty for the first page (no token).
  // INVALID_ARGUMENT with the reason PAGE_TOKEN_INVALID for a token that was
  // not made here for this.
  absl::StatusOr<std::string> Open(const rpc::CallContext& context,
                                   absl::string_view parent,
                                   absl::string_view token) const;

 private:
  explicit PageTokens(crypto::SecretBuffer key) : key_(std::move(key)) {}

  absl::StatusOr<std::string> Mac(const rpc::CallContext& context,
                                  absl::string_view parent,
                                  absl::string_view place) const;

  const crypto::SecretBuffer key_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_PAGE_TOKENS_H_
