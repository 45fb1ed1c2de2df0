// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_STORE_PARTS_H_
#define KEYWARD_SERVICES_STORE_STORE_PARTS_H_

#include <string>

#include "libs/base/clock.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "services/store/event_position.h"
#include "services/store/key_ring.h"
#include "services/store/maintenance_signal.h"
#include "services/store/opaque_token.h"
#include "services/store/seal_counter.h"

namespace keyward::store {

// What the store's handlers share. All of it belongs to the core, is
// thread-safe and outlives them.
struct StoreParts {
  kv::KeyValueStore* kv = nullptr;
  const Clock* clock = nullptr;
  crypto::RandomSource* random = nullptr;
  KeyRing* keys = nullptr;
  SealCounter* seals = nullptr;
  MaintenanceSignal* signal = nullptr;
  const OpaqueToken* tokens = nullptr;
  const EventPositions* positions = nullptr;
  std::string installation_id;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STORE_PARTS_H_
