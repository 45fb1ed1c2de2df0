// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/query_request.h"

#include <utility>

#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::audit_service {
namespace {

absl::StatusOr<absl::Time> ParseTime(
    const google::protobuf::Timestamp& timestamp, absl::string_view field) {
  if (!IsValidTimestamp(timestamp)) {
    return FieldError(field, "must be a time in the years 1 to 9999");
  }
  return FromTimestamp(timestamp);
}

absl::StatusOr<absl::optional<ResourceName>> ParseScope(
    const audit::v1::QueryEntriesRequest& request) {
  absl::StatusOr<ResourceName> parent =
      ResourceName::Parse(request.parent(), "parent");
  if (!parent.ok()) return parent.status();
  const bool system = parent->kind() == ResourceKind::kSystem;
  if (!system && parent->kind() != ResourceKind::kProject) {
    return FieldError("parent", "must be `system` or a project");
  }
  if (request.resource().empty()) {
    // `system` as a parent means everything, also what is about nothing.
    if (system) return absl::optional<ResourceName>();
    return absl::optional<ResourceName>(*std::move(parent));
  }
  absl::StatusOr<ResourceName> resource =
      ResourceName::Parse(request.resource(), "resource");
  if (!resource.ok()) return resource.status();
  if (!resource->IsAtOrBelow(*parent)) {
    return FieldError("resource", "must lie in the parent");
  }
  return absl::optional<ResourceName>(*std::move(resource));
}

absl::Status ParseTimes(const audit::v1::QueryEntriesRequest& request,
                        QuerySpec* spec) {
  if (request.has_start_time()) {
    absl::StatusOr<absl::Time> start =
        ParseTime(request.start_time(), "start_time");
    if (!start.ok()) return start.status();
    spec->start = *start;
  }
  if (request.has_end_time()) {
    absl::StatusOr<absl::Time> end = ParseTime(request.end_time(), "end_time");
    if (!end.ok()) return end.status();
    spec->end = *end;
  }
  if (spec->start > spec->end) {
    return FieldError("end_time", "must not lie before start_time");
  }
  return absl::OkStatus();
}

std::string TimeIdentity(bool set, const google::protobuf::Timestamp& time) {
  return set ? time.SerializeAsString() + "+" : "";
}

}  // namespace

absl::StatusOr<QuerySpec> ParseQueryRequest(
    const audit::v1::QueryEntriesRequest& request) {
  absl::StatusOr<absl::optional<ResourceName>> scope = ParseScope(request);
  if (!scope.ok()) return scope.status();
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return FieldError("page_size", "must be 0 to 1,000");
  }
  QuerySpec spec;
  spec.resource = *std::move(scope);
  if (absl::Status status = ParseTimes(request, &spec); !status.ok()) {
    return status;
  }
  spec.principal = audit::RecordedId(request.principal());
  spec.descending = request.descending();
  spec.page_size =
      request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  return spec;
}

std::string QueryIdentity(const audit::v1::QueryEntriesRequest& request) {
  return crypto::LengthPrefixed()
      .Add(request.parent())
      .Add(TimeIdentity(request.has_start_time(), request.start_time()))
      .Add(TimeIdentity(request.has_end_time(), request.end_time()))
      .Add(request.resource())
      .Add(request.principal())
      .AddNumber(request.descending() ? 1 : 0)
      .bytes();
}

}  // namespace keyward::audit_service
