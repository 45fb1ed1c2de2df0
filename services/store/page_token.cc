// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/page_token.h"

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::store {

absl::StatusOr<int> PageSize(int32_t requested) {
  if (requested < 0) return FieldError("page_size", "must not be negative");
  if (requested == 0) return kDefaultPageSize;
  return std::min<int>(requested, kMaxPageSize);
}

std::string PageScope(const rpc::CallContext& context, absl::string_view parent,
                      absl::string_view options) {
  return crypto::LengthPrefixed()
      .Add("page")
      .Add(context.principal)
      .Add(context.method)
      .Add(context.project_uid)
      .Add(parent)
      .Add(options)
      .bytes();
}

absl::StatusOr<std::string> OpenPageToken(const OpaqueToken& tokens,
                                          absl::string_view scope,
                                          absl::string_view token) {
  if (token.empty()) return std::string();
  absl::StatusOr<std::string> place = tokens.Open(scope, token);
  if (place.ok() || !absl::IsUnauthenticated(place.status())) return place;
  return FieldError("page_token",
                    "must be the one of the page before, with the same caller, "
                    "parent and filter",
                    kPageTokenInvalid);
}

}  // namespace keyward::store
