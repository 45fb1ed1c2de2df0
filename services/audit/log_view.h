// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_LOG_VIEW_H_
#define KEYWARD_SERVICES_AUDIT_LOG_VIEW_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/tile.h"
#include "libs/kv/kv.h"

namespace keyward::audit_service {

// One durable state of the log: its tree's right edge and the fence. All that
// a process keeps of a log of any length, apart from its open intents.
// Immutable once shared.
struct LogView {
  audit::TileEdge edge;
  audit::Head head;
  // The head's revision in the store: what the next append compares.
  uint64_t head_revision = 0;
  // The policy revision in force; 0 before genesis.
  uint64_t fence = 0;

  uint64_t size() const { return head.size; }
};

// Reads the newest state. NOT_FOUND if the store has no log; DATA_LOSS if the
// tiles and leaves at the edge do not have the head's root; errors of the
// store.
absl::StatusOr<std::shared_ptr<const LogView>> LoadLogView(
    const kv::KeyValueStore& store);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_LOG_VIEW_H_
