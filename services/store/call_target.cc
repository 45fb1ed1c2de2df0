// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/call_target.h"

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"

namespace keyward::store {
namespace {

absl::string_view Form(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kProject:
      return "must be projects/{project}";
    case ResourceKind::kSecret:
      return "must be projects/{project}/secrets/{secret}";
    case ResourceKind::kSecretVersion:
      return "must be projects/{project}/secrets/{secret}/versions/{version}";
    case ResourceKind::kKey:
      return "must be projects/{project}/keys/{key}";
    default:
      return "must be the name of another kind of resource";
  }
}

}  // namespace

absl::Status CheckAuthorized(const rpc::CallContext& context,
                             const ResourceName& target) {
  // The usual case, without parsing the name again: there is one spelling.
  if (target.ToString() == context.resource) return absl::OkStatus();
  const absl::StatusOr<ResourceName> authorized =
      ResourceName::Parse(context.resource);
  if (authorized.ok() && target.IsAtOrBelow(*authorized)) {
    return absl::OkStatus();
  }
  return absl::InternalError(
      "the call names another resource than the one that was authorized");
}

absl::StatusOr<ResourceName> CallTarget(const rpc::CallContext& context,
                                        absl::string_view field,
                                        absl::string_view name,
                                        ResourceKind kind) {
  absl::StatusOr<ResourceName> target = ResourceName::Parse(name, field);
  if (!target.ok()) return target;
  if (target->kind() != kind) return FieldError(field, Form(kind));
  const absl::Status authorized = CheckAuthorized(context, *target);
  if (!authorized.ok()) return authorized;
  return target;
}

absl::StatusOr<ResourceName> NumberedVersionTarget(
    const rpc::CallContext& context, absl::string_view name) {
  absl::StatusOr<ResourceName> target =
      CallTarget(context, "name", name, ResourceKind::kSecretVersion);
  if (target.ok() && !target->version_number().has_value()) {
    return FieldError("name", "must name the version by its number");
  }
  return target;
}

std::string SecretNameOf(const ResourceName& name) {
  return absl::StrCat("projects/", name.project(), "/secrets/", name.secret());
}

}  // namespace keyward::store
