// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/reconciler.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/kv/test_kv.h"
#include "services/audit/background_runner.h"
#include "services/audit/fake_owner_control.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    AuditCore::Dependencies dependencies;
    dependencies.store = kv_.store();
    dependencies.key = TestLogKey();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    dependencies.peers = {
        {"store", &store_, {"keyward.secrets.v1"}, "system:store"},
        {"policy", &policy_, {"keyward.policy.v1"}, "system:policy"}};
    core_ = AuditCore::Create(std::move(dependencies), {}, Soon()).value();
    EXPECT_TRUE(core_->Start(Soon()).ok());
    EXPECT_TRUE(core_->RaiseFence(1, Soon()).ok());
    reconciler_ = std::make_unique<Reconciler>(core_.get(), &clock_, &logger_);
  }
  SteadyTime Soon() { return clock_.SteadyNow() + absl::Seconds(10); }

  rpc::AppendResult Append(rpc::AppendItem item) {
    auto answer = Answer::New();
    core_->Append(std::move(item), Answer::Into(answer));
    return answer->Wait();
  }
  uint64_t Intent(const std::string& method) {
    audit::v1::AuditEntry entry = MakeEntry(audit::v1::ENTRY_KIND_INTENT, 1);
    entry.set_method(method);
    entry.set_request_id("request-7");
    return Append(MakeItem({entry}, 1, Soon())).first_index;
  }
  uint64_t StoreIntent() {
    return Intent("keyward.secrets.v1.SecretService.UpdateSecret");
  }
  audit::v1::AuditEntry Entry(uint64_t index) {
    return audit::ParseEntry(core_->reader().ReadLeaf(index).value()).value();
  }
  // The entry of the outcome that closed an intent.
  audit::v1::AuditEntry ClosingOutcome(uint64_t intent) {
    return Entry(core_->reader().ReadClosingOutcome(intent).value().value());
  }
  Reconciler::Result RunAfter(absl::Duration age) {
    clock_.Advance(age);
    return reconciler_->RunOnce(clock_.SteadyNow());
  }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  FakeTimer timer_{&clock_};
  kv::TestKv kv_;
  FakeOwnerControl store_;
  FakeOwnerControl policy_;
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
  std::unique_ptr<AuditCore> core_;
  std::unique_ptr<Reconciler> reconciler_;
};

