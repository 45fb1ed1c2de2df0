// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_core.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/log.h"
#include "libs/crypto/random.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"

namespace keyward::policy_service {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
namespace v1 = keyward::policy::v1;

constexpr char kAdmin[] = "spiffe://keyward.internal/user/admin";
constexpr char kDeputy[] = "spiffe://keyward.internal/workload/deputy";

// What was raised, in order, over all services.
struct Order {
  std::mutex mu;
  std::vector<std::string> raised;
};

class FakeOwner : public rpc::OwnerControl, public rpc::ProjectPurger {
 public:
  explicit FakeOwner(Order* order) : order_(order) {}

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    std::lock_guard<std::mutex> lock(order_->mu);
    if (away) return absl::UnavailableError("away");
    order_->raised.push_back(absl::StrCat("owner ", revision));
    return revision;
  }
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime) override {
    return "";
  }
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint&,
                              SteadyTime) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>&, SteadyTime) override {
    return std::vector<rpc::IntentResolution>();
  }
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor, SteadyTime) override {
    return floor;
  }
  absl::StatusOr<int64_t> PurgeProject(const std::string&, const std::string&,
                                       SteadyTime) override {
    std::lock_guard<std::mutex> lock(order_->mu);
    if (purge_away) return absl::UnavailableError("away");
    return remaining;
  }

  bool away = false;
  bool purge_away = false;
  int64_t remaining = 0;

 private:
  Order* const order_;
};

class FakeAudit : public rpc::AuditLog {
 public:
  explicit FakeAudit(Order* order) : order_(order) {}

  void Append(rpc::AppendItem item, rpc::AppendDone done) override {
    rpc::AppendResult result;
    {
      std::lock_guard<std::mutex> lock(order_->mu);
      for (const std::string& leaf : item.entries) {
        entries.push_back(audit::ParseEntry(leaf).value());
      }
      size += item.entries.size();
      result.status = rpc::AppendStatus::kAccepted;
      result.fence = fence;
    }
    done(std::move(result));
  }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    std::lock_guard<std::mutex> lock(order_->mu);
    if (away) return absl::UnavailableError("away");
    order_->raised.push_back(absl::StrCat("audit ", revision));
    fence = std::max(fence, revision);
    return fence;
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override {
    std::lock_guard<std::mutex> lock(order_->mu);
    return rpc::LogState{fence, size, 0};
  }

  bool away = false;
  uint64_t fence = 0;
  uint64_t size = 0;
  std::vector<audit::v1::AuditEntry> entries;

 private:
  Order* const order_;
};

class PolicyCoreTest : public testing::Test {
 protected:
  void SetUp() override {
    Open();
    ASSERT_TRUE(core_->Start(Soon()).ok());
  }
  void TearDown() override { core_.reset(); }

  SteadyTime Soon(absl::Duration after = absl::Seconds(10)) {
    return clock_.SteadyNow() + after;
  }

  // Opens the core on the same state, as after a restart.
  void Open() {
    core_.reset();
    PolicyDependencies dependencies;
    dependencies.kv = state_.store();
    dependencies.audit = &audit_;
    dependencies.fenced_owners = {&owner_};
    dependencies.purger = &owner_;
    dependencies.clock = &clock_;
    dependencies.random = &random_;
    dependencies.logger = &logger_;
    PolicyOptions options;
    options.bootstrap_administrator = kAdmin;
    auto core = PolicyCore::Create(dependencies, options);
    ASSERT_TRUE(core.ok()) << core.status();
    core_ = *std::move(core);
  }

  rpc::CallResult Call(const std::string& method,
                       const google::protobuf::Message& request,
                       uint64_t revision, const std::string& caller = kAdmin,
                       absl::Duration time = absl::Seconds(10)) {
    rpc::CallContext context;
    context.request_id = "r";
    context.method = absl::StrCat("keyward.policy.v1.PolicyService.", method);
    context.principal = caller;
    context.policy_revision = revision;
    context.deadline = Soon(time);
    context.intent_id = ++intent_;
    std::mutex mu;
    std::condition_variable answered;
    std::optional<rpc::CallResult> result;
    core_->Execute(context, request, [&](rpc::CallResult answer) {
      std::lock_guard<std::mutex> lock(mu);
      result = std::move(answer);
      answered.notify_all();
    });
    std::unique_lock<std::mutex> lock(mu);
    answered.wait(lock, [&] { return result.has_value(); });
    return *std::move(result);
  }

  static v1::ApplyPolicyRequest Grant(const std::string& name,
                                      const std::string& role,
                                      const std::string& principal) {
    v1::ApplyPolicyRequest request;
    request.set_parent("projects/default");
    v1::Binding* binding = request.add_bindings();
    binding->set_name(absl::StrCat("projects/default/bindings/", name));
    binding->set_role(absl::StrCat("roles/", role));
    binding->add_principals(principal);
    binding->set_resource("projects/default");
    return request;
  }

