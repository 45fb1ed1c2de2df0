// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The store as the other services see it: over mutual TLS.

#include "services/store/store_face.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/thread_pool.h"
#include "libs/base/timer.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/process_standing.h"
#include "libs/rpc/remote_feeds.h"
#include "libs/rpc/remote_owner.h"
#include "libs/rpc/remote_owner_control.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using keyward::secrets::v1::AccessSecretVersionResponse;

class StoreFaceTest : public StoreFixture {
 protected:
  StoreFaceTest() {
    methods_ = *StoreCallMethods();
    rpc::InternalCallers callers;
    for (const auto& entry : StoreCallers()) {
      callers[entry.first] = {rpc::kTestClientId};
    }
    auto service = rpc::InternalService::Create(
        StoreService(),
        StoreMethods(core_.get(), methods_.get(), &pool_, &pool_, &clock_,
                     &standing_),
        callers, rpc::TestIdentity);
    EXPECT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
    rpc::ServerOptions options;
    options.services = {{StoreService(), service_.get()}};
    options.limits = rpc::InternalServerLimits();
    server_ = std::make_unique<rpc::TestServer>(
        std::move(options), rpc::ClientCertificate::kRequired, &clock_);
    channel_ = *rpc::PeerChannel::Create(
        server_->address(), rpc::kTestServerId,
        server_->authority().Issue(rpc::kTestClientId), &wall_);
    peer_.name = "store";
    peer_.reason = kStoreUnavailable;
    peer_.channel = channel_.get();
    remote_ = std::make_unique<rpc::RemoteOwner>(
        peer_, StoreService()->FindMethodByName("Execute"), methods_.get(),
        &wall_, &timer_);
  }

  // As StoreFixture::Call, over the network.
  rpc::CallResult CallRemotely(const google::protobuf::Message& request) {
    rpc::CallContext context = ContextFor(request);
    context.deadline = wall_.SteadyNow() + absl::Seconds(10);
    context.principal = "spiffe://d/workload/a";
    rpc::CallResult result;
    rpc::Event done;
    remote_->Execute(context, request, [&](rpc::CallResult answer) {
      result = std::move(answer);
      done.Set();
    });
    EXPECT_TRUE(done.Wait());
    return result;
  }

  SystemClock wall_;
  ThreadTimer timer_{&wall_};
  ThreadPool pool_{2, 8};
  rpc::ProcessStanding standing_{absl::UnixEpoch(), /*memory_locked=*/false};
  std::unique_ptr<rpc::CallMethods> methods_;
  std::unique_ptr<rpc::InternalService> service_;
  std::unique_ptr<rpc::TestServer> server_;
  std::unique_ptr<rpc::PeerChannel> channel_;
  rpc::Peer peer_;
  std::unique_ptr<rpc::RemoteOwner> remote_;
};

TEST_F(StoreFaceTest, ASecretIsStoredAndReadOverTheNetwork) {
  const rpc::CallResult created = CallRemotely(CreateRequest("db", "hunter2"));
  ASSERT_EQ(created.status, absl::OkStatus());
  EXPECT_EQ(created.outcome, rpc::Outcome::kApplied);
  const rpc::CallResult read = CallRemotely(AccessRequest(Name("db")));
  ASSERT_EQ(read.status, absl::OkStatus());
  EXPECT_EQ(read.resource, Name("db") + "/versions/1");
  EXPECT_EQ(static_cast<const AccessSecretVersionResponse&>(*read.response)
                .payload()
                .data(),
            "hunter2");
}

TEST_F(StoreFaceTest, AnErrorArrivesWithItsReason) {
  const rpc::CallResult read = CallRemotely(AccessRequest(Name("missing")));
  EXPECT_EQ(read.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorReason(read.status), kNotFound);
}

TEST_F(StoreFaceTest, P2_AChangeBelowTheRaisedFenceIsRefusedRemotely) {
  rpc::RemoteOwnerControl control(peer_, StoreService());
  ASSERT_EQ(*control.RaiseFence(1000, wall_.SteadyNow() + absl::Seconds(10)),
            1000u);
  const rpc::CallResult created = CallRemotely(CreateRequest("db", "hunter2"));
  EXPECT_EQ(created.refusal, rpc::Refusal::kFence);
  EXPECT_EQ(created.outcome, rpc::Outcome::kNotApplied);
}

TEST_F(StoreFaceTest, AGatewayLearnsWhichInstallationThisIs) {
  const auto answer = rpc::CallPeerAndWait(
      peer_, StoreService()->FindMethodByName("GetInstallation"),
      keyward::internal::store::v1::GetInstallationRequest(),
      wall_.SteadyNow() + absl::Seconds(10));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto& told =
      static_cast<const keyward::internal::store::v1::GetInstallationResponse&>(
          **answer);
  EXPECT_EQ(told.installation_id(), seal_.installation_id());
  EXPECT_EQ(told.incarnation(), 1u);
  EXPECT_EQ(StoreCallers().at("GetInstallation"),
            rpc::InternalCallers::mapped_type(
                {"spiffe://keyward.internal/service/gateway"}));
}

TEST_F(StoreFaceTest, EventsOfChangesAreFollowedRemotely) {
  keyward::secrets::v1::ListSecretsRequest list;
  list.set_parent(kTestProject);
  const rpc::CallResult listed = CallRemotely(list);
  ASSERT_EQ(listed.status, absl::OkStatus());
  const std::string position =
      static_cast<const keyward::secrets::v1::ListSecretsResponse&>(
          *listed.response)
          .watch_position();
  ASSERT_EQ(CallRemotely(CreateRequest("db", "hunter2")).status,
            absl::OkStatus());

  rpc::RemoteEventFeed feed(peer_, &wall_, &timer_);
  const auto follower = feed.FollowEvents(kTestProjectUid, position);
  rpc::Event arrived;
  absl::StatusOr<rpc::EventRange> range = absl::UnknownError("none");
  follower->Next([&](absl::StatusOr<rpc::EventRange> next) {
    range = std::move(next);
    arrived.Set();
  });
  ASSERT_TRUE(arrived.Wait());
  ASSERT_TRUE(range.ok()) << range.status();
  ASSERT_FALSE(range->events.empty());
  EXPECT_EQ(range->events[0].name(), Name("db"));
  EXPECT_NE(range->next_position, "");
}

TEST_F(StoreFaceTest, APositionOfAnotherMakerIsRefusedRemotely) {
  rpc::RemoteEventFeed feed(peer_, &wall_, &timer_);
  const auto follower = feed.FollowEvents(kTestProjectUid, "made up");
  rpc::Event arrived;
  absl::Status status;
  follower->Next([&](absl::StatusOr<rpc::EventRange> next) {
    status = next.status();
    arrived.Set();
  });
  ASSERT_TRUE(arrived.Wait());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::store
