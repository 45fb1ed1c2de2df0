// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_PAGE_TOKEN_H_
#define KEYWARD_SERVICES_STORE_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/rpc/call.h"
#include "services/store/opaque_token.h"

namespace keyward::store {

// The bounds of every list.
inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;
// A page ends when what it has read from the state exceeds this, so that an
// answer stays below the 4 MiB that gRPC's clients take by default.
inline constexpr size_t kMaxPageBytes = size_t{1} << 20;

// Page tokens: the last item's place, good only for the same principal,
// method, parent and options. Another caller who finds one can do nothing with
// it, and nobody can begin a list where they like.

// The number of items for a request's page_size. INVALID_ARGUMENT about
// `page_size` if negative; what is above the bound is the bound, as AIP-158
// has it.
absl::StatusOr<int> PageSize(int32_t requested);

// What a page token is good for. `options` is what else must be the same from
// page to page, such as the filter.
std::string PageScope(const rpc::CallContext& context, absl::string_view parent,
                      absl::string_view options);

// The place that `token` holds, empty for the first page (no token).
// INVALID_ARGUMENT with the reason PAGE_TOKEN_INVALID for a token that was not
// made here for this scope.
absl::StatusOr<std::string> OpenPageToken(const OpaqueToken& tokens,
                                          absl::string_view scope,
                                          absl::string_view token);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_PAGE_TOKEN_H_
