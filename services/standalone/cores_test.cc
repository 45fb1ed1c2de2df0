// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The promises where the cores meet: the gateway's pipeline, store, policy and
// audit as standalone puts them together, without the transport, each over a
// real engine on a disk in memory, whose syncs a test holds or breaks.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/memory_log_sink.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/standalone/cores_kit.h"
#include "services/store/store_core.h"

namespace keyward::standalone {
namespace {

namespace secrets = keyward::secrets::v1;

constexpr char kStranger[] = "spiffe://keyward.internal/workload/stranger";
constexpr char kValue[] = "planted-plaintext";

// How long a held answer is watched for. A thread that would give it has
// nothing to wait for and needs far less.
constexpr absl::Duration kWatch = absl::Milliseconds(300);

class CoresTest : public ::testing::Test {
 protected:
  CoresTest() : store_disk_(store::StoreFeeds()) {
    const std::string key_file =
        absl::StrCat(testing::TempDir(), "/cores_test.log.key");
    std::remove(key_file.c_str());
    cores_ = std::make_unique<Cores>(
        Cores::Stores{&store_kv_, &policy_kv_, &audit_kv_}, key_file, &sink_);
    EXPECT_EQ(cores_->Start(), absl::OkStatus());
    secrets::CreateSecretRequest request;
    request.set_parent("projects/default");
    request.set_secret_id("db");
    request.mutable_payload()->set_data(kValue);
    EXPECT_EQ(Call("CreateSecret", request)->status(), absl::OkStatus());
  }

  ~CoresTest() override {
    audit_disk_.FailSyncs(0, 0);
    audit_disk_.ReleaseSyncs();
    cores_.reset();
  }

  std::shared_ptr<Reply> Call(const std::string& method,
                              const google::protobuf::Message& request,
                              const std::string& principal = kAdmin) {
    return cores_->Call(method, request, principal, call_time_);
  }

  std::shared_ptr<Reply> Access(const std::string& principal = kAdmin) {
    secrets::AccessSecretVersionRequest request;
    request.set_name("projects/default/secrets/db");
    return Call("AccessSecretVersion", request, principal);
  }
  std::shared_ptr<Reply> AddVersion() {
    secrets::AddSecretVersionRequest request;
    request.set_parent("projects/default/secrets/db");
    request.mutable_payload()->set_data("another");
    return Call("AddSecretVersion", request);
  }

  // Moves with every change of the store, whatever it is.
  uint64_t StoreRevision() { return store_disk_.store()->Revision().value(); }

  // Waits until a sync of the audit's disk is held.
  bool AuditHangs() {
    const absl::Time end = absl::Now() + kPatience;
    while (audit_disk_.StalledSyncs() == 0) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }

  absl::Duration call_time_ = absl::Seconds(10);
  kv::TestKv store_disk_;
  kv::TestKv policy_disk_;
  kv::TestKv audit_disk_;
  kv::FaultyKv store_kv_{store_disk_.store()};
  kv::FaultyKv policy_kv_{policy_disk_.store()};
  kv::FaultyKv audit_kv_{audit_disk_.store()};
  MemoryLogSink sink_;

