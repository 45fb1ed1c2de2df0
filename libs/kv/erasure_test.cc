// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Erased bytes are in no file any more once their removal was reported.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/fake_clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/rocksdb_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/writer_session.h"

namespace keyward::kv {
namespace {

constexpr char kPlanted[] = "a value that was planted to be erased";
constexpr absl::Duration kTestWait = absl::Minutes(1);

SteadyTime Soon() { return SystemClock().SteadyNow() + kTestWait; }

// A one-shot wait for WaitErased.
class Erased {
 public:
  Erased(KeyValueStore* store, uint64_t revision) {
    store->WaitErased(revision, [state = state_](absl::Status status) {
      MutexLock lock(&state->mu);
      state->status = std::move(status);
      state->done = true;
      state->changed.SignalAll();
    });
  }
  bool done() const {
    MutexLock lock(&state_->mu);
    return state_->done;
  }
  bool DoneWithin(absl::Duration wait) const {
    MutexLock lock(&state_->mu);
    while (!state_->done) {
      if (!state_->changed.WaitFor(&state_->mu, wait)) break;
    }
    return state_->done;
  }
  absl::Status Await() {
    if (!DoneWithin(kTestWait)) {
      return absl::DeadlineExceededError("not erased");
    }
    MutexLock lock(&state_->mu);
    return state_->status;
  }

 private:
  struct State {
    Mutex mu;
    CondVar changed;
    bool done = false;
    absl::Status status;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

uint64_t Commit(KeyValueStore* store, uint64_t intent, Transaction txn) {
  txn.id = TransactionId::Intent(intent);
  if (txn.preconditions.empty()) {
    txn.preconditions.push_back(Precondition::Absent("never there"));
  }
  // Without a deadline: it would be one of the store's clock.
  const CommitResult result = store->CommitAndWait(std::move(txn), {});
  EXPECT_TRUE(result.applied()) << result.ToString();
  return result.revision;
}

uint64_t Put(KeyValueStore* store, uint64_t intent, const std::string& key,
             const std::string& value, bool erase_old = false) {
  Transaction txn;
  txn.puts.push_back({key, value, erase_old});
  return Commit(store, intent, std::move(txn));
}

uint64_t EraseKey(KeyValueStore* store, uint64_t intent,
                  const std::string& key) {
  Transaction txn;
  txn.deletes.push_back({key, /*erase=*/true});
  return Commit(store, intent, std::move(txn));
}

bool Holds(const std::map<std::string, std::string>& files) {
  for (const auto& [path, content] : files) {
    if (absl::StrContains(content, kPlanted)) return true;
  }
  return false;
}

// Fills tables and levels around the planted value.
void Fill(TestKv* kv, uint64_t first_intent) {
  for (uint64_t i = 0; i < 100; ++i) {
    Put(kv->store(), first_intent + i, absl::StrCat("k", i),
        std::string(4000, 'x'));
  }
}

RocksDbOptions SmallBuffers() {
  RocksDbOptions options;
  options.write_buffer_bytes = 64 << 10;
  options.erase_delay = absl::ZeroDuration();
  return options;
}

TEST(ErasureTest, ADeletedValueIsFoundOnTheDiskIfItIsNotErased) {
  // Proves that the search of the tests below can find it.
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  Transaction txn;
  txn.deletes.push_back({"secret", /*erase=*/false});
  Commit(kv.store(), 2, std::move(txn));
  EXPECT_TRUE(Holds(kv.Files()));
}

TEST(ErasureTest, AnErasedValueLeavesTheLogAndTheBuffer) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  const uint64_t revision = EraseKey(kv.store(), 2, "secret");
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
}

TEST(ErasureTest, AnErasedValueLeavesTheTablesOfEveryLevel) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "k50/secret", kPlanted);
  Fill(&kv, 10);
  ASSERT_TRUE(kv.Restart().ok());
  Fill(&kv, 200);
  ASSERT_TRUE(kv.Restart().ok());
  const uint64_t revision = EraseKey(kv.store(), 2, "k50/secret");
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
  EXPECT_TRUE(kv.store()->Get("k51").ok());
}

TEST(ErasureTest, AnOverwrittenValueIsErasedWhenAsked) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  ASSERT_TRUE(kv.Restart().ok());
  const uint64_t revision =
      Put(kv.store(), 2, "secret", "new", /*erase_old=*/true);
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
  EXPECT_EQ(kv.store()->Get("secret")->value, "new");
}

