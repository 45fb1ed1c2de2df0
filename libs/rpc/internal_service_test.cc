// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/internal_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/blocking_method.h"
#include "libs/rpc/incoming_call.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::store::v1;
using google::protobuf::Message;

constexpr char kGateway[] = "spiffe://d/service/gateway";
constexpr char kPolicy[] = "spiffe://d/service/policy";

const google::protobuf::ServiceDescriptor* Store() {
  return wire::ExecuteRequest::descriptor()->file()->service(0);
}

// Every method of the store, each counting its calls.
InternalMethods AllMethods(int* ran) {
  InternalMethods methods;
  for (int i = 0; i < Store()->method_count(); ++i) {
    const auto* method = Store()->method(i);
    if (method->server_streaming()) {
      methods.streams[method->name()] =
          [ran](std::unique_ptr<Message>,
                std::shared_ptr<StreamWriter> writer) {
            ++*ran;
            writer->Finish(absl::OkStatus());
          };
    } else {
      methods.unary[method->name()] = [ran](std::unique_ptr<Message>,
                                            SteadyTime, UnaryDone done) {
        ++*ran;
        done(absl::OkStatus(), std::make_unique<wire::RaiseFenceResponse>());
      };
    }
  }
  return methods;
}

absl::StatusOr<std::string> LeafIdentity(const PeerFacts& peer) {
  if (peer.spiffe_id.empty()) return absl::UnauthenticatedError("who?");
  return peer.spiffe_id;
}

class FinishOnly final : public StreamWriter {
 public:
  void Write(std::unique_ptr<Message>,
             absl::AnyInvocable<void(bool)> done) override {
    done(false);
  }
  void Abort() override {}
  void Finish(absl::Status status) override { finished = std::move(status); }
  void OnCancel(absl::AnyInvocable<void(absl::Status)>) override {}
  absl::Status finished;
};

class InternalServiceTest : public testing::Test {
 protected:
  InternalServiceTest() {
    auto service = InternalService::Create(Store(), AllMethods(&ran_),
                                           {{"Execute", {kGateway}},
                                            {"RaiseFence", {kPolicy}},
                                            {"FollowEvents", {kGateway}}},
                                           LeafIdentity);
    EXPECT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }

  IncomingCall CallOf(const char* method, const std::string& id) {
    IncomingCall call;
    call.method = Store()->FindMethodByName(method);
    call.request = std::make_unique<wire::ExecuteRequest>();
    call.peer.spiffe_id = id;
    return call;
  }

  absl::Status Call(IncomingCall call) {
    absl::Status status = absl::UnknownError("not answered");
    service_->HandleUnary(std::move(call),
                          [&](absl::Status result, std::unique_ptr<Message>) {
                            status = std::move(result);
                          });
    return status;
  }

  int ran_ = 0;
  std::unique_ptr<InternalService> service_;
};

TEST_F(InternalServiceTest, WhoIsNamedForAMethodMayCallIt) {
  EXPECT_EQ(Call(CallOf("Execute", kGateway)), absl::OkStatus());
  EXPECT_EQ(Call(CallOf("RaiseFence", kPolicy)), absl::OkStatus());
  EXPECT_EQ(ran_, 2);
}

TEST_F(InternalServiceTest, BeingNamedForOneMethodOpensNoOther) {
  const absl::Status status = Call(CallOf("RaiseFence", kGateway));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(absl::StrContains(status.message(), kGateway));
  EXPECT_EQ(ran_, 0);
}

TEST_F(InternalServiceTest, AMethodThatNoEntryNamesIsRefusedToEveryone) {
  EXPECT_EQ(Call(CallOf("PurgeProject", kPolicy)).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ran_, 0);
}

TEST_F(InternalServiceTest, IdentitiesAreComparedByteForByte) {
  for (const char* id : {"spiffe://d/service/gateway/", "spiffe://d/service",
                         "SPIFFE://d/service/gateway"}) {
    EXPECT_EQ(Call(CallOf("Execute", id)).code(),
              absl::StatusCode::kPermissionDenied);
  }
}

