// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The promises where the cores meet: the gateway's pipeline, store, policy and
// audit as standalone puts them together, without the transport, each over a
// real engine on a disk in memory, whose syncs a test holds or breaks.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/auth/credential_for_testing.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/random.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/policy/public_actions.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/audit/audit_core.h"
#include "services/audit/log_key_loader.h"
#include "services/gateway/pipeline.h"
#include "services/gateway/policy_follower.h"
#include "services/policy/policy_core.h"
#include "services/standalone/deferred_audit_log.h"
#include "services/store/store_core.h"

namespace keyward::standalone {
namespace {

namespace secrets = keyward::secrets::v1;

constexpr char kAdmin[] = "spiffe://keyward.internal/operator/admin";
constexpr char kStranger[] = "spiffe://keyward.internal/workload/stranger";
constexpr char kValue[] = "planted-plaintext";

// More than any step takes here, sanitizers included.
constexpr absl::Duration kPatience = absl::Seconds(20);
// How long a held answer is watched for. A thread that would give it has
// nothing to wait for and needs far less.
constexpr absl::Duration kWatch = absl::Milliseconds(300);

// Who calls is what the test writes into the peer.
class NamedCallers final : public gateway::CallerAuthenticator {
 public:
  absl::StatusOr<auth::Credential> Authenticate(
      const rpc::PeerFacts& peer) override {
    return auth::CredentialForTesting::Make(peer.certificate_pem);
  }
  uint64_t generation() const override { return 1; }
  absl::StatusOr<auth::Credential> Reauthenticate(
      const auth::Credential& credential, const rpc::PeerFacts&) override {
    return credential;
  }
};

// An answer that comes whenever it comes.
class Reply {
 public:
  void Set(absl::Status status,
           std::unique_ptr<google::protobuf::Message> response) {
    MutexLock l(&mu_);
    arrived_ = true;
    status_ = std::move(status);
    response_ = std::move(response);
    changed_.SignalAll();
  }

  // Whether it comes within `time`.
  bool ArrivesWithin(absl::Duration time) {
    const SystemClock clock;
    const SteadyTime end = clock.SteadyNow() + time;
    MutexLock l(&mu_);
    while (!arrived_) {
      if (!changed_.WaitUntil(&mu_, clock, end)) break;
    }
    return arrived_;
  }

  absl::Status status() {
    if (!ArrivesWithin(kPatience)) return absl::DeadlineExceededError("none");
    MutexLock l(&mu_);
    return status_;
  }
  bool has_response() {
    MutexLock l(&mu_);
    return response_ != nullptr;
  }
  // The response as text; "" without one.
  std::string text() {
    MutexLock l(&mu_);
    return response_ == nullptr ? "" : response_->DebugString();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool arrived_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<google::protobuf::Message> response_ ABSL_GUARDED_BY(mu_);
};

class CoresTest : public ::testing::Test {
 protected:
  CoresTest() : store_disk_(store::StoreFeeds()) {
    MakeStore();
    MakePolicy();
    MakeAudit();
    MakePipeline();
    const SteadyTime deadline = clock_.SteadyNow() + kPatience;
    EXPECT_EQ(audit_->Start(deadline), absl::OkStatus());
    EXPECT_EQ(policy_->Start(deadline), absl::OkStatus());
    follower_ = std::make_unique<gateway::PolicyFollower>(
        &clock_, policy_.get(), audit_.get(), policy::PublicActions().value(),
        &pipeline_->view(), &log_);
    secrets::CreateSecretRequest request;
    request.set_parent("projects/default");
    request.set_secret_id("db");
    request.mutable_payload()->set_data(kValue);
    EXPECT_EQ(Call("CreateSecret", request)->status(), absl::OkStatus());
  }

  ~CoresTest() override {
    audit_disk_.FailSyncs(0, 0);
    audit_disk_.ReleaseSyncs();
    for (std::thread& thread : threads_) thread.join();
    follower_.reset();
    pipeline_.reset();
    audit_->Close();
    audit_.reset();
    policy_.reset();
    store_.reset();
  }