TEST(ErasureTest, P4_NothingIsCalledErasedBeforeItsFilesAreDeleted) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  ASSERT_TRUE(kv.Restart().ok());
  kv.disk()->StallDeletions(".sst");
  const uint64_t revision = EraseKey(kv.store(), 2, "secret");
  Erased erased(kv.store(), revision);
  for (int i = 0; i < 6000 && kv.disk()->StalledDeletions() == 0; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  ASSERT_GT(kv.disk()->StalledDeletions(), 0u);
  // RocksDB wakes whoever waits for a job at the end of any. Here it is a flush
  // that ends while the compaction is deleting.
  for (uint64_t i = 3; i < 23; ++i) {
    Put(kv.store(), i, absl::StrCat("k", i), std::string(4000, 'x'));
  }
  EXPECT_FALSE(erased.DoneWithin(absl::Seconds(1)));
  EXPECT_TRUE(Holds(kv.Files()));
  kv.disk()->ReleaseDeletions();
  EXPECT_TRUE(erased.Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
}

TEST(ErasureTest, ManyKeysAreErasedTogether) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  for (uint64_t i = 0; i < 100; ++i) {
    Put(kv.store(), i, absl::StrCat("s", i), kPlanted);
  }
  ASSERT_TRUE(kv.Restart().ok());
  Transaction txn;
  for (uint64_t i = 0; i < 100; ++i) {
    txn.deletes.push_back({absl::StrCat("s", i), /*erase=*/true});
  }
  const uint64_t revision = Commit(kv.store(), 1000, std::move(txn));
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
}

TEST(ErasureTest, AnErasureCutShortByALossOfPowerIsDoneAfterIt) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  ASSERT_TRUE(kv.Restart().ok());
  std::map<std::string, std::string> files;
  uint64_t revision = 0;
  {
    // An erasure that cannot begin.
    absl::StatusOr<std::unique_ptr<Snapshot>> snapshot =
        kv.store()->NewSnapshot();
    revision = EraseKey(kv.store(), 2, "secret");
    files = kv.Files();
  }
  ASSERT_TRUE(Holds(files));
  ASSERT_TRUE(kv.OpenFiles(files).ok());
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
}

