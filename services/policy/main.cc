// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-policy: who may do what.

#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/policy/policy_process.h"

int main(int argc, char** argv) {
  return keyward::rpc::RunService<keyward::config::v1::PolicyConfig>(
      argc, argv,
      {"policy",
       "Keyward's policy service: projects, roles, bindings and deny rules, "
       "and the fence that brings them into force.\n\n"
       "  keyward-policy --home /srv/keyward\n"
       "  keyward-policy --home /srv/keyward --recover-admin "
       "spiffe://keyward.internal/user/admin",
       {{"restored", "the first start after a restore from a backup"},
        {"recover-admin",
         "PRINCIPAL; makes it administrator of `system` again, on record, and "
         "ends; with the gateway stopped, and store and audit running",
         /*has_value=*/true}}},
      keyward::policy_service::StartPolicy);
}
