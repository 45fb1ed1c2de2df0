// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/store_core.h"

#include <algorithm>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/crc32c.h"
#include "libs/kv/writer_session.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using StoreCoreTest = StoreFixture;
namespace secrets = keyward::secrets::v1;

TEST_F(StoreCoreTest, AStoredValueIsRead) {
  Create("db", "hunter2");
  const rpc::CallResult result = Call(AccessRequest(Name("db")));
  ASSERT_TRUE(result.status.ok()) << result.status;
  const auto& response =
      static_cast<const secrets::AccessSecretVersionResponse&>(
          *result.response);
  EXPECT_EQ(response.name(), Name("db") + "/versions/1");
  EXPECT_EQ(response.payload().data(), "hunter2");
  EXPECT_EQ(response.payload().data_crc32c(), crypto::Crc32c("hunter2"));
  EXPECT_EQ(result.resource, Name("db") + "/versions/1");
  EXPECT_EQ(result.outcome, rpc::Outcome::kNone);
}

TEST_F(StoreCoreTest, AStoredValueIsReadAfterARestart) {
  Create("db", "hunter2");
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.Restart().ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Read("db"), "hunter2");
}

TEST_F(StoreCoreTest, P4_AnAnsweredChangeSurvivesALossOfPower) {
  Create("db", "hunter2");
  Add("db", "hunter3");
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.PowerCut().ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Read("db"), "hunter3");
  EXPECT_EQ(Read("db", "1"), "hunter2");
}

// A method that is added to a contract is answered by the store, or declared
// to be answered before it gets here.
TEST_F(StoreCoreTest, EveryMethodOfTheContractsIsRun) {
  const std::vector<std::string> methods = StoreCore::Methods();
  const std::vector<std::string> elsewhere = {
      "keyward.secrets.v1.SecretService.BatchAccessSecretVersions",
      "keyward.secrets.v1.SecretService.WatchSecrets"};
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  size_t run = 0;
  for (const char* const name :
       {"keyward.secrets.v1.SecretService", "keyward.keys.v1.KeyService"}) {
    const auto* const service = pool->FindServiceByName(name);
    ASSERT_NE(service, nullptr);
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      const bool built = method.options()
                             .GetExtension(keyward::access::v1::access)
                             .not_implemented()
                             .empty() &&
                         std::count(elsewhere.begin(), elsewhere.end(),
                                    method.full_name()) == 0;
      EXPECT_EQ(std::count(methods.begin(), methods.end(), method.full_name()),
                built ? 1 : 0)
          << method.full_name();
      run += built ? 1 : 0;
    }
  }
  EXPECT_EQ(methods.size(), run);
}

TEST_F(StoreCoreTest, AnUnknownMethodIsUnimplemented) {
  const auto request = AccessRequest(Name("db"));
  rpc::CallContext context = ContextFor(request);
  context.method = "keyward.secrets.v1.SecretService.Nothing";
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(StoreCoreTest, ARequestOfAnotherTypeIsRefused) {
  const auto request = AccessRequest(Name("db"));
  for (const char* method : {"keyward.secrets.v1.SecretService.GetSecret",
                             "keyward.secrets.v1.SecretService.DeleteSecret"}) {
    rpc::CallContext context = ContextFor(request);
    context.method = method;
    context.intent_id = next_intent_++;
    EXPECT_EQ(Call(context, request).status.code(),
              absl::StatusCode::kInternal);
  }
}

TEST_F(StoreCoreTest, P1_ACallForAnotherResourceThanAuthorizedIsRefused) {
  Create("db", "hunter2");
  Create("other", "x");
  const auto access = AccessRequest(Name("db"));
  rpc::CallContext context = ContextFor(access);
  context.resource = Name("other");
  EXPECT_EQ(Call(context, access).status.code(), absl::StatusCode::kInternal);
  const auto create = CreateRequest("third", "x");
  context = ContextFor(create);
  context.resource = Name("other");
  EXPECT_EQ(Call(context, create).status.code(), absl::StatusCode::kInternal);
}

TEST_F(StoreCoreTest, AnotherProjectsUidFindsNothing) {
  Create("db", "hunter2");
  const auto request = AccessRequest(Name("db"));
  rpc::CallContext context = ContextFor(request);
  context.project_uid = "puid2";
  EXPECT_EQ(Call(context, request).status.code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreCoreTest, AChangeWithoutAnIntentIsRefused) {
  const auto request = CreateRequest("db", "x");
  rpc::CallContext context = ContextFor(request);
  context.intent_id.reset();
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreCoreTest, AnotherRootKeyIsRefusedAndNamed) {
  CloseCore();
  crypto::FakeSeal other(2);
  StoreDependencies deps{engine(), &other, &clock_, &random_, &audit_};
  const auto core = StoreCore::Create(deps, StoreOptions());
  EXPECT_EQ(core.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(core.status().message().find("root key"), absl::string_view::npos);
}

TEST_F(StoreCoreTest, ASealedSealIsUnavailable) {
  seal_.SetSealed(true);
  EXPECT_EQ(ErrorReason(Reopen()), kSealed);
}

TEST_F(StoreCoreTest, SecretsWithoutAnInstallationAreNotTakenOver) {
  Create("db", "x");
  CloseCore();
  faults_.reset();
  {
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    ASSERT_TRUE(session.ok());
    kv::Transaction txn;
    txn.preconditions.push_back(kv::Precondition::Exists(kInstallationKey));
    txn.deletes.push_back({kInstallationKey});
    ASSERT_TRUE((*session)->CommitAndWait(txn, {Deadline()}).applied());
  }
  EXPECT_EQ(Reopen().code(), absl::StatusCode::kDataLoss);
}

TEST_F(StoreCoreTest, EachRestoreMakesAnotherIncarnation) {
  EXPECT_EQ(core_->installation().id, seal_.installation_id());
  EXPECT_EQ(core_->installation().incarnation, 1u);
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(core_->installation().incarnation, 1u) << "this was no restore";
  ASSERT_TRUE(Reopen(/*restored=*/true).ok());
  EXPECT_EQ(core_->installation().incarnation, 2u);
  ASSERT_TRUE(Reopen(/*restored=*/true).ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(core_->installation().incarnation, 3u);
}

TEST_F(StoreCoreTest, RestoringNothingIsRefused) {
  kv::TestKv empty(StoreFeeds(), &clock_);
  StoreDependencies deps{empty.store(), &seal_, &clock_, &random_, &audit_};
  StoreOptions options;
  options.restored = true;
  EXPECT_EQ(StoreCore::Create(deps, options).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(StoreCoreTest, UnreadableStateIsUnavailableAndNotNotFound) {
  Create("db", "x");
  faults_->FailReads(absl::UnavailableError("disk"));
  const absl::Status status = Access("db").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), kStoreUnavailable);
}

}  // namespace
}  // namespace keyward::store
