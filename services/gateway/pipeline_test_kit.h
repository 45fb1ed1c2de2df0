// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A pipeline between peers that a test moves by hand: time, the audit log, the
// owners and the transport do what the test says and in the order it says, so
// that every interleaving can be forced. Not a claim that anything works.

#ifndef KEYWARD_SERVICES_GATEWAY_PIPELINE_TEST_KIT_H_
#define KEYWARD_SERVICES_GATEWAY_PIPELINE_TEST_KIT_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/auth/credential_for_testing.h"
#include "libs/base/fake_clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/crypto/fake_random.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/change_feed.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/gateway/pipeline.h"

namespace keyward::gateway {

inline constexpr char kReader[] = "spiffe://keyward.internal/workload/reader";
inline constexpr char kStranger[] =
    "spiffe://keyward.internal/workload/stranger";
inline constexpr char kSecretName[] = "projects/default/secrets/db";

// Runs what is due when the test says so.
class ManualTimer : public Timer {
 public:
  explicit ManualTimer(const Clock* clock) : clock_(clock) {}

  Id RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) override {
    waiting_[++last_] = {when, std::move(fn)};
    return last_;
  }
  bool Cancel(Id id) override { return waiting_.erase(id) > 0; }

  void RunDue() {
    std::vector<Id> due;
    for (auto& [id, entry] : waiting_) {
      if (entry.first <= clock_->SteadyNow()) due.push_back(id);
    }
    for (Id id : due) {
      auto found = waiting_.find(id);
      if (found == waiting_.end()) continue;
      absl::AnyInvocable<void()> fn = std::move(found->second.second);
      waiting_.erase(found);
      fn();
    }
  }

 private:
  const Clock* const clock_;
  Id last_ = 0;
  std::map<Id, std::pair<SteadyTime, absl::AnyInvocable<void()>>> waiting_;
};

// A log with a fence. While it is held, appends wait for Release.
class ManualAuditLog : public rpc::AuditLog {
 public:
  void Append(rpc::AppendItem item, rpc::AppendDone done) override {
    waiting_.push_back({std::move(item), std::move(done)});
    if (!held) Release();
  }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    fence = std::max(fence, revision);
    return fence;
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override {
    return rpc::LogState{fence, entries.size(), 0};
  }

  // Takes everything that waits, in order.
  void Release() {
    while (!waiting_.empty()) ReleaseOne();
  }
  void ReleaseOne() {
    auto [item, done] = std::move(waiting_.front());
    waiting_.pop_front();
    done(Take(item));
  }

  // Forgets what waits, as if this process had ended.
  void Drop() { waiting_.clear(); }

  // What was accepted, in the log's order.
  std::vector<audit::v1::AuditEntry> OfKind(audit::v1::EntryKind kind) const {
    std::vector<audit::v1::AuditEntry> found;
    for (const auto& entry : entries) {
      if (entry.kind() == kind) found.push_back(entry);
    }
    return found;
  }
  size_t waiting() const { return waiting_.size(); }

  bool held = false;
  uint64_t fence = 1;
  // Answers every append until it is reset.
  std::optional<rpc::AppendResult> instead;
  std::vector<audit::v1::AuditEntry> entries;
  std::vector<rpc::AppendItem> items;

 private:
  rpc::AppendResult Take(const rpc::AppendItem& item) {
    items.push_back(item);
    rpc::AppendResult result;
    if (instead.has_value()) return *instead;
    result.fence = fence;
    if (item.fenced_revision.has_value() && *item.fenced_revision != fence) {
      result.status = rpc::AppendStatus::kFence;
      return result;
    }
    result.status = rpc::AppendStatus::kAccepted;
    result.first_index = entries.size();
    for (const std::string& leaf : item.entries) {
      entries.push_back(audit::ParseEntry(leaf).value());
    }
    return result;
  }

  std::deque<std::pair<rpc::AppendItem, rpc::AppendDone>> waiting_;
};

// An owner whose calls wait until the test answers them, unless it has an
// answer for all.
class ManualOwner : public rpc::Owner {
 public:
  using Answer = std::function<rpc::CallResult(
      const rpc::CallContext&, const google::protobuf::Message&)>;

  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override {
    contexts.push_back(context);
    if (answer) return done(answer(context, request));
    waiting.push_back(std::move(done));
  }

  Answer answer;
  std::vector<rpc::CallContext> contexts;
  std::deque<rpc::CallDone> waiting;
};

