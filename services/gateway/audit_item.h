// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Records as the audit log takes them.

#ifndef KEYWARD_SERVICES_GATEWAY_AUDIT_ITEM_H_
#define KEYWARD_SERVICES_GATEWAY_AUDIT_ITEM_H_

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/audit/entry.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::gateway {

// Appends one record that is no decision. `done` gets kFailed if the record
// cannot be made; nothing is appended then.
inline void AppendFact(rpc::AuditLog* log, audit::v1::AuditEntry entry,
                       SteadyTime deadline, rpc::AppendDone done) {
  absl::StatusOr<std::string> leaf = audit::SerializeEntry(std::move(entry));
  if (!leaf.ok()) {
    rpc::AppendResult failed;
    failed.error = leaf.status();
    return done(std::move(failed));
  }
  rpc::AppendItem item;
  item.entries.push_back(*std::move(leaf));
  item.deadline = deadline;
  log->Append(std::move(item), std::move(done));
}

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_AUDIT_ITEM_H_
