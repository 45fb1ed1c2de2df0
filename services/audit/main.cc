// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-audit: the log of who used what.

#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/audit/audit_process.h"

int main(int argc, char** argv) {
  return keyward::rpc::RunService<keyward::config::v1::AuditConfig>(
      argc, argv,
      {"audit",
       "Keyward's audit service: the log of who used what, its proofs, and "
       "the policy revision that is in force.\n\n"
       "  keyward-audit --home /srv/keyward",
       {{"restored", "the first start after a restore from a backup"}}},
      keyward::audit_service::StartAudit);
}
