// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_WORK_H_
#define KEYWARD_LIBS_KV_WORK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {

// One thing that is to be written, waiting for a leader. Everything that the
// embedded engine ever writes is one of these, so that one thread at a time
// writes, and a failed write is noticed in one place.
struct Work {
  enum class Kind {
    kCommit,        // txn
    kSettle,        // txn.id
    kBeginSession,  // answered kApplied with the session as revision
    kCloseSession,  // number: the session
    kCompactFeed,   // keyspace, number: the revision
    kPurge,         // disk_keys: records of the engine that nothing reads
  };

  Kind kind = Kind::kCommit;
  Transaction txn;
  uint64_t number = 0;
  std::string keyspace;
  std::vector<std::string> disk_keys;

  SteadyTime deadline = SteadyTime::InfiniteFuture();
  CommitCallback done;
};

// What the work adds to a group, roughly: enough to bound a group by.
size_t WorkBytes(const Work& work);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_WORK_H_
