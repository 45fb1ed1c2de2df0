// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_READS_H_
#define KEYWARD_SERVICES_POLICY_POLICY_READS_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/call.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/durable_policy.h"
#include "services/policy/page_tokens.h"

namespace keyward::policy_service {

inline constexpr int kMaxPageSize = 1000;
inline constexpr int kDefaultProjectsPageSize = 100;
inline constexpr int kDefaultPolicyPageSize = 500;
// A page of entries ends when it is longer than this, so that an answer stays
// below the 4 MiB that gRPC's clients take by default.
inline constexpr size_t kMaxPageBytes = size_t{1} << 20;

// The reads of PolicyService that policy answers, on one durable policy; the
// gateway has authorized them and filters what it must. Pure but for the
// tokens' key. Errors: INVALID_ARGUMENT naming the field; NOT_FOUND of a
// project that is deleted or never was.

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> GetProject(
    const DurablePolicy& policy, const policy::v1::GetProjectRequest& request);

// By name, without deleted projects.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ListProjects(
    const DurablePolicy& policy, const PageTokens& tokens,
    const rpc::CallContext& context,
    const policy::v1::ListProjectsRequest& request);

// Roles, then bindings, then deny rules, each by name. ABORTED if the parent
// was changed since the page before.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> GetPolicy(
    const DurablePolicy& policy, const PageTokens& tokens,
    const rpc::CallContext& context,
    const policy::v1::GetPolicyRequest& request);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_READS_H_