  uint64_t Fence() {
    std::lock_guard<std::mutex> lock(order_.mu);
    return audit_.fence;
  }

  SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<LogSink> sink_ = NewStderrLogSink();
  Logger logger_{"policy", LogLevel::kError, &clock_, sink_.get()};
  Order order_;
  FakeOwner owner_{&order_};
  FakeAudit audit_{&order_};
  kv::TestKv state_;
  uint64_t intent_ = 100;
  std::unique_ptr<PolicyCore> core_;
};

TEST_F(PolicyCoreTest, ANewInstallationHasOneAdministratorAndOneProject) {
  v1::GetPolicyRequest request;
  request.set_parent("system");
  rpc::CallResult result = Call("GetPolicy", request, 1);
  ASSERT_TRUE(result.status.ok()) << result.status;
  const auto& policy = static_cast<v1::GetPolicyResponse&>(*result.response);
  ASSERT_EQ(policy.bindings_size(), 1);
  EXPECT_EQ(policy.bindings(0).role(), "roles/system.admin");
  EXPECT_THAT(policy.bindings(0).principals(), ElementsAre(kAdmin));
  v1::GetProjectRequest project;
  project.set_name("projects/default");
  EXPECT_TRUE(Call("GetProject", project, 1).status.ok());
  EXPECT_EQ(Fence(), 1u);
  ASSERT_EQ(audit_.entries.size(), 1u);
  EXPECT_EQ(audit_.entries[0].kind(), audit::v1::ENTRY_KIND_INSTALLATION);
  EXPECT_EQ(audit_.entries[0].principal(), "system:policy");
}

TEST_F(PolicyCoreTest, P2_OwnersFencesAreRaisedBeforeAuditsAndBoth) {
  order_.raised.clear();
  rpc::CallResult result =
      Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_THAT(order_.raised, ElementsAre("owner 2", "audit 2"));
}

TEST_F(PolicyCoreTest, P2_AChangeIsAnsweredOnlyOnceItIsInForce) {
  owner_.away = true;
  v1::ApplyPolicyRequest request = Grant("b", "secrets.accessor", kDeputy);
  request.set_request_id("once");
  rpc::CallResult result =
      Call("ApplyPolicy", request, 1, kAdmin, absl::Milliseconds(300));
  EXPECT_EQ(result.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kNotYetInForce);
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(Fence(), 1u);
  {
    std::lock_guard<std::mutex> lock(order_.mu);
    owner_.away = false;
  }
  rpc::CallResult again = Call("ApplyPolicy", request, 1);
  EXPECT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(Fence(), 2u);
}

TEST_F(PolicyCoreTest, P2_AuditsFenceIsNeverRaisedWhileAnOwnersIsNot) {
  owner_.away = true;
  Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1, kAdmin,
       absl::Milliseconds(700));
  EXPECT_EQ(Fence(), 1u);
}

TEST_F(PolicyCoreTest, P2_ARestartBringsIntoForceWhatWasOnlyDurable) {
  audit_.away = true;
  Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1, kAdmin,
       absl::Milliseconds(300));
  Open();
  v1::GetProjectRequest project;
  project.set_name("projects/default");
  EXPECT_EQ(Call("GetProject", project, 1).status.code(),
            StatusCode::kUnavailable);
  audit_.away = false;
  ASSERT_TRUE(core_->Start(Soon()).ok());
  EXPECT_EQ(Fence(), 2u);
}

TEST_F(PolicyCoreTest, P2_AChangeDecidedUnderAnotherRevisionStartsAgain) {
  ASSERT_TRUE(Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1)
                  .status.ok());
  rpc::CallResult stale =
      Call("ApplyPolicy", Grant("c", "secrets.accessor", kDeputy), 1);
  EXPECT_EQ(stale.refusal, rpc::Refusal::kFence);
  EXPECT_EQ(stale.outcome, rpc::Outcome::kNotApplied);
}

TEST_F(PolicyCoreTest, P1_AnIntentThatWasBarredIsNeverApplied) {
  auto resolved = core_->ResolveIntents({intent_ + 1}, Soon());
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->size(), 1u);
  EXPECT_EQ((*resolved)[0].outcome, rpc::Outcome::kNotApplied);
  rpc::CallResult late =
      Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1);
  EXPECT_EQ(late.refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(Fence(), 1u);
}

TEST_F(PolicyCoreTest, TheReconcilerLearnsOfAnAppliedIntent) {
  ASSERT_TRUE(Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1)
                  .status.ok());
  auto resolved = core_->ResolveIntents({intent_}, Soon());
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ((*resolved)[0].outcome, rpc::Outcome::kApplied);
}

