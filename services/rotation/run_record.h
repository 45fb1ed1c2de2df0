// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_RUN_RECORD_H_
#define KEYWARD_SERVICES_ROTATION_RUN_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace keyward::rotation {

enum class Strategy { kSingleUser, kAlternatingUsers };

enum class Setter { kAdministrator, kSelf };

// What a run is at, or tried last. kRollBack goes back to the old value in the
// target and in the secret.
enum class Step { kCreate, kSet, kTest, kPromote, kRetire, kRollBack };

enum class RunResult { kNone, kSucceeded, kRolledBack, kAbandoned };

// What is kept of a run: enough for any runner to go on after a crash, and no
// secret. The values themselves are versions of the secret.
struct RunRecord {
  std::string rotation_uid;
  uint64_t number = 0;
  Step step = Step::kCreate;
  RunResult result = RunResult::kNone;

  // Versions of the secret; 0 until they are known.
  int64_t old_version = 0;
  int64_t new_version = 0;

  // Of alternating users: the version with the password that the user of the
  // new value had before, or 0 if there is none. It is what that user logs in
  // with to set its own password, and what it gets back on the way back.
  int64_t displaced_version = 0;

  // How often a value was drawn: one whose fate could not be found out because
  // somebody destroyed it meanwhile is drawn again under another id.
  uint32_t draw = 1;

  // How often the target took the new password and then refused a login with
  // it.
  uint32_t refused_tests = 0;

  // When the target may first have taken the new password, and when it was
  // promoted; InfinitePast until then. Of the time of day, because they outlive
  // the process.
  absl::Time set_time = absl::InfinitePast();
  absl::Time promote_time = absl::InfinitePast();

  // Whether the old password may be out of use in the target: there is no way
  // back then.
  bool retiring = false;

  bool done() const { return result != RunResult::kNone; }
};

// The run that follows `last`, which is done.
inline RunRecord NextRun(const RunRecord& last) {
  RunRecord next;
  next.rotation_uid = last.rotation_uid;
  next.number = last.number + 1;
  if (last.result == RunResult::kSucceeded) {
    next.displaced_version = last.old_version;
  } else if (last.result == RunResult::kRolledBack) {
    next.displaced_version = last.displaced_version;
  }
  return next;
}

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_RUN_RECORD_H_
