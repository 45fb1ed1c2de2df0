// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// P4: what was acknowledged survives, and what is not known is called so. The
// disk here loses everything that was not synced, at every point of a run; it
// fails, stalls and fills up.

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/fake_clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/format.h"
#include "libs/kv/kv.h"
#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/writer_session.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

constexpr absl::Duration kTestWait = absl::Seconds(30);

SteadyTime Soon() { return SystemClock().SteadyNow() + kTestWait; }

Transaction PutTxn(uint64_t intent, absl::string_view key,
                   absl::string_view value) {
  Transaction txn;
  txn.id = TransactionId::Intent(intent);
  txn.txn_value = absl::StrCat("answer ", intent);
  txn.preconditions.push_back(Precondition::Absent(key));
  txn.puts.push_back({std::string(key), std::string(value)});
  return txn;
}

CommitResult Commit(KeyValueStore* store, uint64_t intent,
                    absl::string_view key = "k") {
  return store->CommitAndWait(PutTxn(intent, key, "value"), {Soon()});
}

bool AwaitServing(KeyValueStore* store) {
  const SteadyTime until = SystemClock().SteadyNow() + kTestWait;
  while (!store->Stats().serving) {
    if (SystemClock().SteadyNow() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

// What a process had been told when the power failed, and what it left.
struct Moment {
  uint64_t acknowledged = 0;
  uint64_t submitted = 0;
  DiskImage lost;
  DiskImage torn;
};

// Commits 1..n one after the other and takes the disk's image at every sync
// boundary on the way, with small buffers, so that the run has log switches,
// flushes and compactions in it.
std::vector<Moment> ScriptedRun(uint64_t commits) {
  RocksDbOptions options;
  options.write_buffer_bytes = 64 << 10;  // RocksDB's least
  options.erase_delay = absl::ZeroDuration();
  options.feeds = {"k"};
  TestKv kv = TestKv::WithOptions(options);
  Mutex mu;
  std::vector<Moment> moments;
  std::atomic<uint64_t> acknowledged{0}, submitted{0};
  kv.disk()->set_before_sync([&](uint64_t) {
    Moment moment;
    moment.acknowledged = acknowledged;
    moment.lost = kv.disk()->Image(Unsynced::kLost);
    moment.torn = kv.disk()->Image(Unsynced::kTorn);
    moment.submitted = submitted;
    MutexLock lock(&mu);
    moments.push_back(std::move(moment));
  });
  const std::string value(4000, 'v');
  for (uint64_t i = 1; i <= commits; ++i) {
    submitted = i;
    Transaction txn = PutTxn(i, absl::StrCat("k", i), value);
    if (i % 10 == 0) {
      txn.deletes.push_back({absl::StrCat("k", i - 5), /*erase=*/true});
    }
    EXPECT_EQ(kv.store()->CommitAndWait(std::move(txn), {Soon()}).outcome,
              Outcome::kApplied);
    acknowledged = i;
  }
  kv.Close();
  return moments;
}

// The commits 1..n of ScriptedRun that `store` holds, checked to be a prefix
// without holes, each whole; n.
uint64_t CheckPrefix(KeyValueStore* store, uint64_t commits) {
  uint64_t held = 0;
  for (uint64_t i = 1; i <= commits; ++i) {
    const auto record = store->GetTransaction(TransactionId::Intent(i));
    if (!record.ok()) continue;
    EXPECT_EQ(held + 1, i) << "a hole before " << i;
    EXPECT_EQ(record->txn_value, absl::StrCat("answer ", i));
    held = i;
  }
  for (uint64_t i = 1; i <= commits; ++i) {
    const bool deleted = i % 10 == 5 && i + 5 <= held;
    const bool there = store->Get(absl::StrCat("k", i)).ok();
    EXPECT_EQ(there, i <= held && !deleted) << i << " of " << held;
  }
  const auto feed = store->ReadFeed("k", 0, kMaxFeedEvents);
  EXPECT_TRUE(feed.ok()) << feed.status();
  EXPECT_EQ(feed->events.size(), held + held / 10);
  return held;
}

class PowerCutTest : public testing::TestWithParam<bool> {};

TEST_P(PowerCutTest, P4_AtEverySyncBoundaryAcknowledgedCommitsSurvive) {
  constexpr uint64_t kCommits = 60;
  const bool torn = GetParam();
  const std::vector<Moment> moments = ScriptedRun(kCommits);
  ASSERT_GT(moments.size(), kCommits);
  TestKv kv;
  for (size_t i = 0; i < moments.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("sync ", i));
    const Moment& moment = moments[i];
    absl::Status opened = kv.OpenFiles(torn ? moment.torn : moment.lost);
    ASSERT_TRUE(opened.ok()) << opened;
    const uint64_t held = CheckPrefix(kv.store(), kCommits);
    EXPECT_GE(held, moment.acknowledged);
    EXPECT_LE(held, moment.submitted);
    // And it goes on from there.
    EXPECT_EQ(Commit(kv.store(), 1000, "next").outcome, Outcome::kApplied);
  }
}

INSTANTIATE_TEST_SUITE_P(LostOrTorn, PowerCutTest, testing::Bool());

TEST(PowerCutFileSystemTest, P4_TheTestDiskLosesWhatIsNotSynced) {
  // Proves that the test above can fail: unsynced bytes are really gone.
  PowerCutFileSystem disk;
  ASSERT_TRUE(disk.CreateDir("/d", {}, nullptr).ok());
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(disk.NewWritableFile("/d/f", {}, &file, nullptr).ok());
  ASSERT_TRUE(file->Append("1234", {}, nullptr).ok());
  ASSERT_TRUE(file->Sync({}, nullptr).ok());
  EXPECT_EQ(disk.Image(Unsynced::kLost).count("/d/f"), 0u);  // no name yet
  std::unique_ptr<rocksdb::FSDirectory> folder;
  ASSERT_TRUE(disk.NewDirectory("/d", {}, &folder, nullptr).ok());
  ASSERT_TRUE(folder->Fsync({}, nullptr).ok());
  EXPECT_EQ(disk.Image(Unsynced::kLost).count("/d/f"), 0u);  // no folder yet
  std::unique_ptr<rocksdb::FSDirectory> top;
  ASSERT_TRUE(disk.NewDirectory("/", {}, &top, nullptr).ok());
  ASSERT_TRUE(top->Fsync({}, nullptr).ok());
  ASSERT_TRUE(file->Append("5678", {}, nullptr).ok());
  EXPECT_EQ(disk.Image(Unsynced::kLost).at("/d/f"), "1234");
  EXPECT_EQ(disk.Image(Unsynced::kTorn).at("/d/f"), "123456");
  EXPECT_EQ(disk.Image(Unsynced::kKept).at("/d/f"), "12345678");
  ASSERT_TRUE(disk.RenameFile("/d/f", "/d/g", {}, nullptr).ok());
  EXPECT_EQ(disk.Image(Unsynced::kLost).count("/d/g"), 0u);
  EXPECT_EQ(disk.Image(Unsynced::kLost).count("/d/f"), 1u);
}

TEST(CrashTest, P4_ManyThreadsThenAKillLoseNothingAcknowledged) {
  TestKv kv;
  constexpr int kThreads = 8, kEach = 200;
  std::vector<std::thread> threads;
  std::atomic<int> applied{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const uint64_t id = t * kEach + i;
        const auto result = Commit(kv.store(), id, absl::StrCat("k", id));
        if (result.outcome == Outcome::kApplied) ++applied;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, kThreads * kEach);
  ASSERT_TRUE(kv.PowerCut().ok());
  for (int id = 0; id < kThreads * kEach; ++id) {
    EXPECT_TRUE(kv.store()->Get(absl::StrCat("k", id)).ok()) << id;
  }
}

TEST(GroupCommitTest, ConcurrentCommitsShareSyncs) {
  TestKv kv;
  kv.StallSyncs();
  std::thread leader([&] { Commit(kv.store(), 0, "first"); });
  while (kv.StalledSyncs() == 0) std::this_thread::yield();
  Mutex mu;
  CondVar changed;
  int applied = 0;
  constexpr int kCommits = 100;
  for (uint64_t i = 1; i <= kCommits; ++i) {
    kv.store()->Commit(PutTxn(i, absl::StrCat("k", i), "v"), {Soon()},
                       [&](CommitResult result) {
                         MutexLock lock(&mu);
                         if (result.outcome == Outcome::kApplied) ++applied;
                         changed.SignalAll();
                       });
  }
  EXPECT_EQ(kv.store()->Stats().waiting, static_cast<size_t>(kCommits));
  kv.ReleaseSyncs();
  leader.join();
  MutexLock lock(&mu);
  while (applied < kCommits) ASSERT_TRUE(changed.WaitFor(&mu, kTestWait));
  EXPECT_EQ(kv.store()->Stats().transactions, kCommits + 1u);
  EXPECT_EQ(kv.store()->Stats().syncs, 2u);
}

TEST(GroupCommitTest, P4_NothingIsReadableOrAnsweredBeforeItsSync) {
  TestKv kv;
  kv.StallSyncs();
  std::atomic<bool> answered{false};
  std::thread writer([&] {
    Commit(kv.store(), 1);
    answered = true;
  });
  while (kv.StalledSyncs() == 0) std::this_thread::yield();
  EXPECT_EQ(kv.store()->Get("k").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(kv.store()->GetTransaction(TransactionId::Intent(1)).ok());
  EXPECT_FALSE(answered);
  kv.ReleaseSyncs();
  writer.join();
  EXPECT_TRUE(kv.store()->Get("k").ok());
}

TEST(GroupCommitTest, P8_ACommitBehindAStalledSyncIsAnsweredByItsDeadline) {
  FakeClock clock(absl::FromUnixSeconds(1000000));
  TestKv kv({}, &clock);
  kv.StallSyncs();
  CommitResult in_flight;
  std::thread leader([&] {
    in_flight = kv.store()->CommitAndWait(
        PutTxn(1, "k1", "v"), {clock.SteadyNow() + absl::Seconds(5)});
  });
  while (kv.StalledSyncs() == 0) std::this_thread::yield();
  Mutex mu;
  CondVar changed;
  CommitResult waiting;
  bool answered = false;
  kv.store()->Commit(PutTxn(2, "k2", "v"),
                     {clock.SteadyNow() + absl::Seconds(5)},
                     [&](CommitResult result) {
                       MutexLock lock(&mu);
                       waiting = std::move(result);
                       answered = true;
                       changed.SignalAll();
                     });
  // Whoever sets the system time meanwhile moves no deadline.
  clock.Set(clock.Now() - absl::Hours(1));
  clock.Advance(absl::Seconds(6));
  {
    MutexLock lock(&mu);
    while (!answered) ASSERT_TRUE(changed.WaitFor(&mu, kTestWait));
  }
  EXPECT_EQ(waiting.outcome, Outcome::kRefused);
  EXPECT_EQ(waiting.status.code(), absl::StatusCode::kDeadlineExceeded);
  kv.ReleaseSyncs();
  leader.join();
  // It was under way when its time ran out: nobody may say "not applied".
  EXPECT_EQ(in_flight.outcome, Outcome::kUnknown);
  EXPECT_EQ(kv.store()->SettleAndWait(TransactionId::Intent(1), {}).outcome,
            Outcome::kAlreadyApplied);
  EXPECT_EQ(kv.store()->SettleAndWait(TransactionId::Intent(2), {}).outcome,
            Outcome::kBarred);
}

// After a failed sync. `lose`: the kernel dropped the pages that it could not
// write, so that the commit is gone; else it reached the log after all.
class FailedSyncTest : public testing::TestWithParam<bool> {};

TEST_P(FailedSyncTest, P4_TheOutcomeIsUnknownAndSettlesToTheTruth) {
  const bool lose = GetParam();
  TestKv kv;
  ASSERT_EQ(Commit(kv.store(), 1, "k1").outcome, Outcome::kApplied);
  kv.FailSyncs(0, 1, lose);
  EXPECT_EQ(Commit(kv.store(), 2, "k2").outcome, Outcome::kUnknown);
  ASSERT_TRUE(AwaitServing(kv.store()));
  const CommitResult settled =
      kv.store()->SettleAndWait(TransactionId::Intent(2), {Soon()});
  EXPECT_EQ(settled.outcome,
            lose ? Outcome::kBarred : Outcome::kAlreadyApplied);
  EXPECT_EQ(kv.store()->Get("k2").ok(), !lose);
  EXPECT_TRUE(kv.store()->Get("k1").ok());
  EXPECT_EQ(kv.store()->Stats().reopens, 1u);
  EXPECT_EQ(kv.store()->Stats().failed_syncs, 1u);
  // What was found is durable too, whichever it was.
  ASSERT_TRUE(kv.PowerCut().ok());
  EXPECT_EQ(kv.store()->SettleAndWait(TransactionId::Intent(2), {}).outcome,
            settled.outcome);
  EXPECT_EQ(kv.store()->Get("k2").ok(), !lose);
}

TEST_P(FailedSyncTest, P4_TheEngineItselfBarsWhatIsGoneBeforeItServes) {
  const bool lose = GetParam();
  TestKv kv;
  kv.FailSyncs(0, 1, lose);
  EXPECT_EQ(Commit(kv.store(), 2).outcome, Outcome::kUnknown);
  ASSERT_TRUE(AwaitServing(kv.store()));
  // Submitted again without settling: applied once or never.
  EXPECT_EQ(Commit(kv.store(), 2).outcome,
            lose ? Outcome::kBarred : Outcome::kAlreadyApplied);
}

TEST_P(FailedSyncTest, P4_TheEngineRefusesEverythingUntilItHasReopened) {
  TestKv kv;
  ASSERT_EQ(Commit(kv.store(), 1, "k1").outcome, Outcome::kApplied);
  absl::StatusOr<std::unique_ptr<Snapshot>> snapshot =
      kv.store()->NewSnapshot();
  // More failures than one reopening has syncs: it stays away for a while.
  kv.FailSyncs(0, 1000000, GetParam());
  EXPECT_EQ(Commit(kv.store(), 2, "k2").outcome, Outcome::kUnknown);
  const CommitResult refused = Commit(kv.store(), 3, "k3");
  EXPECT_EQ(refused.outcome, Outcome::kRefused);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(kv.store()->Get("k1").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(kv.store()->SettleAndWait(TransactionId::Intent(2), {}).outcome,
            Outcome::kUnknown);
  EXPECT_EQ(kv.store()->BeginSession(Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(kv.store()->IntentFloor().status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(kv.store()->Range("", "", {}).status().code(),
            absl::StatusCode::kUnavailable);
  kv.FailSyncs(0, 0, false);
  ASSERT_TRUE(AwaitServing(kv.store()));
  EXPECT_TRUE(kv.store()->Get("k1").ok());
  EXPECT_EQ((*snapshot)->Get("k1").status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Commit(kv.store(), 3, "k3").outcome, Outcome::kApplied);
}

TEST_P(FailedSyncTest, ASessionSurvivesTheReopening) {
  TestKv kv;
  auto session = WriterSession::Begin(kv.store(), Soon());
  ASSERT_TRUE(session.ok());
  kv.FailSyncs(0, 1, GetParam());
  Transaction txn = PutTxn(0, "k", "v");
  txn.id = {};
  const CommitResult result = (*session)->CommitAndWait(txn, {Soon()});
  ASSERT_EQ(result.outcome, Outcome::kUnknown);
  ASSERT_TRUE(AwaitServing(kv.store()));
  EXPECT_EQ((*session)->SettleAndWait(result.id, {Soon()}).outcome,
            GetParam() ? Outcome::kBarred : Outcome::kAlreadyApplied);
  txn.puts[0].key = txn.preconditions[0].key = "k2";
  EXPECT_EQ((*session)->CommitAndWait(txn, {Soon()}).outcome,
            Outcome::kApplied);
}

INSTANTIATE_TEST_SUITE_P(KeptOrLost, FailedSyncTest, testing::Bool());

TEST(FailedSyncGroupTest, P4_NothingIsConcludedFromAWriteThatFailed) {
  TestKv kv;
  kv.StallSyncs();
  std::thread leader([&] { Commit(kv.store(), 0, "first"); });
  while (kv.StalledSyncs() == 0) std::this_thread::yield();
  Mutex mu;
  CondVar changed;
  std::map<std::string, CommitResult> results;
  const auto submit = [&](const std::string& name, Transaction txn) {
    kv.store()->Commit(std::move(txn), {Soon()}, [&, name](CommitResult r) {
      MutexLock lock(&mu);
      results[name] = std::move(r);
      changed.SignalAll();
    });
  };
  submit("writes", PutTxn(1, "k", "v"));
  submit("same id", PutTxn(1, "k", "v"));
  submit("conflicts with it", PutTxn(2, "k", "v"));
  Transaction stored = PutTxn(3, "k3", "v");
  stored.preconditions.push_back(Precondition::Exists("nothing"));
  submit("conflicts with the disk", std::move(stored));
  // The sync that is stalled now goes through, the next one fails.
  kv.FailSyncs(1, 1, /*lose_unsynced=*/true);
  kv.ReleaseSyncs();
  leader.join();
  MutexLock lock(&mu);
  while (results.size() < 4) ASSERT_TRUE(changed.WaitFor(&mu, kTestWait));
  EXPECT_EQ(results["writes"].outcome, Outcome::kUnknown);
  EXPECT_EQ(results["same id"].outcome, Outcome::kUnknown);
  EXPECT_EQ(results["conflicts with it"].outcome, Outcome::kRefused);
  EXPECT_EQ(results["conflicts with the disk"].outcome, Outcome::kConflict);
}

TEST(FullDiskTest, P4_RefusesWithoutLossAndGoesOnWhenThereIsSpace) {
  TestKv kv;
  ASSERT_EQ(Commit(kv.store(), 1, "k1").outcome, Outcome::kApplied);
  kv.SetSpaceLimit(0);
  EXPECT_EQ(Commit(kv.store(), 2, "k2").outcome, Outcome::kUnknown);
  EXPECT_EQ(Commit(kv.store(), 3, "k3").status.code(),
            absl::StatusCode::kUnavailable);
  kv.SetSpaceLimit(UINT64_MAX);
  ASSERT_TRUE(AwaitServing(kv.store()));
  EXPECT_TRUE(kv.store()->Get("k1").ok());
  EXPECT_EQ(kv.store()->SettleAndWait(TransactionId::Intent(2), {}).outcome,
            Outcome::kBarred);
  EXPECT_EQ(Commit(kv.store(), 3, "k3").outcome, Outcome::kApplied);
}

TEST(FullDiskTest, TheFailureAndTheRecoveryAreToldInTheLog) {
  Mutex mu;
  std::string told;
  RocksDbOptions options;
  options.log = [&](absl::string_view line) {
    MutexLock lock(&mu);
    absl::StrAppend(&told, line, "\n");
  };
  TestKv kv = TestKv::WithOptions(options);
  kv.SetSpaceLimit(0);
  Commit(kv.store(), 2);
  kv.SetSpaceLimit(UINT64_MAX);
  ASSERT_TRUE(AwaitServing(kv.store()));
  kv.Close();
  MutexLock lock(&mu);
  EXPECT_TRUE(absl::StrContains(told, "refuses everything")) << told;
  EXPECT_TRUE(absl::StrContains(told, "was opened again")) << told;
}

// Sectors that cannot be read.

TEST(ReadErrorTest, P8_WhatTheDiskDoesNotReadIsNeverTakenForAbsent) {
  constexpr uint64_t kCommits = 400;
  // Each in a block of its own.
  const std::string value(4000, 'v');
  TestKv kv;
  for (uint64_t i = 1; i <= kCommits; ++i) {
    ASSERT_TRUE(
        kv.store()
            ->CommitAndWait(PutTxn(i, absl::StrCat("k", i), value), {Soon()})
            .applied());
  }
  // From then on all of it is in a table, of which no more is in memory than
  // the opening has read.
  ASSERT_TRUE(kv.Restart().ok());
  kv.FailReads(true);
  EXPECT_TRUE(absl::IsUnavailable(kv.store()->Get("k200").status()));
  for (const auto& entry : kv.store()->GetMany({"k201", "k202"})) {
    EXPECT_TRUE(absl::IsUnavailable(entry.status()));
  }
  EXPECT_TRUE(absl::IsUnavailable(kv.store()->Range("", "", {}).status()));
  const TransactionId known = TransactionId::Intent(200);
  EXPECT_TRUE(absl::IsUnavailable(kv.store()->GetTransaction(known).status()));
  // Neither a change that was made nor one that cannot be made is made (again).
  EXPECT_EQ(Commit(kv.store(), 200, "k200").outcome, Outcome::kRefused);
  EXPECT_EQ(Commit(kv.store(), kCommits + 1, "k200").outcome,
            Outcome::kRefused);
  EXPECT_EQ(kv.store()->SettleAndWait(known, {Soon()}).outcome,
            Outcome::kUnknown);
  // Nothing was concluded from it.
  kv.FailReads(false);
  EXPECT_EQ(kv.store()->Get("k200")->value, value);
  EXPECT_EQ(Commit(kv.store(), kCommits + 1, "k200").outcome,
            Outcome::kConflict);
  EXPECT_TRUE(kv.store()->SettleAndWait(known, {Soon()}).applied());
}

// Damage.

// A store of a few commits, in tables and in the log, as files.
DiskImage SmallStore() {
  TestKv kv;
  for (uint64_t i = 1; i <= 5; ++i) {
    Commit(kv.store(), i, absl::StrCat("k", i));
  }
  EXPECT_TRUE(kv.Restart().ok());  // flushes
  for (uint64_t i = 6; i <= 10; ++i) {
    Commit(kv.store(), i, absl::StrCat("k", i));
  }
  DiskImage files = kv.Files();
  kv.Close();
  return files;
}

// Of a store with damaged files: "refused" if it does not open; the first
// error if a read fails; else the number of entries read, all checked.
std::string ReadAll(const DiskImage& files) {
  TestKv kv;
  absl::Status opened = kv.OpenFiles(files);
  if (!opened.ok()) return "refused";
  absl::StatusOr<RangeResult> all = kv.store()->Range("", "", {});
  if (!all.ok()) return "unreadable";
  for (const Entry& entry : all->entries) {
    if (entry.value != "value") return "a changed value";
  }
  return absl::StrCat(all->entries.size());
}

// Flips one bit in every `step`th byte of the files whose names contain `kind`.
void FlipBits(const std::string& kind, size_t step) {
  const DiskImage files = SmallStore();
  size_t flipped = 0;
  for (const auto& [path, content] : files) {
    if (!absl::StrContains(path, kind)) continue;
    for (size_t at = 0; at < content.size(); at += step) {
      DiskImage damaged = files;
      damaged[path][at] ^= 1 << at % 8;
      const std::string read = ReadAll(damaged);
      EXPECT_TRUE(read == "refused" || read == "unreadable" || read == "10")
          << path << " byte " << at << ": " << read;
      ++flipped;
    }
  }
  EXPECT_GT(flipped, 10u);
}

TEST(DamageTest, P4_AFlippedBitInATableIsRefusedOrHarmless) {
  FlipBits(".sst", 3);
}

TEST(DamageTest, P4_AFlippedBitAnywhereInTheLogIsRefusedOrHarmless) {
  FlipBits(".log", 1);
}

TEST(DamageTest, P4_AFlippedBitInTheListOfTablesIsRefusedOrHarmless) {
  FlipBits("MANIFEST", 1);
}

TEST(DamageTest, P4_AFlippedBitInTheMarkersIsRefusedOrHarmless) {
  FlipBits("CURRENT", 1);
  FlipBits("/KEYWARD", 1);
}

TEST(DamageTest, AMissingFileIsRefused) {
  const DiskImage files = SmallStore();
  for (const auto& [path, content] : files) {
    const bool needed =
        absl::EndsWith(path, ".sst") || absl::EndsWith(path, ".log") ||
        absl::StrContains(path, "MANIFEST") ||
        absl::EndsWith(path, "CURRENT") || absl::EndsWith(path, "/KEYWARD");
    if (!needed) continue;
    DiskImage damaged = files;
    damaged.erase(path);
    EXPECT_EQ(ReadAll(damaged), "refused") << path;
  }
}

// The path of the newest log; empty if there is none.
std::string NewestLog(const DiskImage& files) {
  std::string newest;
  for (const auto& [path, content] : files) {
    // RocksDB pads the numbers.
    if (absl::EndsWith(path, ".log")) newest = std::max(newest, path);
  }
  return newest;
}

TEST(DamageTest, P4_WithoutItsNewestLogAFolderHoldsAllThatWasAcknowledged) {
  constexpr uint64_t kCommits = 60;
  const std::vector<Moment> moments = ScriptedRun(kCommits);
  TestKv kv;
  size_t refused = 0;
  for (size_t i = 0; i < moments.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("sync ", i));
    DiskImage files = moments[i].lost;
    if (files.erase(NewestLog(files)) == 0) continue;
    const absl::Status opened = kv.OpenFiles(files);
    if (absl::IsDataLoss(opened)) {
      EXPECT_TRUE(absl::StrContains(opened.message(), "newest log")) << opened;
      ++refused;
      continue;
    }
    // Nothing in it had been acknowledged yet.
    ASSERT_TRUE(opened.ok()) << opened;
    EXPECT_GE(CheckPrefix(kv.store(), kCommits), moments[i].acknowledged);
  }
  EXPECT_GT(refused, kCommits / 2);
}

size_t CountLogs(const DiskImage& files) {
  return std::count_if(files.begin(), files.end(), [](const auto& file) {
    return absl::EndsWith(file.first, ".log");
  });
}

TEST(DamageTest, P4_ALogIsNamedBeforeWhatIsInItIsAcknowledged) {
  RocksDbOptions options;
  options.write_buffer_bytes = 64 << 10;
  TestKv kv = TestKv::WithOptions(options);
  // The log before stays, so that it is there when the newest is gone.
  kv.disk()->StallDeletions(".log");
  const std::string value(4000, 'x');
  uint64_t commits = 0;
  do {
    ASSERT_LT(++commits, 100u);
    Transaction txn = PutTxn(commits, absl::StrCat("k", commits), value);
    ASSERT_TRUE(kv.store()->CommitAndWait(std::move(txn), {Soon()}).applied());
  } while (CountLogs(kv.Files()) < 2);
  DiskImage files = kv.Files();
  ASSERT_EQ(files.erase(NewestLog(files)), 1u);
  kv.disk()->ReleaseDeletions();
  kv.Close();
  TestKv damaged;
  const absl::Status opened = damaged.OpenFiles(files);
  EXPECT_TRUE(absl::IsDataLoss(opened)) << opened;
  EXPECT_TRUE(absl::StrContains(opened.message(), "newest log")) << opened;
}

// A process that is killed between a log's first commit and its naming, and
// one that a folder of an older release is given.
TEST(DamageTest, AnOlderNameOrNoneIsNoDamage) {
  DiskImage files = SmallStore();
  const std::string name =
      absl::StrCat(NewestLog(files).substr(0, NewestLog(files).rfind('/')), "/",
                   format::kNewestLogFile);
  ASSERT_EQ(files.count(name), 1u);
  files[name] = format::EncodeNewestLog(1);
  EXPECT_EQ(ReadAll(files), "10");
  files.erase(name);
  EXPECT_EQ(ReadAll(files), "10");
}

}  // namespace
}  // namespace keyward::kv