TEST_F(ReconcilerTest, P1_AppliedChangeGetsItsOutcome) {
  const uint64_t intent = StoreIntent();
  store_.SetApplied(intent);
  EXPECT_EQ(RunAfter(absl::Seconds(61)).closed, 1u);
  const audit::v1::AuditEntry outcome = ClosingOutcome(intent);
  EXPECT_EQ(outcome.outcome(), audit::v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_EQ(outcome.principal(), "system:audit");
  EXPECT_EQ(outcome.request_id(), "request-7");
  EXPECT_EQ(outcome.policy_revision(), 1u);
  EXPECT_EQ(outcome.resource(), Entry(intent).resource());
}

TEST_F(ReconcilerTest, P1_ChangeThatNeverArrivedIsBarredAndNotApplied) {
  const uint64_t intent = StoreIntent();
  EXPECT_EQ(RunAfter(absl::Seconds(61)).closed, 1u);
  EXPECT_TRUE(store_.barred(intent));
  EXPECT_EQ(ClosingOutcome(intent).outcome(),
            audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
}

TEST_F(ReconcilerTest, CallThatMayStillBeUnderWayIsLeftAlone) {
  const uint64_t intent = StoreIntent();
  EXPECT_EQ(RunAfter(absl::Seconds(59)).closed, 0u);
  EXPECT_FALSE(store_.barred(intent));
  EXPECT_TRUE(core_->open_intents().Contains(intent));
}

TEST_F(ReconcilerTest, TheTimeOfDayMakesNoIntentOlder) {
  const uint64_t intent = StoreIntent();
  clock_.Set(clock_.Now() + absl::Hours(1));
  EXPECT_EQ(RunAfter(absl::Seconds(59)).closed, 0u);
  clock_.Set(clock_.Now() - absl::Hours(2));
  EXPECT_EQ(RunAfter(absl::Seconds(2)).closed, 1u);
  EXPECT_FALSE(core_->open_intents().Contains(intent));
}

TEST_F(ReconcilerTest, EachIntentIsAskedOfItsOwner) {
  const uint64_t theirs =
      Intent("keyward.policy.v1.PolicyService.CreateBinding");
  const uint64_t ours = StoreIntent();
  EXPECT_EQ(RunAfter(absl::Seconds(61)).closed, 2u);
  EXPECT_TRUE(policy_.barred(theirs));
  EXPECT_FALSE(policy_.barred(ours));
  EXPECT_TRUE(store_.barred(ours));
  EXPECT_FALSE(store_.barred(theirs));
}

TEST_F(ReconcilerTest, P8_OwnerThatIsAwayLeavesItsIntentsOpen) {
  const uint64_t intent = StoreIntent();
  store_.FailWith(absl::UnavailableError("away"));
  const Reconciler::Result result = RunAfter(absl::Seconds(61));
  EXPECT_EQ(result.closed, 0u);
  EXPECT_EQ(result.unsettled, 1u);
  EXPECT_EQ(result.floor, intent);
  EXPECT_TRUE(core_->open_intents().Contains(intent));
  store_.FailWith(absl::OkStatus());
  EXPECT_EQ(RunAfter(absl::Seconds(60)).closed, 1u);
}

TEST_F(ReconcilerTest, IntentWithoutOwnerStaysOpenAndHoldsTheFloor) {
  const uint64_t intent = Intent("keyward.unknown.v1.Service.Method");
  const Reconciler::Result result = RunAfter(absl::Seconds(61));
  EXPECT_EQ(result.unowned, 1u);
  EXPECT_EQ(result.floor, intent);
}

TEST_F(ReconcilerTest, FloorIsTheOldestOpenIntentAndElseTheEnd) {
  EXPECT_EQ(RunAfter(absl::ZeroDuration()).floor, core_->view()->size());
  const uint64_t intent = StoreIntent();
  StoreIntent();
  EXPECT_EQ(RunAfter(absl::Seconds(1)).floor, intent);
  EXPECT_EQ(store_.floor(), intent);
  EXPECT_EQ(policy_.floor(), intent);
  RunAfter(absl::Seconds(61));
  EXPECT_EQ(store_.floor(), core_->view()->size());
}

TEST_F(ReconcilerTest, PeersHoldTheNewestCheckpoint) {
  RunAfter(absl::ZeroDuration());
  EXPECT_EQ(audit::ReadCheckpointUnverified(store_.held()).value().size, 1u);
  Append(AccessItem(1, Soon()));
  RunAfter(absl::ZeroDuration());
  EXPECT_EQ(audit::ReadCheckpointUnverified(store_.held()).value().size, 2u);
  EXPECT_EQ(policy_.held(), store_.held());
}

TEST_F(ReconcilerTest, CheckpointsAreOfferedAgainToAPeerThatWasAway) {
  // From the start, before the fence was raised.
  const std::string before = policy_.held();
  policy_.FailWith(absl::UnavailableError("away"));
  RunAfter(absl::ZeroDuration());
  EXPECT_EQ(policy_.held(), before);
  EXPECT_NE(policy_.held(), store_.held());
  policy_.FailWith(absl::OkStatus());
  RunAfter(absl::ZeroDuration());
  EXPECT_EQ(policy_.held(), store_.held());
}

TEST_F(ReconcilerTest, ManyIntentsAreSettledInSeveralCalls) {
  for (int i = 0; i < 300; ++i) StoreIntent();
  EXPECT_EQ(RunAfter(absl::Seconds(61)).closed, 300u);
  EXPECT_EQ(core_->open_intents().size(), 0u);
}

TEST_F(ReconcilerTest, NothingIsDoneWhileTheCoreDoesNotServe) {
  StoreIntent();
  core_->Close();
  EXPECT_EQ(RunAfter(absl::Seconds(61)).unsettled, 0u);
  EXPECT_EQ(store_.floor(), 0u);
}

// Answers what nobody asked.
class GarbageOwner final : public rpc::OwnerControl {
 public:
  absl::StatusOr<uint64_t> RaiseFence(uint64_t, SteadyTime) override {
    return 0;
  }
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime) override {
    return std::string();
  }
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint&,
                              SteadyTime) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& ids, SteadyTime) override {
    return std::vector<rpc::IntentResolution>{
        {ids[0] + 1, rpc::Outcome::kApplied, 0},
        {ids[0], rpc::Outcome::kUnknown, 0},
        {9999, rpc::Outcome::kApplied, 0}};
  }
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t, SteadyTime) override {
    return 0;
  }
};

