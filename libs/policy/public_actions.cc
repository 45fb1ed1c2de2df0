// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/public_actions.h"

#include <memory>
#include <vector>

#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::policy {

std::vector<const google::protobuf::ServiceDescriptor*> PublicServices() {
  // By a message of each file: that also makes the linker keep the file.
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const google::protobuf::Descriptor* message :
       {secrets::v1::GetSecretRequest::descriptor(),
        keys::v1::GetKeyRequest::descriptor(),
        v1::GetPolicyRequest::descriptor(),
        audit::v1::GetCheckpointRequest::descriptor(),
        operators::v1::GetStatusRequest::descriptor()}) {
    for (int i = 0; i < message->file()->service_count(); ++i) {
      services.push_back(message->file()->service(i));
    }
  }
  return services;
}

absl::StatusOr<std::shared_ptr<const ActionCatalog>> PublicActions() {
  return ActionCatalog::FromServices(PublicServices());
}

}  // namespace keyward::policy
