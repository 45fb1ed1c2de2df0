// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_QUERY_REQUEST_H_
#define KEYWARD_SERVICES_AUDIT_QUERY_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/audit/log_query.h"

namespace keyward::audit_service {

// The most entries of one page, and how many if the caller does not say.
inline constexpr int kMaxPageSize = 1000;
inline constexpr int kDefaultPageSize = 100;

// What the request asks for. INVALID_ARGUMENT, naming field and rule, unless
// the parent is `system` or a project, the resource lies in it, the times are
// times and in order, and the page size is within its bound. An entry that is
// about no resource is shown only where the parent is `system`.
absl::StatusOr<QuerySpec> ParseQueryRequest(
    const audit::v1::QueryEntriesRequest& request);

// What makes two requests the same query, whatever the page: what a page token
// is bound to.
std::string QueryIdentity(const audit::v1::QueryEntriesRequest& request);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_QUERY_REQUEST_H_
