// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_PAGE_TOKEN_H_
#define KEYWARD_SERVICES_AUDIT_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit_service {

// Page tokens of queries: where the next page begins, behind a MAC that binds
// it to the principal and the query it was made for. A token that somebody
// made up, changed, or took from another query or caller is refused: it could
// ask for what that query was never authorized to show.
//
// Pure functions.

// The token for the page that begins at `position`. `query` identifies the
// query, page size and token apart. INTERNAL if the MAC cannot be made.
absl::StatusOr<std::string> MakePageToken(const crypto::SecretBuffer& key,
                                          absl::string_view principal,
                                          absl::string_view query,
                                          uint64_t position);

// The position in `token`. INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID, unless
// it was made with the same key for the same principal and query.
absl::StatusOr<uint64_t> ReadPageToken(const crypto::SecretBuffer& key,
                                       absl::string_view principal,
                                       absl::string_view query,
                                       absl::string_view token);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_PAGE_TOKEN_H_
