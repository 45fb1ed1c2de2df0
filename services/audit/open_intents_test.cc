// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/open_intents.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/audit/fake_log_store.h"
#include "libs/base/fake_clock.h"

namespace keyward::audit_service {
namespace {

const SteadyTime kNow = SteadyTime() + absl::Hours(100);

std::string Intent(absl::Time time) {
  audit::v1::AuditEntry entry;
  entry.set_kind(audit::v1::ENTRY_KIND_INTENT);
  entry.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  return audit::SerializeEntry(entry).value();
}

TEST(OpenIntentsTest, BatchesOpenAndClose) {
  OpenIntents intents;
  audit::Batch batch;
  batch.opened = {3, 5};
  intents.Apply(batch, kNow);
  EXPECT_TRUE(intents.Contains(3));
  EXPECT_EQ(intents.Oldest(), 3u);
  batch.opened = {9};
  batch.closed = {{3, 8}};
  intents.Apply(batch, kNow + absl::Seconds(10));
  EXPECT_FALSE(intents.Contains(3));
  EXPECT_EQ(intents.Oldest(), 5u);
  EXPECT_EQ(intents.size(), 2u);
}

TEST(OpenIntentsTest, OnlyOldOnesAreListed) {
  OpenIntents intents;
  audit::Batch batch;
  batch.opened = {1, 2};
  intents.Apply(batch, kNow);
  batch.opened = {3};
  intents.Apply(batch, kNow + absl::Seconds(1));
  EXPECT_EQ(intents.OpenSince(kNow, 10), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(intents.OpenSince(kNow, 1), (std::vector<uint64_t>{1}));
  EXPECT_TRUE(intents.OpenSince(kNow - absl::Seconds(1), 10).empty());
}

TEST(OpenIntentsTest, LoadReplacesByWhatTheStoreSays) {
  audit::FakeLogStore store;
  const FakeClock clock(absl::FromUnixSeconds(1000000));
  store.Append({Intent(clock.Now() - absl::Hours(1)),
                Intent(clock.Now() + absl::Hours(1))});
  OpenIntents intents;
  audit::Batch batch;
  batch.opened = {77};
  const SteadyTime now = clock.SteadyNow();
  intents.Apply(batch, now);
  ASSERT_TRUE(intents.Load(audit::LogReader(&store), clock).ok());
  EXPECT_FALSE(intents.Contains(77));
  EXPECT_EQ(intents.OpenSince(now - absl::Hours(1), 10),
            (std::vector<uint64_t>{0}));
  // The one from the future counts from now.
  EXPECT_EQ(intents.OpenSince(now, 10), (std::vector<uint64_t>{0, 1}));
}

TEST(OpenIntentsTest, EmptyHasNoOldest) {
  const audit::FakeLogStore store;
  OpenIntents intents;
  const FakeClock clock(absl::FromUnixSeconds(1000000));
  EXPECT_TRUE(intents.Load(audit::LogReader(&store), clock).ok());
  EXPECT_EQ(intents.size(), 0u);
  EXPECT_FALSE(intents.Oldest().has_value());
}

}  // namespace
}  // namespace keyward::audit_service
