// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_PUBLIC_ACTIONS_H_
#define KEYWARD_LIBS_POLICY_PUBLIC_ACTIONS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/policy/actions.h"

namespace keyward::policy {

// The public services that Keyward serves. Kept in one place, so that the
// gateway that asks for actions and the policy service that lets roles name
// them cannot disagree.
std::vector<const google::protobuf::ServiceDescriptor*> PublicServices();

// The actions of PublicServices(). Errors as ActionCatalog::FromServices.
absl::StatusOr<std::shared_ptr<const ActionCatalog>> PublicActions();

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_PUBLIC_ACTIONS_H_
