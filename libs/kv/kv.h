// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The state layer: ordered keys with their current values, changed by atomic
// transactions with preconditions. Every service keeps its state through this
// interface and none knows which engine is behind it: RocksDB on one machine
// (rocksdb_kv.h), or a replicated store on several. It offers what both do
// well, and nothing else.
//
// Guarantees of every engine:
// - Revisions. One counter a store; each transaction that changes something
//   takes a greater one, and all keys that it puts share it. Order of
//   revisions is order of effect. A revision is never given twice.
// - Durability. What is answered, and what any read shows, survives kill -9
//   and loss of power.
// - Honesty. A commit whose outcome is not known says so (CommitResult).
// - Reads are linearizable: one that starts after a commit was answered shows
//   it.
//
// Values are opaque bytes; encryption is the caller's. All classes here are
// thread-safe unless they say otherwise.

#ifndef KEYWARD_LIBS_KV_KV_H_
#define KEYWARD_LIBS_KV_KV_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {

struct Entry {
  std::string key;
  std::string value;
  uint64_t mod_revision = 0;  // Of the transaction that put it; never 0.
};

// Bounds of one read. A page ends at whichever limit comes first, so that no
// request makes a server hold more than this in memory.
inline constexpr size_t kMaxRangeEntries = 10000;
inline constexpr size_t kMaxRangeBytes = size_t{16} << 20;
inline constexpr size_t kMaxGetManyKeys = 1024;

struct RangeOptions {
  size_t limit = 1000;                 // 1 to kMaxRangeEntries
  size_t max_bytes = size_t{1} << 20;  // keys and values; 1 to kMaxRangeBytes
  bool reverse = false;                // from the greatest key down
  bool keys_only = false;              // values are left empty
};

struct RangeResult {
  std::vector<Entry> entries;
  // Keys of the range are left. Continue after the last entry: with begin =
  // KeyAfter(last key), or end = last key when reversed.
  bool more = false;
  // The store's revision that the page shows.
  uint64_t revision = 0;
};

// The smallest key greater than `key`.
std::string KeyAfter(absl::string_view key);

// The end of the range of all keys that begin with `prefix`; empty, which
// means "to the last key", if there is no greater prefix.
std::string PrefixEnd(absl::string_view prefix);

// Read access to one state of the store.
class KeyValueReader {
 public:
  virtual ~KeyValueReader() = default;

  // The entry at `key`, or NOT_FOUND. INVALID_ARGUMENT if the key is empty or
  // too long; UNAVAILABLE while the engine is failed or reopening; DATA_LOSS
  // if what is stored is damaged.
  virtual absl::StatusOr<Entry> Get(absl::string_view key) const = 0;

  // One result for each key, in order, each as Get would answer, all from the
  // same state. If there are more than kMaxGetManyKeys keys each is
  // INVALID_ARGUMENT.
  virtual std::vector<absl::StatusOr<Entry>> GetMany(
      const std::vector<std::string>& keys) const = 0;

  // The entries of keys in [begin, end), in order; an empty `begin` is the
  // first key, an empty `end` is past the last. One page is one consistent
  // state; for several pages of the same state use a snapshot. At least one
  // entry is returned if there is any, whatever max_bytes says. Errors as Get;
  // a bound out of range is INVALID_ARGUMENT.
  virtual absl::StatusOr<RangeResult> Range(
      absl::string_view begin, absl::string_view end,
      const RangeOptions& options) const = 0;

  // The revision of the state that a read would show now.
  virtual absl::StatusOr<uint64_t> Revision() const = 0;
};

// A state that stays the same while the store moves on. It ends by itself
// after kMaxSnapshotAge, since it keeps erased bytes on the disk, or when the
// engine reopens: every call then answers OUT_OF_RANGE, and the caller starts
// again with a new snapshot. Not tied to the store's lifetime.
class Snapshot : public KeyValueReader {};

// Half of the minute in which erased bytes must be gone.
inline constexpr absl::Duration kMaxSnapshotAge = absl::Seconds(30);

// What a transaction id is known to have done.
struct TransactionRecord {
  bool applied = false;   // false: barred
  uint64_t revision = 0;  // of the transaction, or of the bar
  std::string txn_value;  // empty if barred
};

// One change of a key in a keyspace that has a feed.
struct FeedEvent {
  enum class Kind { kPut, kDelete };

  uint64_t revision = 0;
  Kind kind = Kind::kPut;
  std::string key;
};

struct FeedPage {
  // In order of revision, then key. A revision is never split over two pages.
  std::vector<FeedEvent> events;
  // Everything up to and including this revision is in this page or lies
  // before it: continue at through_revision + 1. It moves on even if nothing
  // happened in the keyspace.
  uint64_t through_revision = 0;
};

// Bounds of `limit` in ReadFeed. A page may exceed it by one transaction.
inline constexpr size_t kMaxFeedEvents = 10000;

// Stops the notices when destroyed. After the destructor has returned no
// notice runs or will run; so it must not run inside the notice itself.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

struct CommitOptions {
  // When the caller needs an answer. A transaction that the engine has not
  // taken by then is refused; one that it has taken is answered kUnknown soon
  // after. Never infinite in a service: every wait has a deadline.
  SteadyTime deadline = SteadyTime::InfiniteFuture();
};

// The longest call of Keyward is 60 s. Reached only if an engine breaks its
// word to answer by the deadline, or if none was given.
inline constexpr absl::Duration kMaxBlockingWait = absl::Seconds(90);

