// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CALL_TARGET_H_
#define KEYWARD_SERVICES_STORE_CALL_TARGET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"
#include "libs/rpc/call.h"

namespace keyward::store {

// What a call acts on: the resource that its request names, which must be the
// one that was authorized. Pure functions.

// The resource `name` of the request's field `field`. INVALID_ARGUMENT about
// `field` unless it is of `kind`; INTERNAL if it is not at or below the
// resource of the context: whoever decided looked at another name.
absl::StatusOr<ResourceName> CallTarget(const rpc::CallContext& context,
                                        absl::string_view field,
                                        absl::string_view name,
                                        ResourceKind kind);

// A version by its number, as enable, disable and destroy take it.
absl::StatusOr<ResourceName> NumberedVersionTarget(
    const rpc::CallContext& context, absl::string_view name);

// OK if `target` is at or below the context's resource; INTERNAL otherwise.
absl::Status CheckAuthorized(const rpc::CallContext& context,
                             const ResourceName& target);

// "projects/P/secrets/S" of a secret or one of its versions.
std::string SecretNameOf(const ResourceName& name);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CALL_TARGET_H_