TEST_F(InternalServiceTest, NoIdentityIsUnauthenticated) {
  IncomingCall call = CallOf("Execute", "");
  call.peer.certificate_pem =
      std::string("a verified one, with two identities");
  EXPECT_EQ(Call(std::move(call)).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ran_, 0);
}

TEST_F(InternalServiceTest, TheCallerIsCheckedBeforeTheRequestIsLookedAt) {
  IncomingCall foreign = CallOf("Execute", kPolicy);
  foreign.request.reset();
  EXPECT_EQ(Call(std::move(foreign)).code(),
            absl::StatusCode::kPermissionDenied);
  IncomingCall named = CallOf("Execute", kGateway);
  named.request.reset();
  EXPECT_EQ(Call(std::move(named)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(InternalServiceTest, StreamsAreGuardedLikewise) {
  auto writer = std::make_shared<FinishOnly>();
  service_->HandleStream(CallOf("FollowEvents", kPolicy), writer);
  EXPECT_EQ(writer->finished.code(), absl::StatusCode::kPermissionDenied);
  service_->HandleStream(CallOf("FollowEvents", kGateway), writer);
  EXPECT_EQ(writer->finished, absl::OkStatus());
  EXPECT_EQ(ran_, 1);
}

TEST_F(InternalServiceTest, EveryMethodMustHaveExactlyOneThatRunsIt) {
  InternalMethods missing = AllMethods(&ran_);
  missing.unary.erase("Execute");
  InternalMethods surplus = AllMethods(&ran_);
  surplus.unary["Exit"] = surplus.unary["Execute"];
  InternalMethods wrong_kind = AllMethods(&ran_);
  wrong_kind.unary["FollowEvents"] = wrong_kind.unary["Execute"];
  for (InternalMethods* methods : {&missing, &surplus, &wrong_kind}) {
    EXPECT_EQ(
        InternalService::Create(Store(), std::move(*methods), {}, LeafIdentity)
            .status()
            .code(),
        absl::StatusCode::kFailedPrecondition);
  }
}

TEST_F(InternalServiceTest, CallersOfAMethodThatDoesNotExistAreAnError) {
  EXPECT_EQ(InternalService::Create(Store(), AllMethods(&ran_),
                                    {{"Exekute", {kGateway}}}, LeafIdentity)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(BlockingMethodTest, RunsOnThePoolAndAnswers) {
  absl::Status status;
  uint64_t fence = 0;
  {
    ThreadPool pool(1, 1);
    const UnaryMethod method = BlockingMethod(
        &pool,
        [](const Message&,
           SteadyTime) -> absl::StatusOr<std::unique_ptr<Message>> {
          auto response = std::make_unique<wire::RaiseFenceResponse>();
          response->set_fence(5);
          return response;
        });
    method(std::make_unique<wire::RaiseFenceRequest>(),
           SteadyTime::InfiniteFuture(),
           [&](absl::Status result, std::unique_ptr<Message> response) {
             status = std::move(result);
             fence = static_cast<wire::RaiseFenceResponse&>(*response).fence();
           });
  }
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(fence, 5u);
}

TEST(BlockingMethodTest, P8_AFullPoolIsAnErrorAndNotAWait) {
  int answered = 0;
  absl::Status last;
  {
    ThreadPool pool(1, 1);
    Mutex held;
    const UnaryMethod method = BlockingMethod(
        &pool,
        [&](const Message&,
            SteadyTime) -> absl::StatusOr<std::unique_ptr<Message>> {
          MutexLock lock(&held);
          return absl::AbortedError("ran");
        });
    MutexLock lock(&held);
    for (int i = 0; i < 3; ++i) {
      method(std::make_unique<wire::RaiseFenceRequest>(),
             SteadyTime::InfiniteFuture(),
             [&](absl::Status result, std::unique_ptr<Message>) {
               ++answered;
               last = std::move(result);
             });
    }
    EXPECT_GE(answered, 1);
    EXPECT_EQ(last.code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace keyward::rpc
