// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/kv/writer_session.h"
#include "services/store/plan_steps.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using keyward::audit::v1::AuditEntry;

class MaintenanceTest : public StoreFixture {
 protected:
  size_t Count(const std::string& prefix) {
    kv::RangeOptions options;
    options.limit = kv::kMaxRangeEntries;
    options.keys_only = true;
    const auto range = engine()->Range(prefix, kv::PrefixEnd(prefix), options);
    EXPECT_TRUE(range.ok()) << range.status();
    return range.ok() ? range->entries.size() : 0;
  }
};

constexpr absl::Duration kWindow = absl::Hours(30 * 24);

TEST_F(MaintenanceTest, ADeletedSecretIsRemovedWhenItsWindowHasPassed) {
  const std::string uid = Create("db", "x").uid();
  ASSERT_TRUE(Delete("db").ok());
  clock_.Advance(kWindow - absl::Seconds(1));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Get("db").uid(), uid);
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Count("version/"), 0u);
  EXPECT_EQ(Count("wrap/"), 0u);
  EXPECT_EQ(Count("purgeat/"), 0u);
}

TEST_F(MaintenanceTest, P1_ARemovalIsOnRecordBeforeAndAfter) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  clock_.Advance(kWindow);
  ASSERT_TRUE(Maintain().ok());
  const std::vector<AuditEntry> entries = audit_.entries();
  ASSERT_EQ(entries.size(), 2u);
  for (const AuditEntry& entry : entries) {
    EXPECT_EQ(entry.principal(), "system:store");
    EXPECT_EQ(entry.action(), "secrets.destroy");
    EXPECT_EQ(entry.resource(), Name("db"));
    EXPECT_EQ(entry.decision(), keyward::audit::v1::DECISION_UNSPECIFIED);
  }
  EXPECT_EQ(entries[0].kind(), keyward::audit::v1::ENTRY_KIND_INTENT);
  EXPECT_EQ(entries[1].kind(), keyward::audit::v1::ENTRY_KIND_OUTCOME);
  EXPECT_EQ(entries[1].outcome(), keyward::audit::v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_EQ(entries[1].intent_index(), FakeAuditLog::kFirstIndex);
}

TEST_F(MaintenanceTest, P8_NothingIsRemovedWhileAuditIsAway) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  clock_.Advance(kWindow);
  audit_.SetAway(true);
  const absl::Status status = Maintain();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), kAuditUnavailable);
  EXPECT_EQ(Get("db").name(), Name("db"));
  audit_.SetAway(false);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MaintenanceTest, AFailedRemovalIsOnRecordAsNotApplied) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  clock_.Advance(kWindow);
  faults_->FailCommits(absl::UnavailableError("disk"));
  EXPECT_FALSE(Maintain().ok());
  ASSERT_EQ(audit_.entries().size(), 2u);
  EXPECT_EQ(audit_.entries()[1].outcome(),
            keyward::audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  faults_->FailCommits(absl::OkStatus(), 0);
  ASSERT_TRUE(Maintain().ok());
}

TEST_F(MaintenanceTest, AnUndeletedSecretStays) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  keyward::secrets::v1::UndeleteSecretRequest request;
  request.set_name(Name("db"));
  ASSERT_TRUE(Call(request).status.ok());
  clock_.Advance(kWindow);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Read("db"), "x");
  EXPECT_TRUE(audit_.entries().empty());
}

TEST_F(MaintenanceTest, AllVersionsOfALargeSecretAreRemoved) {
  Create("db", "x");
  for (size_t i = 0; i < 2 * kPurgeBatch + 3; ++i) Add("db", "x");
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
  EXPECT_GT(Count("version/"), 0u);
  Create("db", "successor");
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("version/"), 1u);
  EXPECT_EQ(Count("wrap/"), 1u);
  EXPECT_EQ(Count("purge/"), 0u);
  EXPECT_EQ(Read("db"), "successor");
}

TEST_F(MaintenanceTest, ManyDueSecretsAreRemovedInOneGo) {
  for (int i = 0; i < 60; ++i) {
    const std::string id = absl::StrCat("s", i);
    Create(id, "x");
    ASSERT_TRUE(Delete(id).ok());
  }
  clock_.Advance(kWindow);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("secret/"), 0u);
}

TEST_F(MaintenanceTest, RequestIdsAreForgottenAfterADay) {
  for (int i = 0; i < 60; ++i) {
    auto request = CreateRequest(absl::StrCat("s", i), "x");
    request.set_request_id(absl::StrCat(i));
    ASSERT_TRUE(Call(request).status.ok());
  }
  EXPECT_EQ(Count("reqid/"), 60u);
  clock_.Advance(absl::Hours(24) - absl::Seconds(1));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("reqid/"), 60u);
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("reqid/"), 0u);
  EXPECT_EQ(Count("reqexp/"), 0u);
}

TEST_F(MaintenanceTest, ARequestIdThatWasUsedAgainIsKept) {
  auto request = CreateRequest("db", "x");
  request.set_request_id("1");
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  clock_.Advance(absl::Hours(24));
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("reqid/"), 1u);
  EXPECT_EQ(Count("reqexp/"), 1u);
}

TEST_F(MaintenanceTest, EventsAreKeptForSevenDays) {
  Create("db", "x");
  for (int i = 0; i < 120; ++i) Add("db", "x");
  clock_.Advance(absl::Hours(7 * 24));
  Add("db", "y");
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("event/"), 122u);
  clock_.Advance(absl::Microseconds(1));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Count("event/"), 1u);
}

TEST_F(MaintenanceTest, ADestroyedSecretsRestCallsForMaintenanceAtOnce) {
  Create("small", "x");
  Create("large", "x");
  for (size_t i = 0; i < kPurgeBatch; ++i) Add("large", "x");
  ASSERT_TRUE(Delete("small", /*now=*/true).ok());
  EXPECT_FALSE(core_->maintenance_signal()->Wait(absl::ZeroDuration()));
  ASSERT_TRUE(Delete("large", /*now=*/true).ok());
  EXPECT_TRUE(core_->maintenance_signal()->Wait(absl::ZeroDuration()));
}

TEST_F(MaintenanceTest, OneBrokenRecordDoesNotStopTheRest) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  {
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    ASSERT_TRUE(session.ok());
    kv::Transaction txn;
    txn.preconditions.push_back(kv::Precondition::Exists(kInstallationKey));
    txn.puts.push_back({PurgeTimeKey(1, "broken"), "garbage"});
    ASSERT_TRUE((*session)->CommitAndWait(txn, {Deadline()}).applied());
  }
  clock_.Advance(kWindow);
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward::store
