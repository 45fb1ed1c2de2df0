// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-rotation: runs, and rotates nothing yet.

#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/rotation/rotation_process.h"

int main(int argc, char** argv) {
  return keyward::rpc::RunService<keyward::config::v1::RotationConfig>(
      argc, argv,
      {"rotation",
       "Keyward's rotation service: tells that it runs; rotating secrets in "
       "the systems that they open is not built yet.\n\n"
       "  keyward-rotation --home /srv/keyward",
       {}},
      keyward::rotation::StartRotation);
}