  // A method of SecretService, or of any service by its full name.
  std::shared_ptr<Reply> Call(const std::string& method,
                              const google::protobuf::Message& request,
                              const std::string& principal = kAdmin) {
    rpc::IncomingCall call;
    call.method =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
            absl::StrContains(method, '.')
                ? method
                : absl::StrCat("keyward.secrets.v1.SecretService.", method));
    call.request.reset(request.New());
    call.request->CopyFrom(request);
    call.peer.certificate_pem = principal;
    call.peer.peer = "ipv4:127.0.0.1:5123";
    call.deadline = clock_.SteadyNow() + call_time_;
    auto reply = std::make_shared<Reply>();
    // As the transport does it: whoever finds a disk idle writes to it, and
    // that may take long.
    threads_.emplace_back([this, reply, call = std::move(call)]() mutable {
      pipeline_->HandleUnary(
          std::move(call),
          [reply](absl::Status status,
                  std::unique_ptr<google::protobuf::Message> response) {
            reply->Set(std::move(status), std::move(response));
          });
    });
    return reply;
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
  void MakeStore() {
    store::StoreDependencies dependencies;
    dependencies.kv = &store_kv_;
    dependencies.seal = &seal_;
    dependencies.clock = &clock_;
    dependencies.random = &random_;
    dependencies.audit = &audit_log_;
    store_ = store::StoreCore::Create(dependencies, {}).value();
  }

  void MakePolicy() {
    policy_service::PolicyDependencies dependencies;
    dependencies.kv = &policy_kv_;
    dependencies.audit = &audit_log_;
    dependencies.fenced_owners = {store_.get()};
    dependencies.purger = store_.get();
    dependencies.clock = &clock_;
    dependencies.random = &random_;
    dependencies.logger = &log_;
    policy_service::PolicyOptions options;
    options.bootstrap_administrator = kAdmin;
    policy_ = policy_service::PolicyCore::Create(dependencies, options).value();
  }

  void MakeAudit() {
    const std::string key_file =
        absl::StrCat(testing::TempDir(), "/cores_test.log.key");
    std::remove(key_file.c_str());
    audit_service::AuditCore::Dependencies dependencies;
    dependencies.store = &audit_kv_;
    dependencies.key = audit_service::LoadOrCreateLogKey(
                           key_file, &seal_, random_, *audit_disk_.store())
                           .value();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &log_;
    dependencies.peers = {
        {"store", store_.get(), {"keyward.secrets.v1"}, "system:store"},
        {"policy", policy_.get(), {"keyward.policy.v1"}, "system:policy"}};
    audit_ = audit_service::AuditCore::Create(std::move(dependencies), {},
                                              clock_.SteadyNow() + kPatience)
                 .value();
    audit_log_.Set(audit_.get());
  }

  void MakePipeline() {
    gateway::PipelineDependencies dependencies;
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.random = &random_;
    dependencies.log = &log_;
    dependencies.authenticator = &callers_;
    dependencies.audit_log = audit_.get();
    dependencies.audit_feed = audit_.get();
    dependencies.event_feed = store_.get();
    dependencies.store = store_.get();
    dependencies.policy = policy_.get();
    dependencies.audit = audit_.get();
    pipeline_ = gateway::Pipeline::Create(
                    dependencies, {}, [](operators::v1::GetStatusResponse*) {})
                    .value();
  }

  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  crypto::SystemRandom random_;
  crypto::FakeSeal seal_;
  Logger log_{"test", LogLevel::kWarning, &clock_, &sink_};
  NamedCallers callers_;
  DeferredAuditLog audit_log_;
  std::unique_ptr<store::StoreCore> store_;
  std::unique_ptr<policy_service::PolicyCore> policy_;
  std::unique_ptr<audit_service::AuditCore> audit_;
  std::unique_ptr<gateway::Pipeline> pipeline_;
  std::unique_ptr<gateway::PolicyFollower> follower_;
  std::vector<std::thread> threads_;
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
