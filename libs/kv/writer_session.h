// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_WRITER_SESSION_H_
#define KEYWARD_LIBS_KV_WRITER_SESSION_H_

#include <cstdint>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {

// A writer session that hands out ids, for transactions that are no intent's:
// what a service writes by itself, and the log's batches. One a process and
// store is enough.
//
// It raises the session's floor behind itself, so that the records of ids do
// not pile up: an id whose outcome was answered is dropped after a while, one
// that was answered kUnknown is kept until Settle answered it. An id that is
// never settled keeps all later records: settle it, or abandon it.
//
// Thread-safe. `store` outlives it; commits under way need not have ended.
class WriterSession {
 public:
  // Ids between two raises of the floor.
  static constexpr uint64_t kRaiseInterval = 1024;

  // Begins a session of `store`. Blocks until it is durable; UNAVAILABLE as
  // KeyValueStore::BeginSession. An earlier session of this process that
  // ended in UNAVAILABLE is not begun again: it is another one.
  static absl::StatusOr<std::unique_ptr<WriterSession>> Begin(
      KeyValueStore* store, SteadyTime deadline);

  WriterSession(const WriterSession&) = delete;
  WriterSession& operator=(const WriterSession&) = delete;

  // Commits `txn`, whose id must not be set, under a new id of this session,
  // which the result carries. Otherwise as KeyValueStore::Commit.
  void Commit(Transaction txn, const CommitOptions& options,
              CommitCallback done);
  CommitResult CommitAndWait(Transaction txn, const CommitOptions& options);

  // Settles the id of a result that was kUnknown. As KeyValueStore::Settle.
  void Settle(const TransactionId& id, const CommitOptions& options,
              CommitCallback done);
  CommitResult SettleAndWait(const TransactionId& id,
                             const CommitOptions& options);

  // Says that nobody will ask any more what became of an id of this session
  // that was answered kUnknown. The session settles it behind later commits,
  // one with each, as often as it takes: so it is closed once the store works
  // again, and does not keep all later records.
  void Abandon(const TransactionId& id);

  // Closes the session; nothing commits through it afterwards. As
  // KeyValueStore::CloseSession. Without it the session ends as its process
  // does.
  absl::Status Close(SteadyTime deadline);

  uint64_t number() const { return number_; }

 private:
  // Which ids may still be asked for. Shared with callbacks, which may run
  // after the session object is gone.
  struct Ids {
    Mutex mu;
    uint64_t next ABSL_GUARDED_BY(mu) = 0;
    uint64_t floor ABSL_GUARDED_BY(mu) = 0;
    std::set<uint64_t> open ABSL_GUARDED_BY(mu);
    // Of the open ones those that the session itself has to settle.
    std::set<uint64_t> abandoned ABSL_GUARDED_BY(mu);
  };

  WriterSession(KeyValueStore* store, uint64_t number)
      : store_(store), number_(number), ids_(std::make_shared<Ids>()) {}

  // `done`, noting whether the id was answered for good.
  CommitCallback Track(const TransactionId& id, CommitCallback done);
  void SettleOneAbandoned(const CommitOptions& options);

  KeyValueStore* const store_;
  const uint64_t number_;
  const std::shared_ptr<Ids> ids_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_WRITER_SESSION_H_
