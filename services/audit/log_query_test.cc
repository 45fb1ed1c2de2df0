// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_query.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/steady_time.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/writer_session.h"
#include "services/audit/log_writer.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using audit::v1::AuditEntry;

// A log of 1,000 records: record i is at second i, by principal "p<i % 7>",
// about secret "s<i % 10>" of project "alpha", but every 50th of "beta".
class LogQueryTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSize = 1000;

  LogQueryTest() {
    LogWriter::Dependencies dependencies;
    dependencies.store = kv_.store();
    dependencies.signer = key_.signer.get();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    writer_ =
        LogWriter::Open(dependencies, {}, SteadyTime::InfiniteFuture()).value();
    for (uint64_t i = 0; i < kSize; i += 100) {
      std::vector<AuditEntry> entries;
      for (uint64_t j = i; j < i + 100; ++j) entries.push_back(Record(j));
      auto answer = Answer::New();
      writer_->Append(MakeItem(entries, {}), Answer::Into(answer));
      EXPECT_EQ(answer->Wait().status, rpc::AppendStatus::kAccepted);
    }
  }

  static AuditEntry Record(uint64_t i) {
    AuditEntry entry;
    entry.set_kind(audit::v1::ENTRY_KIND_INVALID);
    entry.mutable_time()->set_seconds(static_cast<int64_t>(i));
    entry.set_principal(absl::StrCat("p", i % 7));
    entry.set_resource(absl::StrCat("projects/", i % 50 == 0 ? "beta" : "alpha",
                                    "/secrets/s", i % 10));
    return entry;
  }

  void BuildIndex() {
    while (index_.Build(kSize).value()) {
    }
  }

  QuerySpec About(const std::string& resource) {
    QuerySpec spec;
    spec.resource = ResourceName::Parse(resource).value();
    return spec;
  }

  QueryPage Page(const QuerySpec& spec, uint64_t position) {
    return RunQuery(spec, reader_, &index_, kSize, position).value();
  }

  // All pages of `spec`.
  std::vector<uint64_t> All(const QuerySpec& spec) {
    std::vector<uint64_t> found;
    absl::optional<uint64_t> position = spec.descending ? kSize : 0;
    while (position.has_value()) {
      const QueryPage page = Page(spec, *position);
      EXPECT_LE(page.entries.size(), spec.page_size);
      for (const auto& entry : page.entries) found.push_back(entry.index());
      position = page.next;
    }
    return found;
  }

  std::vector<uint64_t> Expected(const QuerySpec& spec) {
    std::vector<uint64_t> expected;
    for (uint64_t i = 0; i < kSize; ++i) {
      if (Matches(spec, Record(i))) expected.push_back(i);
    }
    if (spec.descending) return {expected.rbegin(), expected.rend()};
    return expected;
  }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  FakeTimer timer_{&clock_};
  kv::TestKv kv_;
  kv::FaultyKv faulty_{kv_.store()};
  audit::LogReader reader_{kv_.store()};
  audit::LogKey key_ = TestLogKey();
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
  std::unique_ptr<LogWriter> writer_;
  BlockIndex index_{&faulty_, &reader_, &key_.index_key, &clock_};
};

TEST_F(LogQueryTest, EveryQueryFindsTheSameWithAndWithoutIndex) {
  std::vector<QuerySpec> specs = {QuerySpec(), About("projects/beta"),
                                  About("projects/alpha/secrets/s3"),
                                  About("projects/none"), About("system")};
  specs[1].principal = "p3";
  specs.push_back(specs[2]);
  specs.back().start = absl::FromUnixSeconds(300);
  specs.back().end = absl::FromUnixSeconds(600);
  for (const bool indexed : {false, true}) {
    if (indexed) BuildIndex();
    for (QuerySpec spec : specs) {
      for (const bool descending : {false, true}) {
        spec.descending = descending;
        spec.page_size = 17;
        EXPECT_EQ(All(spec), Expected(spec)) << indexed << descending;
      }
    }
  }
}

TEST_F(LogQueryTest, TimesAreFromStartAndBeforeEnd) {
  QuerySpec spec;
  spec.start = absl::FromUnixSeconds(10);
  spec.end = absl::FromUnixSeconds(12);
  EXPECT_EQ(All(spec), (std::vector<uint64_t>{10, 11}));
}