TEST(ErasureTest, ASnapshotDelaysRemovalUntilItEndsOrIsTooOld) {
  FakeClock clock(absl::FromUnixSeconds(1000000));
  RocksDbOptions options = SmallBuffers();
  options.clock = &clock;
  TestKv kv = TestKv::WithOptions(options);
  Put(kv.store(), 1, "secret", kPlanted);
  absl::StatusOr<std::unique_ptr<Snapshot>> snapshot =
      kv.store()->NewSnapshot();
  clock.Advance(absl::Seconds(1));
  const uint64_t revision = EraseKey(kv.store(), 2, "secret");
  Erased erased(kv.store(), revision);
  EXPECT_EQ((*snapshot)->Get("secret")->value, kPlanted);
  EXPECT_FALSE(erased.done());
  EXPECT_EQ(kv.store()->Stats().pending_erasures, 1u);
  EXPECT_LT(kv.store()->Stats().erased_through, revision);
  clock.Advance(kMaxSnapshotAge);
  EXPECT_TRUE(erased.Await().ok());
  EXPECT_EQ((*snapshot)->Get("secret").status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(Holds(kv.Files()));
}

TEST(ErasureTest, ErasuresAreGatheredForTheDelay) {
  FakeClock clock(absl::FromUnixSeconds(1000000));
  RocksDbOptions options = SmallBuffers();
  options.clock = &clock;
  options.erase_delay = absl::Seconds(5);
  TestKv kv = TestKv::WithOptions(options);
  Put(kv.store(), 1, "secret", kPlanted);
  Erased erased(kv.store(), EraseKey(kv.store(), 2, "secret"));
  EXPECT_FALSE(erased.done());
  clock.Advance(absl::Seconds(6));
  EXPECT_TRUE(erased.Await().ok());
}

TEST(ErasureTest, P4_AnErasureThatFindsNoRoomIsPutOffAndReadsGoOn) {
  Mutex mu;
  std::string told;
  RocksDbOptions options = SmallBuffers();
  options.log = [&](absl::string_view line) {
    MutexLock lock(&mu);
    absl::StrAppend(&told, line, "\n");
  };
  TestKv kv = TestKv::WithOptions(options);
  Put(kv.store(), 1, "k", "v");
  Put(kv.store(), 2, "secret", kPlanted);
  absl::StatusOr<std::unique_ptr<Snapshot>> snapshot =
      kv.store()->NewSnapshot();
  const uint64_t revision = EraseKey(kv.store(), 3, "secret");
  kv.SetSpaceLimit(0);
  snapshot->reset();
  const SteadyTime end = SystemClock().SteadyNow() + absl::Seconds(20);
  const auto put_off = [&] {
    MutexLock lock(&mu);
    return absl::StrContains(told, "cannot remove erased values");
  };
  while (!put_off() && SystemClock().SteadyNow() < end)
    std::this_thread::yield();
  ASSERT_TRUE(put_off());
  EXPECT_EQ(kv.store()->Get("k")->value, "v");
  EXPECT_EQ(kv.store()->Stats().pending_erasures, 1u);
  // Neither written nor half written: there is nothing to settle.
  Transaction txn;
  txn.id = TransactionId::Intent(4);
  txn.preconditions.push_back(Precondition::Exists("k"));
  txn.puts.push_back({"k", "w"});
  const CommitResult refused = kv.store()->CommitAndWait(txn, {Soon()});
  EXPECT_EQ(refused.outcome, CommitResult::Outcome::kRefused);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(kv.store()->Get("k")->value, "v");

  kv.SetSpaceLimit(UINT64_MAX);
  EXPECT_TRUE(Erased(kv.store(), revision).Await().ok());
  EXPECT_FALSE(Holds(kv.Files()));
  EXPECT_TRUE(kv.store()->CommitAndWait(std::move(txn), {Soon()}).applied());
  EXPECT_EQ(kv.store()->Stats().failed_syncs, 0u);
  EXPECT_EQ(kv.store()->Stats().reopens, 0u);
  ASSERT_TRUE(kv.PowerCut().ok());
  EXPECT_EQ(kv.store()->Get("k")->value, "w");
}

TEST(ErasureTest, WaitingForNothingEndsAtOnce) {
  TestKv kv;
  const uint64_t revision = Put(kv.store(), 1, "k", "v");
  EXPECT_TRUE(Erased(kv.store(), revision).done());
}

TEST(ErasureTest, WaitingEndsWithTheStore) {
  TestKv kv = TestKv::WithOptions(SmallBuffers());
  Put(kv.store(), 1, "secret", kPlanted);
  absl::StatusOr<std::unique_ptr<Snapshot>> snapshot =
      kv.store()->NewSnapshot();
  Erased erased(kv.store(), EraseKey(kv.store(), 2, "secret"));
  kv.Close();
  EXPECT_EQ(erased.Await().code(), absl::StatusCode::kUnavailable);
}

TEST(ErasureTest, NoFileOfARealFolderHoldsAnErasedValue) {
  const std::string folder =
      absl::StrCat(testing::TempDir(), "/erasure_test_folder");
  std::filesystem::remove_all(folder);
  SystemClock clock;
  RocksDbOptions options = SmallBuffers();
  options.path = folder;
  options.clock = &clock;
  auto store = OpenRocksDb(options);
  ASSERT_TRUE(store.ok()) << store.status();
  Put(store->get(), 1, "secret", kPlanted);
  const uint64_t revision = EraseKey(store->get(), 2, "secret");
  EXPECT_TRUE(Erased(store->get(), revision).Await().ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(in)),
                              std::istreambuf_iterator<char>());
    EXPECT_FALSE(absl::StrContains(content, kPlanted)) << entry.path();
  }
}

}  // namespace
}  // namespace keyward::kv
