// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_STORE_PROCESS_H_
#define KEYWARD_SERVICES_STORE_STORE_PROCESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::store {

// The store in a process of its own: its state, its root key, its core, and
// the server that the other services call. It answers from the moment that it
// is made: audit cannot start before the store has told which checkpoint it
// holds. The flag `restored` says that the data folder came from a backup.
absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartStore(
    const config::v1::StoreConfig& config, const rpc::ProcessContext& context);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STORE_PROCESS_H_
