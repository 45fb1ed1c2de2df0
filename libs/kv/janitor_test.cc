// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/janitor.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/kv/database.h"
#include "libs/kv/engine_state.h"
#include "libs/kv/format.h"
#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/transaction.h"
#include "rocksdb/db.h"

namespace keyward::kv {
namespace {

using Keys = std::vector<std::string>;

class JanitorTest : public testing::Test {
 protected:
  JanitorTest() {
    auto disk = std::make_shared<PowerCutFileSystem>();
    disk->CreateDir("/d", {}, nullptr).PermitUncheckedError();
    DatabaseOptions options;
    options.path = "/d";
    options.file_system = disk;
    options.create = true;
    options.block_cache_bytes = 1 << 20;
    options.write_buffer_bytes = 1 << 20;
    database_ = *Database::Open(options);
    state_ = *LoadState(database_->db(), "", {"e/", "f/"}, true);
  }

  // Writes a record and returns its key.
  std::string Put(const std::string& disk_key) {
    EXPECT_TRUE(database_->db()->Put(SyncedWrite(), disk_key, "x").ok());
    return disk_key;
  }
  std::string PutIntent(uint64_t n) {
    return Put(format::TransactionKey(TransactionId::Intent(n)));
  }
  std::string PutInSession(uint64_t session, uint64_t n) {
    return Put(format::TransactionKey(TransactionId::InSession(session, n)));
  }
  Keys Garbage(size_t limit = 100) {
    GarbageCursor cursor;
    return *FindGarbage(database_->db(), state_, limit, &cursor);
  }

  std::unique_ptr<Database> database_;
  EngineState state_;
};

TEST_F(JanitorTest, ANewStoreHasNoGarbage) { EXPECT_EQ(Garbage(), Keys()); }

TEST_F(JanitorTest, P1_OnlyIntentsBelowTheFloorAreGarbage) {
  const std::string below = PutIntent(6);
  PutIntent(7);
  PutIntent(300);
  state_.intent_floor = 7;
  EXPECT_EQ(Garbage(), Keys({below}));
}

TEST_F(JanitorTest, IdsOfClosedSessionsAndBelowFloorsAreGarbage) {
  const std::string closed_before = PutInSession(2, 9);
  const std::string below = PutInSession(3, 4);
  PutInSession(3, 5);
  const std::string closed_between = PutInSession(4, 0);
  PutInSession(5, 0);
  const std::string closed_after = PutInSession(6, 0);
  state_.revision = 6;
  state_.sessions = {{3, 5}, {5, 0}};
  EXPECT_EQ(Garbage(),
            Keys({closed_before, below, closed_between, closed_after}));
}

TEST_F(JanitorTest, P4_IdsOfASessionThatIsYoungerThanTheStateAreKept) {
  const std::string closed = PutInSession(6, 0);
  PutInSession(7, 0);
  state_.revision = 6;
  EXPECT_EQ(Garbage(), Keys({closed}));
  state_.sessions = {{5, 0}};
  EXPECT_EQ(Garbage(), Keys({closed}));
}

TEST_F(JanitorTest, CompactedEventsOfEachFeedAreGarbage) {
  const std::string old = Put(format::FeedKey("e/", 5, "e/1"));
  Put(format::FeedKey("e/", 6, "e/1"));
  Put(format::FeedKey("f/", 5, "f/1"));
  state_.feeds["e/"] = 5;
  EXPECT_EQ(Garbage(), Keys({old}));
}

TEST_F(JanitorTest, OwnersEntriesAndErasuresAreNeverGarbage) {
  Put(format::DataKey("k"));
  Put(format::ErasureKey(1, "k"));
  state_.intent_floor = 1000;
  state_.feeds["e/"] = 1000;
  EXPECT_EQ(Garbage(), Keys());
}

TEST_F(JanitorTest, FindsNoMoreThanItsLimit) {
  for (uint64_t i = 0; i < 10; ++i) PutIntent(i);
  for (uint64_t i = 0; i < 10; ++i) PutInSession(1, i);
  state_.revision = 1;
  state_.intent_floor = 10;
  EXPECT_EQ(Garbage(5).size(), 5u);
  EXPECT_EQ(Garbage(15).size(), 15u);
  EXPECT_EQ(Garbage(20).size(), 20u);
  EXPECT_EQ(Garbage(21).size(), 20u);
}

// What was purged stays on the disk for a while, and is not passed over again.
TEST_F(JanitorTest, TheSearchGoesOnWhereItFoundTheLast) {
  Keys expected;
  for (uint64_t i = 0; i < 6; ++i) expected.push_back(PutIntent(i));
  for (uint64_t i = 0; i < 4; ++i) expected.push_back(PutInSession(1, i));
  expected.push_back(Put(format::FeedKey("e/", 5, "e/1")));
  state_.revision = 5;
  state_.intent_floor = 6;
  state_.feeds["e/"] = 5;
  GarbageCursor cursor;
  Keys found;
  while (true) {
    const Keys some = *FindGarbage(database_->db(), state_, 4, &cursor);
    found.insert(found.end(), some.begin(), some.end());
    if (some.size() < 4) break;
  }
  // None of it was deleted, and none is found twice.
  EXPECT_EQ(found, expected);
  // The ranges grow.
  const std::string intent = PutIntent(7);
  const std::string in_session = PutInSession(2, 0);
  state_.intent_floor = 8;
  EXPECT_EQ(*FindGarbage(database_->db(), state_, 4, &cursor),
            Keys({intent, in_session}));
}

TEST_F(JanitorTest, RemovingNothingIsFine) {
  EXPECT_TRUE(RemoveFromDisk(database_->db(), {}).ok());
  EXPECT_TRUE(RemoveFromDisk(database_->db(), {{1, "absent"}}).ok());
}

}  // namespace
}  // namespace keyward::kv