TEST_F(PolicyCoreTest, ARequestIdIsUsedOnce) {
  v1::ApplyPolicyRequest request = Grant("b", "secrets.accessor", kDeputy);
  request.set_request_id("once");
  ASSERT_TRUE(Call("ApplyPolicy", request, 1).status.ok());
  rpc::CallResult again = Call("ApplyPolicy", request, 2);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(static_cast<v1::ApplyPolicyResponse&>(*again.response).revision(),
            2u);
  EXPECT_EQ(Fence(), 2u);
  request.mutable_bindings(0)->set_description("other");
  rpc::CallResult other = Call("ApplyPolicy", request, 2);
  EXPECT_EQ(other.status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(other.status), kRequestIdReused);
}

TEST_F(PolicyCoreTest, NobodyGrantsWhatItDoesNotHold) {
  ASSERT_TRUE(
      Call("ApplyPolicy", Grant("b", "policy.admin", kDeputy), 1).status.ok());
  rpc::CallResult result =
      Call("ApplyPolicy", Grant("c", "secrets.accessor", kDeputy), 2, kDeputy);
  EXPECT_EQ(result.status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
}

TEST_F(PolicyCoreTest, TheLastAdministratorStays) {
  v1::GetPolicyRequest read;
  read.set_parent("system");
  rpc::CallResult policy = Call("GetPolicy", read, 1);
  v1::ApplyPolicyRequest request;
  request.set_parent("system");
  request.add_removed(
      static_cast<v1::GetPolicyResponse&>(*policy.response).bindings(0).name());
  EXPECT_EQ(Call("ApplyPolicy", request, 1).status.code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(PolicyCoreTest, AnUnchangedPolicyMakesNoRevision) {
  v1::ApplyPolicyRequest request = Grant("b", "secrets.accessor", kDeputy);
  ASSERT_TRUE(Call("ApplyPolicy", request, 1).status.ok());
  rpc::CallResult again = Call("ApplyPolicy", request, 2);
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(static_cast<v1::ApplyPolicyResponse&>(*again.response).revision(),
            2u);
}

TEST_F(PolicyCoreTest, ValidateOnlyChangesNothing) {
  v1::ApplyPolicyRequest request = Grant("b", "secrets.accessor", kDeputy);
  request.set_validate_only(true);
  ASSERT_TRUE(Call("ApplyPolicy", request, 1).status.ok());
  EXPECT_EQ(Fence(), 1u);
  v1::GetPolicyRequest read;
  read.set_parent("projects/default");
  rpc::CallResult policy = Call("GetPolicy", read, 1);
  EXPECT_EQ(
      static_cast<v1::GetPolicyResponse&>(*policy.response).bindings_size(), 0);
}

TEST_F(PolicyCoreTest, AProjectIsDeletedOnlyWhenItIsEmptyAndNeverComesAgain) {
  v1::CreateProjectRequest create;
  create.set_project_id("payments");
  ASSERT_TRUE(Call("CreateProject", create, 1).status.ok());
  v1::DeleteProjectRequest remove;
  remove.set_name("projects/payments");
  owner_.remaining = 3;
  rpc::CallResult refused = Call("DeleteProject", remove, 2);
  EXPECT_EQ(refused.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status.message()), HasSubstr("3"));
  owner_.remaining = 0;
  rpc::CallResult deleted = Call("DeleteProject", remove, Fence());
  EXPECT_TRUE(deleted.status.ok()) << deleted.status;
  EXPECT_EQ(Call("CreateProject", create, Fence()).status.code(),
            StatusCode::kAlreadyExists);
}

TEST_F(PolicyCoreTest, ADeletionThatWasInterruptedGoesOnAfterARestart) {
  v1::CreateProjectRequest create;
  create.set_project_id("payments");
  ASSERT_TRUE(Call("CreateProject", create, 1).status.ok());
  {
    std::lock_guard<std::mutex> lock(order_.mu);
    owner_.purge_away = true;
  }
  v1::DeleteProjectRequest remove;
  remove.set_name("projects/payments");
  EXPECT_EQ(
      Call("DeleteProject", remove, 2, kAdmin, absl::Milliseconds(200)).outcome,
      rpc::Outcome::kUnknown);
  const uint64_t intent = intent_;
  Open();
  ASSERT_TRUE(core_->Start(Soon()).ok());
  // While it is under way its intent is left open.
  EXPECT_TRUE(core_->ResolveIntents({intent}, Soon()).value().empty());
  {
    std::lock_guard<std::mutex> lock(order_.mu);
    owner_.purge_away = false;
  }
  const SteadyTime end = Soon(absl::Seconds(20));
  std::vector<rpc::IntentResolution> resolved;
  while (resolved.empty() && clock_.SteadyNow() < end) {
    resolved = core_->ResolveIntents({intent}, Soon()).value();
  }
  ASSERT_EQ(resolved.size(), 1u);
  EXPECT_EQ(resolved[0].outcome, rpc::Outcome::kApplied);
}

TEST_F(PolicyCoreTest, TheDefaultProjectStays) {
  v1::DeleteProjectRequest remove;
  remove.set_name("projects/default");
  EXPECT_EQ(Call("DeleteProject", remove, 1).status.code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(PolicyCoreTest, P4_WhatWasAnsweredIsThereAfterARestart) {
  ASSERT_TRUE(Call("ApplyPolicy", Grant("b", "secrets.accessor", kDeputy), 1)
                  .status.ok());
  Open();
  ASSERT_TRUE(core_->Start(Soon()).ok());
  v1::GetPolicyRequest read;
  read.set_parent("projects/default");
  rpc::CallResult policy = Call("GetPolicy", read, 2);
  ASSERT_TRUE(policy.status.ok());
  EXPECT_EQ(
      static_cast<v1::GetPolicyResponse&>(*policy.response).bindings(0).name(),
      "projects/default/bindings/b");
}

// A gateway that was away as well has no other way to the policy in force.
TEST_F(PolicyCoreTest, P8_ARestartedPolicyGivesGatewaysWhatTheyLack) {
  Open();
  ASSERT_TRUE(core_->Start(Soon()).ok());
  bool given = false;
  const auto gateway = core_->FollowSnapshots(0);
  // Answered at once, or not before the next change.
  gateway->Next([&given](auto update) { given = update.ok(); });
  EXPECT_TRUE(given);
}

TEST_F(PolicyCoreTest, P8_ALostPolicyFolderIsNotANewInstallation) {
  core_.reset();
  kv::TestKv empty;
  PolicyDependencies dependencies;
  dependencies.kv = empty.store();
  dependencies.audit = &audit_;
  dependencies.fenced_owners = {&owner_};
  dependencies.purger = &owner_;
  dependencies.clock = &clock_;
  dependencies.random = &random_;
  dependencies.logger = &logger_;
  PolicyOptions options;
  options.bootstrap_administrator = kAdmin;
  auto core = PolicyCore::Create(dependencies, options);
  ASSERT_TRUE(core.ok());
  absl::Status started = (*core)->Start(Soon());
  EXPECT_EQ(started.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(started.message()), HasSubstr("recover-admin"));
}

TEST_F(PolicyCoreTest, RecoveringMakesAnAdministratorOnRecord) {
  Open();
  ASSERT_TRUE(core_->RecoverAdministrator(kDeputy, Soon()).ok());
  Open();
  ASSERT_TRUE(core_->Start(Soon()).ok());
  EXPECT_TRUE(Call("ApplyPolicy", Grant("c", "secrets.accessor", kDeputy),
                   Fence(), kDeputy)
                  .status.ok());
  EXPECT_EQ(audit_.entries.back().principal(), "system:operator");
}

// A method that is added to the contract is run here, answered by the gateway
// from its snapshot, or declared as not built: never forgotten.
TEST_F(PolicyCoreTest, EveryMethodOfTheContractHasItsPlace) {
  const std::vector<std::string> by_the_gateway = {
      "ExplainAccess", "TestPermissions", "GetCallerIdentity"};
  const std::vector<std::string> methods = PolicyCore::Methods();
  const google::protobuf::ServiceDescriptor* service =
      v1::GetPolicyRequest::descriptor()->file()->service(0);
  for (int i = 0; i < service->method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service->method(i);
    const int places =
        std::count(methods.begin(), methods.end(), method.full_name()) +
        std::count(by_the_gateway.begin(), by_the_gateway.end(),
                   method.name()) +
        !method.options()
             .GetExtension(keyward::access::v1::access)
             .not_implemented()
             .empty();
    EXPECT_EQ(places, 1) << method.full_name();
  }
}

TEST_F(PolicyCoreTest, P8_RefusesAMethodThatIsNotItsOwn) {
  v1::GetProjectRequest request;
  rpc::CallContext context;
  context.method = "keyward.policy.v1.PolicyService.SimulatePolicy";
  context.deadline = Soon();
  absl::Status status;
  core_->Execute(context, request,
                 [&](rpc::CallResult result) { status = result.status; });
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  // A request that is another method's is not looked into.
  context.method = "keyward.policy.v1.PolicyService.GetPolicy";
  core_->Execute(context, request,
                 [&](rpc::CallResult result) { status = result.status; });
  EXPECT_EQ(status.code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace keyward::policy_service
