// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Any store, with errors of one's choice, for tests of what is built on it.
// TestKv makes the disk fail; this makes the store fail, exactly when asked.

#ifndef KEYWARD_LIBS_KV_FAULTY_KV_H_
#define KEYWARD_LIBS_KV_FAULTY_KV_H_

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"

namespace keyward::kv {

// Forwards everything to a store, apart from the faults that are set. Faults of
// commits apply to Commit (and what is built on it), in the order: stalled,
// then failed, then torn. Thread-safe.
class FaultyKv : public KeyValueStore {
 public:
  // What a torn commit did, which only Settle tells.
  enum class Tear { kApplied, kNotApplied };

  static constexpr size_t kAll = static_cast<size_t>(-1);

  // `store` outlives this.
  explicit FaultyKv(KeyValueStore* store) : store_(store) {}
  ~FaultyKv() override;

  // After `skip` more, the next `count` commits are kRefused with `status`, and
  // not applied. A count of 0 ends it.
  void FailCommits(absl::Status status, size_t count = kAll, size_t skip = 0);

  // After `skip` more, the next `count` commits answer kUnknown, applied or
  // not. One that conflicts is as it would be.
  void TearCommits(Tear tear, size_t count = kAll, size_t skip = 0);

  // Holds all commits from now on: nothing of them is in the store. A held one
  // is not answered at its deadline either, which an engine would do; TestKv's
  // StallSyncs shows that. Release lets them go on, in order, on the calling
  // thread.
  void StallCommits();
  void ReleaseCommits();
  size_t stalled_commits() const;

  // Settle answers kUnknown.
  void FailSettles(bool fail);

  // The next `count` reads (Get, GetMany, Range, ReadFeed, NewSnapshot,
  // GetTransaction) answer `status`.
  void FailReads(absl::Status status, size_t count = kAll);

  // After `skip` more reads of this thread, runs `hook`, once, before its next:
  // what others do between two reads of one call. Reads of other threads, such
  // as maintenance, are not counted.
  void BeforeRead(size_t skip, absl::AnyInvocable<void()> hook);

  // Commits that were forwarded to the store.
  size_t forwarded_commits() const;

  absl::StatusOr<Entry> Get(absl::string_view key) const override;
  std::vector<absl::StatusOr<Entry>> GetMany(
      const std::vector<std::string>& keys) const override;
  absl::StatusOr<RangeResult> Range(absl::string_view begin,
                                    absl::string_view end,
                                    const RangeOptions& options) const override;
  absl::StatusOr<uint64_t> Revision() const override;
  void Commit(Transaction txn, const CommitOptions& options,
              CommitCallback done) override;
  void Settle(const TransactionId& id, const CommitOptions& options,
              CommitCallback done) override;
  absl::StatusOr<TransactionRecord> GetTransaction(
      const TransactionId& id) const override;
  absl::StatusOr<uint64_t> IntentFloor() const override;
  absl::StatusOr<uint64_t> BeginSession(SteadyTime deadline) override;
  absl::Status CloseSession(uint64_t session, SteadyTime deadline) override;
  absl::StatusOr<std::unique_ptr<Snapshot>> NewSnapshot() const override;
  absl::StatusOr<FeedPage> ReadFeed(absl::string_view keyspace,
                                    uint64_t from_revision,
                                    size_t limit) const override;
  absl::StatusOr<std::unique_ptr<Subscription>> SubscribeFeed(
      absl::string_view keyspace,
      absl::AnyInvocable<void(uint64_t revision)> notice) override;
  absl::Status CompactFeed(absl::string_view keyspace,
                           uint64_t revision) override;
  void WaitErased(uint64_t revision,
                  absl::AnyInvocable<void(absl::Status)> done) override;
  StoreStats Stats() const override;

 private:
  struct Held {
    Transaction txn;
    CommitOptions options;
    CommitCallback done;
  };
  enum class Fault { kNone, kFail, kTearApplied, kTearNotApplied };

  void Forward(Held held);
  Fault NextFault(absl::Status* status);
  absl::Status NextReadFault() const;

  KeyValueStore* const store_;
  mutable Mutex mu_;
  absl::Status fail_status_ ABSL_GUARDED_BY(mu_);
  size_t fail_count_ ABSL_GUARDED_BY(mu_) = 0;
  size_t fail_skip_ ABSL_GUARDED_BY(mu_) = 0;
  Tear tear_ ABSL_GUARDED_BY(mu_) = Tear::kApplied;
  size_t tear_count_ ABSL_GUARDED_BY(mu_) = 0;
  size_t tear_skip_ ABSL_GUARDED_BY(mu_) = 0;
  bool stall_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Held> held_ ABSL_GUARDED_BY(mu_);
  bool fail_settles_ ABSL_GUARDED_BY(mu_) = false;
  mutable absl::Status read_status_ ABSL_GUARDED_BY(mu_);
  mutable size_t read_count_ ABSL_GUARDED_BY(mu_) = 0;
  std::thread::id hook_thread_ ABSL_GUARDED_BY(mu_);
  mutable size_t hook_skip_ ABSL_GUARDED_BY(mu_) = 0;
  mutable absl::AnyInvocable<void()> hook_ ABSL_GUARDED_BY(mu_);
  size_t forwarded_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_FAULTY_KV_H_