TEST_F(LogQueryTest, IndexSkipsBlocksThatCannotMatch) {
  BuildIndex();
  QuerySpec spec;
  spec.start = absl::FromUnixSeconds(800);
  // The first three blocks are not read: their absence goes unnoticed.
  auto session =
      kv::WriterSession::Begin(kv_.store(), SteadyTime::InfiniteFuture())
          .value();
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Exists(audit::BatchKey(0))};
  txn.deletes = {{audit::BatchKey(0)}, {audit::BatchKey(100)}};
  ASSERT_TRUE(session->CommitAndWait(std::move(txn), {}).applied());
  EXPECT_EQ(Page(spec, 0).entries.front().index(), 800u);
}

TEST_F(LogQueryTest, DamagedOrMissingSummariesAreBuiltAgain) {
  BuildIndex();
  auto session =
      kv::WriterSession::Begin(kv_.store(), SteadyTime::InfiniteFuture())
          .value();
  const std::string prefix = "index/block/";
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Exists("index/mark")};
  txn.puts = {{prefix + std::string(8, '\0'), "garbage"}};
  txn.deletes = {{prefix + std::string(7, '\0') + "\x01"}};
  ASSERT_TRUE(session->CommitAndWait(std::move(txn), {}).applied());
  const QuerySpec spec = About("projects/beta");
  EXPECT_EQ(All(spec), Expected(spec));
  BuildIndex();
  EXPECT_TRUE(index_.Read(0, 2).value()[0].has_value());
  EXPECT_TRUE(index_.Read(0, 2).value()[1].has_value());
}

TEST_F(LogQueryTest, P3_EmptiedSummaryHidesNothing) {
  BuildIndex();
  const std::string key = audit::IndexBlockKey(0);
  const std::string value = kv_.store()->Get(key).value().value;
  auto session =
      kv::WriterSession::Begin(kv_.store(), SteadyTime::InfiniteFuture())
          .value();
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Exists(key)};
  // Format and times as they were, no key, the old authenticator.
  txn.puts = {{key, value.substr(0, 17) + std::string(2, '\0') +
                        value.substr(value.size() - 32)}};
  ASSERT_TRUE(session->CommitAndWait(std::move(txn), {}).applied());
  const QuerySpec spec = About("projects/beta");
  ASSERT_LT(Expected(spec).front(), 256u);
  EXPECT_EQ(All(spec), Expected(spec));
  BuildIndex();
  EXPECT_EQ(kv_.store()->Get(key).value().value, value);
}

TEST_F(LogQueryTest, IndexCoversFullBlocksOnly) {
  BuildIndex();
  const auto summaries = index_.Read(0, 10).value();
  EXPECT_TRUE(summaries[2].has_value());
  EXPECT_FALSE(summaries[3].has_value());
}

TEST_F(LogQueryTest, FailedIndexCommitLosesNothing) {
  faulty_.FailCommits(absl::UnavailableError("full"), 1);
  EXPECT_EQ(index_.Build(kSize).status().code(),
            absl::StatusCode::kUnavailable);
  BuildIndex();
  EXPECT_TRUE(index_.Read(0, 1).value()[0].has_value());
}

TEST_F(LogQueryTest, UnreadableStoreIsAnErrorAndNoEmptyPage) {
  faulty_.FailReads(absl::DataLossError("damaged"));
  EXPECT_EQ(RunQuery(QuerySpec(), reader_, &index_, kSize, 0).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(LogQueryMatchTest, EntryWithoutResourceIsSystemsAlone) {
  AuditEntry entry;
  entry.set_principal("p");
  QuerySpec spec;
  EXPECT_TRUE(Matches(spec, entry));
  spec.resource = ResourceName::Parse("projects/default").value();
  EXPECT_FALSE(Matches(spec, entry));
}

TEST(LogQueryMatchTest, ProjectWhoseNameBeginsAlikeIsAnother) {
  AuditEntry entry;
  entry.set_resource("projects/payments-eu/secrets/db");
  QuerySpec spec;
  spec.resource = ResourceName::Parse("projects/payments").value();
  EXPECT_FALSE(Matches(spec, entry));
}

}  // namespace
}  // namespace keyward::audit_service
