// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_OPAQUE_TOKEN_H_
#define KEYWARD_SERVICES_STORE_OPAQUE_TOKEN_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::store {

// Text that a client carries for the store and can neither make nor change:
// base64url of a format byte, the first 16 bytes of HMAC-SHA256, and the
// content. The MAC covers what the token is good for (`scope`) as well, which
// is not in it.
//
// The content is not hidden. Thread-safe.
class OpaqueToken {
 public:
  // A token longer than this was not made here.
  static constexpr size_t kMaxBytes = 1024;

  // `mac_key` is used for nothing else than tokens.
  explicit OpaqueToken(crypto::SecretBuffer mac_key)
      : mac_key_(std::move(mac_key)) {}

  // INTERNAL if no MAC can be computed.
  absl::StatusOr<std::string> Make(absl::string_view scope,
                                   absl::string_view content) const;

  // The content, or UNAUTHENTICATED if `token` was not made here for `scope`,
  // which the caller turns into an error about its field.
  absl::StatusOr<std::string> Open(absl::string_view scope,
                                   absl::string_view token) const;

  // The content of a token whose MAC is not checked: only to say in what way
  // it is wrong. UNAUTHENTICATED if there is none.
  static absl::StatusOr<std::string> PeekContent(absl::string_view token);

 private:
  absl::StatusOr<std::string> Mac(absl::string_view scope,
                                  absl::string_view content) const;

  crypto::SecretBuffer mac_key_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_OPAQUE_TOKEN_H_