// Who calls is what the test writes into the peer.
class NamedCallers : public CallerAuthenticator {
 public:
  absl::StatusOr<auth::Credential> Authenticate(
      const rpc::PeerFacts& peer) override {
    if (peer.certificate_pem.empty()) {
      return absl::UnauthenticatedError("no credential");
    }
    if (peer.certificate_pem.view() == proxy) {
      return auth::CredentialForTesting::Make(
          peer.forwarded_client_cert.at(0),
          auth::AuthenticationMethod::kForwarded, "certificate:01", expire_time,
          proxy);
    }
    return auth::CredentialForTesting::Make(
        peer.certificate_pem.view(), auth::AuthenticationMethod::kMutualTls,
        "certificate:00", expire_time);
  }
  uint64_t generation() const override { return rules; }
  absl::StatusOr<auth::Credential> Reauthenticate(
      const auth::Credential& credential, const rpc::PeerFacts& peer) override {
    ++asked_again;
    forwarded_again = peer.forwarded_client_cert;
    EXPECT_TRUE(peer.authorization.empty());
    if (!believed) return absl::UnauthenticatedError("unknown authority");
    return auth::CredentialForTesting::Make(credential.principal().ToString(),
                                            credential.method(),
                                            credential.id(), expire_time);
  }

  absl::Time expire_time = absl::InfiniteFuture();
  // A peer that says in the header who calls.
  std::string proxy = "nobody is a proxy";
  // What Reauthenticate answers, how often it was asked, and with which header
  // the last time.
  uint64_t rules = 1;
  bool believed = true;
  int asked_again = 0;
  std::vector<std::string> forwarded_again;
};

// A stream's transport: keeps what was written.
class ManualWriter : public rpc::StreamWriter {
 public:
  void Write(std::unique_ptr<google::protobuf::Message> message,
             absl::AnyInvocable<void(bool)> done) override {
    EXPECT_EQ(in_flight, nullptr) << "two writes at once";
    written.push_back(std::move(message));
    if (held) {
      in_flight = std::move(done);
    } else {
      done(true);
    }
  }
  void Abort() override {
    aborted = true;
    auto done = std::exchange(in_flight, nullptr);
    if (done) done(false);
  }
  void Finish(absl::Status status) override {
    EXPECT_FALSE(finished.has_value());
    finished = std::move(status);
  }
  void OnCancel(absl::AnyInvocable<void(absl::Status)> fn) override {
    cancelled = std::move(fn);
  }

  bool held = false;
  bool aborted = false;
  absl::AnyInvocable<void(bool)> in_flight;
  absl::AnyInvocable<void(absl::Status)> cancelled;
  std::vector<std::unique_ptr<google::protobuf::Message>> written;
  std::optional<absl::Status> finished;
};

// A change feed that the test fills.
class ManualEventFeed : public rpc::SecretEventFeed {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<rpc::EventRange>)>;

  std::unique_ptr<rpc::EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) override {
    class Follower : public rpc::EventFollower {
     public:
      explicit Follower(ManualEventFeed* feed) : feed_(feed) {}
      ~Follower() override {
        const Done dropped = std::exchange(feed_->next, nullptr);
      }
      void Next(Done done) override { feed_->next = std::move(done); }

     private:
      ManualEventFeed* const feed_;
    };
    this->project_uid = project_uid;
    this->position = position;
    return std::make_unique<Follower>(this);
  }

  // Gives the waiting follower one event about each name.
  void Send(const std::vector<std::string>& names) {
    rpc::EventRange range;
    for (const std::string& name : names) {
      auto& event = range.events.emplace_back();
      event.set_name(name);
      event.set_position(absl::StrCat("after-", name));
    }
    range.next_position = "next";
    Done done = std::move(next);
    next = nullptr;
    done(std::move(range));
  }

  std::string project_uid;
  std::string position;
  Done next;
};

class PipelineTest : public testing::Test {
 protected:
  void SetUp() override {
    catalog_ = policy::PublicActions().value();
    PipelineDependencies dependencies;
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.random = &random_;
    dependencies.log = &logger_;
    dependencies.authenticator = &callers_;
    dependencies.audit_log = &log_;
    dependencies.event_feed = &events_;
    dependencies.store = &store_;
    dependencies.policy = &policy_;
    dependencies.audit = &audit_;
    PipelineOptions options;
    options.rate_limits = rate_limits_;
    options.call_limits = call_limits_;
    options.max_streams_of_principal = max_streams_of_principal_;
    auto pipeline = Pipeline::Create(dependencies, options,
                                     [](operators::v1::GetStatusResponse*) {});
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    pipeline_ = *std::move(pipeline);
    Stage(1, {kReader});
    pipeline_->view().OnFence(1);
  }

  void TearDown() override {
    // Calls that still wait must end before what they use does.
    for (ManualOwner* owner : {&store_, &policy_, &audit_}) {
      owner->waiting.clear();
    }
    log_.Drop();
    events_.next = nullptr;
    pipeline_.reset();
  }

