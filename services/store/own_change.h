// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_OWN_CHANGE_H_
#define KEYWARD_SERVICES_STORE_OWN_CHANGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "services/store/change.h"
#include "services/store/change_runner.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// The principal of what the store does by itself.
inline constexpr char kStorePrincipal[] = "system:store";

// A change that nobody asked for, as the audit log shows it.
struct OwnChangeSpec {
  // As a caller's would be: "secrets.destroy".
  std::string action;
  // The resource's full name.
  std::string resource;
  std::string project_uid;
  // One sentence: why, and how much.
  std::string detail;
};

// Makes the store's own changes in the way of everybody's (P1): an intent on
// record, durably, before anything happens; the change under the intent's id;
// the outcome on record. It is decided by nobody, so its records carry no
// decision and it is compared with no fence. While audit is away nothing is
// changed.
//
// Blocks; not for threads that serve calls. Thread-safe.
class OwnChanges {
 public:
  // All must outlive this.
  OwnChanges(const StoreParts* parts, ChangeRunner* runner,
             rpc::AuditLog* audit)
      : parts_(parts), runner_(runner), audit_(audit) {}

  // OK: the change is made. Otherwise the planner's refusal, or UNAVAILABLE;
  // it may then have been made if the reason is OUTCOME_UNKNOWN. ABORTED if
  // what the planner read has changed meanwhile: it is asked once, and the
  // next run looks again. The plan's response and resource are ignored.
  absl::Status Make(const OwnChangeSpec& spec, Planner planner,
                    SteadyTime deadline);

 private:
  rpc::AppendResult Append(const std::string& entry, SteadyTime deadline);
  rpc::CallResult Apply(const OwnChangeSpec& spec, const std::string& id,
                        const rpc::AppendResult& intent, Planner planner,
                        SteadyTime deadline);

  const StoreParts* const parts_;
  ChangeRunner* const runner_;
  rpc::AuditLog* const audit_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_OWN_CHANGE_H_
