// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-gateway: the one door for clients.

#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/gateway/gateway_process.h"

int main(int argc, char** argv) {
  return keyward::rpc::RunService<keyward::config::v1::GatewayConfig>(
      argc, argv,
      {"gateway",
       "Keyward's gateway: authenticates and authorizes every call, puts it on "
       "record, and only then runs it.\n\n"
       "  keyward-gateway --home /srv/keyward --listen 0.0.0.0:7100",
       {}},
      keyward::gateway::StartGateway);
}