 private:
  std::unique_ptr<Cores> cores_;
};

TEST_F(CoresTest, P1_WhileAuditsSyncIsHeldNothingIsAnsweredOrChanged) {
  const uint64_t before = StoreRevision();
  audit_disk_.StallSyncs();
  const auto read = Access();
  const auto change = AddVersion();
  const auto denied = Access(kStranger);
  ASSERT_TRUE(AuditHangs());
  EXPECT_FALSE(read->ArrivesWithin(kWatch));
  EXPECT_FALSE(change->ArrivesWithin(absl::ZeroDuration()));
  EXPECT_FALSE(denied->ArrivesWithin(absl::ZeroDuration()));
  EXPECT_EQ(StoreRevision(), before);

  audit_disk_.ReleaseSyncs();
  EXPECT_EQ(read->status(), absl::OkStatus());
  EXPECT_EQ(change->status(), absl::OkStatus());
  EXPECT_EQ(denied->status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_GT(StoreRevision(), before);
}

TEST_F(CoresTest, P1_WhileAuditsSyncFailsNothingIsEverAnsweredOrChanged) {
  const uint64_t before = StoreRevision();
  audit_disk_.FailSyncs(0, UINT64_MAX);
  call_time_ = absl::Seconds(2);
  const auto read = Access();
  const auto change = AddVersion();
  const auto denied = Access(kStranger);
  for (const auto& reply : {read, change, denied}) {
    EXPECT_EQ(reply->status().code(), absl::StatusCode::kUnavailable)
        << reply->status();
    EXPECT_FALSE(reply->has_response());
  }
  EXPECT_EQ(StoreRevision(), before);
}

// What an engine says of its files, as RocksDB does, in every way in which it
// can fail. The log has it; no caller does.
class FailingEnginesTest : public CoresTest {
 protected:
  static constexpr char kFile[] = "/var/lib/keyward/data/000042.log";

  static std::vector<absl::Status> EngineErrors() {
    const std::string said =
        absl::StrCat("cannot append: IO error: while appending to ", kFile);
    return {absl::UnavailableError(said), absl::DataLossError(said),
            absl::InternalError(said)};
  }

  void ExpectNothingOfTheFile(const std::shared_ptr<Reply>& reply) {
    const absl::Status status = reply->status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(reply->has_response());
    EXPECT_THAT(status.ToString(), testing::Not(testing::HasSubstr("keyward/")))
        << status;
    EXPECT_NE(ErrorReason(status), "") << status;
  }

  void ExpectLogged() {
    EXPECT_THAT(sink_.lines(), testing::Contains(testing::HasSubstr(kFile)));
  }
};

TEST_F(FailingEnginesTest, NoAnswerNamesAFileOfTheStores) {
  call_time_ = absl::Seconds(2);
  for (const absl::Status& error : EngineErrors()) {
    store_kv_.FailReads(error);
    ExpectNothingOfTheFile(Access());
    ExpectNothingOfTheFile(AddVersion());
    secrets::BatchAccessSecretVersionsRequest batch;
    batch.add_names("projects/default/secrets/db");
    const auto reply = Call("BatchAccessSecretVersions", batch);
    EXPECT_EQ(reply->status(), absl::OkStatus());
    EXPECT_THAT(reply->text(), testing::Not(testing::HasSubstr("keyward/")));
    EXPECT_THAT(reply->text(), testing::HasSubstr("error {"));
    store_kv_.FailReads(absl::OkStatus(), 0);
    store_kv_.FailCommits(error);
    ExpectNothingOfTheFile(AddVersion());
    store_kv_.FailCommits(absl::OkStatus(), 0);
  }
  ExpectLogged();
}

TEST_F(FailingEnginesTest, NoAnswerNamesAFileOfPolicys) {
  call_time_ = absl::Seconds(2);
  policy::v1::ApplyPolicyRequest change;
  change.set_parent("projects/default");
  auto* binding = change.add_bindings();
  binding->set_name("projects/default/bindings/b");
  binding->set_role("roles/secrets.accessor");
  binding->add_principals(kStranger);
  binding->set_resource("projects/default");
  for (const absl::Status& error : EngineErrors()) {
    policy_kv_.FailCommits(error);
    ExpectNothingOfTheFile(
        Call("keyward.policy.v1.PolicyService.ApplyPolicy", change));
    policy_kv_.FailCommits(absl::OkStatus(), 0);
    policy_kv_.FailReads(error);
    ExpectNothingOfTheFile(
        Call("keyward.policy.v1.PolicyService.ApplyPolicy", change));
    policy_kv_.FailReads(absl::OkStatus(), 0);
  }
  ExpectLogged();
}

TEST_F(FailingEnginesTest, NoAnswerNamesAFileOfAudits) {
  call_time_ = absl::Seconds(2);
  audit::v1::QueryEntriesRequest query;
  query.set_parent("system");
  for (const absl::Status& error : EngineErrors()) {
    audit_kv_.FailReads(error);
    ExpectNothingOfTheFile(
        Call("keyward.audit.v1.AuditService.QueryEntries", query));
    audit_kv_.FailReads(absl::OkStatus(), 0);
    audit_kv_.FailCommits(error);
    ExpectNothingOfTheFile(Access());
    audit_kv_.FailCommits(absl::OkStatus(), 0);
  }
  ExpectLogged();
}

}  // namespace
}  // namespace keyward::standalone