TEST(ReconcilerGarbageTest, P8_AnswersAboutOtherIntentsAreNotRecorded) {
  FakeClock clock(absl::FromUnixSeconds(1800000000));
  FakeTimer timer(&clock);
  kv::TestKv kv;
  GarbageOwner garbage;
  NullLogSink sink;
  Logger logger("audit", LogLevel::kError, &clock, &sink);
  AuditCore::Dependencies dependencies;
  dependencies.store = kv.store();
  dependencies.key = TestLogKey();
  dependencies.clock = &clock;
  dependencies.timer = &timer;
  dependencies.logger = &logger;
  dependencies.peers = {{"store", &garbage, {"keyward.secrets.v1"}, ""}};
  const SteadyTime soon = clock.SteadyNow() + absl::Hours(1);
  auto core = AuditCore::Create(std::move(dependencies), {}, soon).value();
  ASSERT_TRUE(core->Start(soon).ok());
  ASSERT_TRUE(core->RaiseFence(1, soon).ok());
  auto answer = Answer::New();
  core->Append(IntentItem(1, soon), Answer::Into(answer));
  const uint64_t intent = answer->Wait().first_index;
  clock.Advance(absl::Seconds(61));
  Reconciler reconciler(core.get(), &clock, &logger);
  EXPECT_EQ(reconciler.RunOnce(clock.SteadyNow()).closed, 0u);
  EXPECT_TRUE(core->open_intents().Contains(intent));
  EXPECT_EQ(core->view()->size(), 2u);
}

TEST_F(ReconcilerTest, RunnerAsksAnOwnerThatWasAwayAgainSoon) {
  const uint64_t intent = StoreIntent();
  clock_.Advance(absl::Seconds(61));
  store_.DenyIntents(true);
  BackgroundRunner::Options options;
  options.index_interval = absl::Milliseconds(5);
  options.first_retry = absl::Milliseconds(5);
  BackgroundRunner runner(options, core_.get(), &clock_, &logger_);
  // The floor comes after the intents, in a run.
  while (store_.floor() == 0) std::this_thread::yield();
  ASSERT_TRUE(core_->open_intents().Contains(intent));
  store_.DenyIntents(false);
  const absl::Time half = absl::Now() + options.reconcile_interval / 2;
  while (core_->open_intents().Contains(intent) && absl::Now() < half) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_FALSE(core_->open_intents().Contains(intent));
}

TEST_F(ReconcilerTest, RunnerRunsAtOnceAndStops) {
  BackgroundRunner::Options options;
  options.index_interval = absl::Milliseconds(5);
  {
    BackgroundRunner runner(options, core_.get(), &clock_, &logger_);
    while (store_.floor() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(store_.floor(), 1u);
}

}  // namespace
}  // namespace keyward::audit_service
