// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-store: secrets, versions and keys, encrypted at rest.

#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/store/store_process.h"

int main(int argc, char** argv) {
  return keyward::rpc::RunService<keyward::config::v1::StoreConfig>(
      argc, argv,
      {"store",
       "Keyward's store: keeps secrets, versions and keys, encrypted.\n\n"
       "  keyward-store --home /srv/keyward",
       {{"restored", "the first start after a restore from a backup"}}},
      keyward::store::StartStore);
}
