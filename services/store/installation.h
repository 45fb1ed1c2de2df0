// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_INSTALLATION_H_
#define KEYWARD_SERVICES_STORE_INSTALLATION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"

namespace keyward::store {

// What a data folder says of itself, opened with the seal that it was made
// with. A value; movable.
struct Installation {
  // 16 bytes: another after each restore.
  std::string incarnation;
  // How often it was restored.
  uint64_t restores = 0;
  // Keys of the MACs of request ids, and of page tokens and positions.
  crypto::SecretBuffer request_id_key;
  crypto::SecretBuffer token_key;
};

struct InstallationDependencies {
  kv::KeyValueStore* kv = nullptr;
  kv::WriterSession* session = nullptr;
  crypto::Seal* seal = nullptr;
  crypto::RandomSource* random = nullptr;
  const Clock* clock = nullptr;
};

// Opens the installation in the store, or makes it in an empty one, together
// with the fence and the other numbers that transactions compare. With
// `restored` it gets a new incarnation, so that positions from before fail
// instead of skipping what the restored state never saw.
//
// Every refusal says what to do:
//   FAILED_PRECONDITION  the folder is another installation's (another root
//                        key), is of a newer version, or there is nothing that
//                        could have been restored
//   DATA_LOSS            the folder has secrets and no installation, or its
//                        record is damaged
//   UNAVAILABLE          the state or the seal is
absl::StatusOr<Installation> OpenInstallation(
    const InstallationDependencies& deps, bool restored, SteadyTime deadline);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_INSTALLATION_H_
