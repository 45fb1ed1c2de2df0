// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/snapshot_set.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/kv/database.h"
#include "libs/kv/power_cut_file_system.h"

namespace keyward::kv {
namespace {

TEST(SnapshotSetTest, OpenSnapshotsAreBounded) {
  auto disk = std::make_shared<PowerCutFileSystem>();
  disk->CreateDir("/d", {}, nullptr).PermitUncheckedError();
  DatabaseOptions options;
  options.path = "/d";
  options.file_system = disk;
  options.create = true;
  options.block_cache_bytes = 1 << 20;
  options.write_buffer_bytes = 1 << 20;
  std::unique_ptr<Database> database = *Database::Open(options);
  SnapshotSet* set = database->snapshots();
  std::vector<std::shared_ptr<SnapshotPin>> pins;
  for (size_t i = 0; i < SnapshotSet::kMaxOpen; ++i) {
    pins.push_back(*set->Take(SteadyTime() + absl::Seconds(i)));
  }
  EXPECT_EQ(set->Take(SystemClock().SteadyNow()).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(set->Oldest(), SteadyTime() + absl::Seconds(0));
  pins[0]->End();
  EXPECT_EQ(set->Oldest(), SteadyTime() + absl::Seconds(1));
  EXPECT_TRUE(set->Take(SystemClock().SteadyNow()).ok());
  set->EndOlderThan(SteadyTime() + absl::Seconds(10));
  EXPECT_EQ(set->Oldest(), SteadyTime() + absl::Seconds(10));
  const auto nothing = [](rocksdb::DB*, const rocksdb::Snapshot*) {};
  EXPECT_EQ(pins[9]->Use(nothing).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(pins[10]->Use(nothing).ok());
  // A pin outlives the database, which ends it.
  database.reset();
  EXPECT_EQ(pins[10]->Use(nothing).code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace keyward::kv