  // A snapshot in which `allowed` may do everything with secrets.
  void Stage(uint64_t revision, std::vector<std::string> allowed) {
    auto state =
        allowed.empty()
            ? policy::TestState(revision, policy::TestProject("default"))
            : policy::TestState(
                  revision, policy::TestProject("default"),
                  policy::TestBinding("projects/default/bindings/b",
                                      "roles/secrets.admin", allowed,
                                      "projects/default/secrets/d*"));
    pipeline_->view().Stage(
        policy::PolicySnapshot::Compile(state, catalog_).value());
  }

  // Puts a staged revision in force, as policy does: in the log.
  void PutInForce(uint64_t revision) { log_.fence = revision; }

  struct Reply {
    int count = 0;
    absl::Status status;
    std::unique_ptr<google::protobuf::Message> response;
  };

  // Starts a call; the reply is filled in whenever it comes.
  std::shared_ptr<Reply> Send(rpc::IncomingCall call) {
    auto reply = std::make_shared<Reply>();
    pipeline_->HandleUnary(
        std::move(call),
        [reply](absl::Status status,
                std::unique_ptr<google::protobuf::Message> response) {
          ++reply->count;
          reply->status = std::move(status);
          reply->response = std::move(response);
        });
    return reply;
  }

  std::shared_ptr<Reply> Call(const std::string& principal,
                              const std::string& method,
                              const google::protobuf::Message& request) {
    return Send(NewCall(principal, method, request));
  }

  rpc::IncomingCall NewCall(const std::string& principal,
                            const std::string& method,
                            const google::protobuf::Message& request) {
    rpc::IncomingCall call;
    call.method =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
            absl::StrCat("keyward.secrets.v1.SecretService.", method));
    call.request.reset(request.New());
    call.request->CopyFrom(request);
    call.peer.certificate_pem = principal;
    call.peer.peer = "ipv4:127.0.0.1:5123";
    call.deadline = clock_.SteadyNow() + absl::Seconds(10);
    return call;
  }

  // Replaces a binding, or whatever `policy_` makes of it.
  std::shared_ptr<Reply> ApplyPolicy(const std::string& principal) {
    policy::v1::ApplyPolicyRequest request;
    request.set_parent("projects/default");
    rpc::IncomingCall call = NewCall(principal, "", request);
    call.method =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
            "keyward.policy.v1.PolicyService.ApplyPolicy");
    return Send(std::move(call));
  }

  std::shared_ptr<Reply> Access(const std::string& principal,
                                const std::string& name = kSecretName) {
    secrets::v1::AccessSecretVersionRequest request;
    request.set_name(name);
    return Call(principal, "AccessSecretVersion", request);
  }

  std::shared_ptr<Reply> Destroy(const std::string& principal) {
    secrets::v1::DestroySecretVersionRequest request;
    request.set_name(absl::StrCat(kSecretName, "/versions/1"));
    return Call(principal, "DestroySecretVersion", request);
  }

  // What the store answers to an access: `value` as the version's payload.
  static rpc::CallResult Payload(const std::string& value) {
    auto response =
        std::make_unique<secrets::v1::AccessSecretVersionResponse>();
    response->set_name(absl::StrCat(kSecretName, "/versions/1"));
    response->mutable_payload()->set_data(value);
    rpc::CallResult result;
    result.resource = response->name();
    result.response = std::move(response);
    return result;
  }
  static std::string PayloadOf(const Reply& reply) {
    if (reply.response == nullptr) return "";
    return static_cast<const secrets::v1::AccessSecretVersionResponse&>(
               *reply.response)
        .payload()
        .data();
  }
  static rpc::CallResult PolicyChanged() {
    rpc::CallResult result;
    result.outcome = rpc::Outcome::kApplied;
    result.response = std::make_unique<policy::v1::ApplyPolicyResponse>();
    return result;
  }
  static rpc::CallResult Changed(rpc::Outcome outcome) {
    rpc::CallResult result;
    result.outcome = outcome;
    result.response =
        std::make_unique<secrets::v1::DestroySecretVersionResponse>();
    return result;
  }

  void PassTime(absl::Duration duration) {
    clock_.Advance(duration);
    timer_.RunDue();
  }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  ManualTimer timer_{&clock_};
  crypto::FakeRandom random_;
  MemoryLogSink log_lines_;
  const Logger logger_{"gateway", LogLevel::kInfo, &clock_, &log_lines_};
  NamedCallers callers_;
  ManualAuditLog log_;
  ManualEventFeed events_;
  ManualOwner store_;
  ManualOwner policy_;
  ManualOwner audit_;
  RateLimits rate_limits_;
  CallLimits call_limits_;
  size_t max_streams_of_principal_ = 8;
  std::shared_ptr<const policy::ActionCatalog> catalog_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PIPELINE_TEST_KIT_H_
