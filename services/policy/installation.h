// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_INSTALLATION_H_
#define KEYWARD_SERVICES_POLICY_INSTALLATION_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/random.h"
#include "libs/policy/actions.h"
#include "libs/rpc/audit_log.h"
#include "services/policy/durable_policy.h"
#include "services/policy/policy_storage.h"

namespace keyward::policy_service {

// The moments at which a policy comes from nobody's authorized call: the
// installation's beginning, its return from a backup, and the recovery of its
// administrator. All are on record before they are in force.
//
// A value; everything it points to outlives it. Every call blocks, until the
// deadline at the latest.
struct Installation {
  PolicyStorage* storage;
  rpc::AuditLog* audit;
  const Clock* clock;
  crypto::RandomSource* random;
  const policy::ActionCatalog* catalog;

  // Makes revision 1 in a new folder: `administrator` bound to system.admin on
  // `system`, and the project `default`. Durable, neither on record nor in
  // force yet. FAILED_PRECONDITION if audit's log is not empty: then this is
  // no new installation but one whose policy was lost, and a fresh
  // administrator would be a way in; the message names what to do.
  // FAILED_PRECONDITION if no administrator is named, INVALID_ARGUMENT if it
  // cannot be one. UNAVAILABLE if audit or the state layer is away.
  absl::StatusOr<DurablePolicy> Begin(const std::string& administrator,
                                      SteadyTime deadline) const;

  // Puts the beginning on record, under `system:policy`, if it is not yet. A
  // crash between the two can leave a second, equal record, never none.
  absl::Status RecordBeginning(SteadyTime deadline) const;

  // How far a restored policy's revision is at least above those of its backup
  // and of the restored log: more than were ever made after the backup.
  static constexpr uint64_t kRestoreJump = uint64_t{1} << 32;
  // The jump is a random multiple of it, up to this, so that the same backup
  // restored twice does not give the same numbers twice. Revisions then
  // outlast 2,000 restores.
  static constexpr uint64_t kMaxRestoreJumps = uint64_t{1} << 20;

  // Makes the policy of a backup go on under revisions that its lost history
  // never used. A gateway that still holds a policy of that history would
  // otherwise take it for the one in force as soon as the number comes round
  // again (P2). On record under `system:operator` before it is durable.
  //
  // FAILED_PRECONDITION if the folder is new; UNAVAILABLE.
  absl::StatusOr<DurablePolicy> Restore(const DurablePolicy& on,
                                        SteadyTime deadline) const;

  // Makes `principal` administrator of `system` in a new revision, above every
  // one that was ever in force, and takes policy.get and policy.apply out of
  // every deny rule that would keep them from it, wherever it holds
  // (SpareAdministrator). A pattern such as `*` is spelled out for that and no
  // longer means actions of later releases: the recovered administrator should
  // look at those rules. On record under `system:operator` before it is
  // durable. Of a lost policy it begins a new one, as Begin does: secrets of
  // the old projects stay unreachable until the folder is restored.
  //
  // FAILED_PRECONDITION if there is nothing to recover; INVALID_ARGUMENT;
  // UNAVAILABLE.
  absl::StatusOr<DurablePolicy> RecoverAdministrator(
      const DurablePolicy& on, const std::string& principal,
      SteadyTime deadline) const;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_INSTALLATION_H_