// Called exactly once, without any lock held, on the thread that committed or
// on one of the engine's. It must not block. It may use the store, but not
// destroy it.
using CommitCallback = absl::AnyInvocable<void(CommitResult)>;

struct StoreStats {
  uint64_t revision = 0;
  bool serving = true;        // false: failed, or reopening
  uint64_t transactions = 0;  // applied by this process
  uint64_t syncs = 0;         // durable writes that carried them
  uint64_t failed_syncs = 0;
  uint64_t reopens = 0;           // successful ones, after a failure
  size_t waiting = 0;             // transactions not taken yet
  uint64_t pending_erasures = 0;  // keys whose old bytes may be on the disk
  uint64_t erased_through = 0;    // see WaitErased
};

class KeyValueStore : public KeyValueReader {
 public:
  // Submits `txn` and reports what is known of it; see CommitResult. What is
  // looked at, in this order, in one atomic step: the bounds; the id's floor
  // or session; the id itself (kAlreadyApplied or kBarred if present); the
  // preconditions in order. Then puts, deletes, the id's claim and the feed
  // are written as one, and synced, before `done` is called with kApplied.
  // Concurrent commits share a sync. `done` may run before Commit returns.
  virtual void Commit(Transaction txn, const CommitOptions& options,
                      CommitCallback done) = 0;

  // Settles an id after kUnknown: answers what is stored under it, or bars it
  // if nothing is, so that it can never apply. Answers kAlreadyApplied,
  // kBarred, or kUnknown: the engine could not do it now, or the id is below
  // its floor or of a closed session, where nothing may be stored any more and
  // nothing can be concluded. Never kRefused, except INVALID_ARGUMENT for an
  // id of no kind.
  virtual void Settle(const TransactionId& id, const CommitOptions& options,
                      CommitCallback done) = 0;

  // As above, blocking until the answer, which an engine gives by shortly
  // after the deadline, and at most kMaxBlockingWait (then kUnknown). Not for
  // threads that serve other calls.
  CommitResult CommitAndWait(Transaction txn, const CommitOptions& options);
  CommitResult SettleAndWait(const TransactionId& id,
                             const CommitOptions& options);

  // What is stored under `id`, or NOT_FOUND, which proves nothing: a
  // submission that is under way may still apply. UNAVAILABLE as Get.
  virtual absl::StatusOr<TransactionRecord> GetTransaction(
      const TransactionId& id) const = 0;

  // The intents' floor (Transaction::raise_intent_floor); 0 in a new store.
  virtual absl::StatusOr<uint64_t> IntentFloor() const = 0;

  // Begins a writer session and returns its number, never given before. A
  // session ends with CloseSession, or with the process that began it: an
  // embedded engine closes at open what an earlier process left, a replicated
  // one lets it expire. UNAVAILABLE if it cannot be known to exist; whatever
  // was begun in vain is closed as above.
  virtual absl::StatusOr<uint64_t> BeginSession(SteadyTime deadline) = 0;

  // Ends a session: from then on every transaction with one of its ids is
  // refused, and what is stored of them may be dropped. OK if it is closed
  // already. UNAVAILABLE: not known; call again.
  virtual absl::Status CloseSession(uint64_t session, SteadyTime deadline) = 0;

  // A state to read several pages from. UNAVAILABLE as Get;
  // RESOURCE_EXHAUSTED above the engine's bound of open snapshots.
  virtual absl::StatusOr<std::unique_ptr<Snapshot>> NewSnapshot() const = 0;

  // The events of `keyspace`, a prefix that was declared as a feed when the
  // store was opened (else NOT_FOUND), with revision >= from_revision, about
  // `limit` of them (1 to kMaxFeedEvents). OUT_OF_RANGE if events that this
  // asks for were compacted, or if the position lies beyond the next revision,
  // as one that was given out before a restore may: list the keyspace, and
  // continue after the list's revision.
  virtual absl::StatusOr<FeedPage> ReadFeed(absl::string_view keyspace,
                                            uint64_t from_revision,
                                            size_t limit) const = 0;

  // Calls `notice` after each change in `keyspace` became readable, with a
  // revision; notices may be merged, and one may come for what was read
  // already. It runs on a committing thread, must not block, and takes no
  // thread while idle. To miss nothing: subscribe first, then ReadFeed until
  // it is empty, then wait. NOT_FOUND as ReadFeed.
  virtual absl::StatusOr<std::unique_ptr<Subscription>> SubscribeFeed(
      absl::string_view keyspace,
      absl::AnyInvocable<void(uint64_t revision)> notice) = 0;

  // Drops the events of `keyspace` up to and including `revision`. From then
  // on ReadFeed from `revision` or below is OUT_OF_RANGE. A revision at or
  // below an earlier one changes nothing; one above the store's is
  // INVALID_ARGUMENT. Survives a restart.
  virtual absl::Status CompactFeed(absl::string_view keyspace,
                                   uint64_t revision) = 0;

  // Erasing. A Delete with `erase`, or a Put with `erase_old`, makes what the
  // key held unreadable when the commit is answered. The bytes leave the disk
  // in the background, normally within a minute, also after a restart.
  // `done` is called, once, when all erasures up to `revision` (that of their
  // transaction) are done, with OK; with UNAVAILABLE if the store is closed
  // before. Freed disk blocks are the file system's: whoever needs those
  // cleared too must encrypt the disk.
  virtual void WaitErased(uint64_t revision,
                          absl::AnyInvocable<void(absl::Status)> done) = 0;

  virtual StoreStats Stats() const = 0;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_KV_H_
