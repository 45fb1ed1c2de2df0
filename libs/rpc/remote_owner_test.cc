// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/remote_owner.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/base/timer.h"
#include "libs/rpc/call.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::store::v1;
using google::protobuf::Message;
using keyward::secrets::v1::AccessSecretVersionRequest;
using keyward::secrets::v1::AccessSecretVersionResponse;
using keyward::secrets::v1::AddSecretVersionRequest;
using keyward::secrets::v1::AddSecretVersionResponse;

constexpr char kAccess[] =
    "keyward.secrets.v1.SecretService.AccessSecretVersion";
constexpr char kAdd[] = "keyward.secrets.v1.SecretService.AddSecretVersion";

// Delegates to a function.
class FunctionOwner final : public Owner {
 public:
  std::function<void(const CallContext&, const Message&, CallDone)> execute;
  void Execute(const CallContext& context, const Message& request,
               CallDone done) override {
    execute(context, request, std::move(done));
  }
};

// A remote owner over TLS on loopback.
class RemoteOwnerTest : public testing::Test {
 protected:
  RemoteOwnerTest() {
    AccessSecretVersionRequest::descriptor();
    auto methods = CallMethods::Create({"keyward.secrets.v1.SecretService"});
    EXPECT_TRUE(methods.ok());
    methods_ = *std::move(methods);
    const auto* service =
        wire::ExecuteRequest::descriptor()->file()->service(0);
    const auto* execute = service->FindMethodByName("Execute");
    InternalMethods internal;
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->server_streaming()) {
        internal.streams[service->method(i)->name()] =
            [](std::unique_ptr<Message>, std::shared_ptr<StreamWriter> writer) {
              writer->Finish(absl::InternalError("not here"));
            };
      } else {
        internal.unary[service->method(i)->name()] =
            [](std::unique_ptr<Message>, SteadyTime, UnaryDone done) {
              done(absl::InternalError("not here"), nullptr);
            };
      }
    }
    internal.unary["Execute"] =
        ExecuteMethod(execute, &owner_, methods_.get(), &clock_, &changes_);
    auto created =
        InternalService::Create(service, std::move(internal),
                                {{"Execute", {kTestClientId}}}, TestIdentity);
    EXPECT_TRUE(created.ok()) << created.status();
    service_ = *std::move(created);
    ServerOptions options;
    options.services = {{service, service_.get()}};
    options.limits = InternalServerLimits();
    server_ = std::make_unique<TestServer>(
        std::move(options), ClientCertificate::kRequired, &clock_);
    Connect(kTestClientId);
  }

  void Connect(const std::string& id) {
    auto channel = PeerChannel::Create(server_->address(), kTestServerId,
                                       server_->authority().Issue(id), &clock_);
    EXPECT_TRUE(channel.ok());
    remote_.reset();
    channel_ = *std::move(channel);
    Peer peer;
    peer.name = "store";
    peer.reason = kStoreUnavailable;
    peer.channel = channel_.get();
    const auto* service =
        wire::ExecuteRequest::descriptor()->file()->service(0);
    remote_ = std::make_unique<RemoteOwner>(
        peer, service->FindMethodByName("Execute"), methods_.get(), &clock_,
        &timer_);
  }

  CallContext Context(const char* method, const std::string& id = "request") {
    CallContext context;
    context.request_id = id;
    context.method = method;
    context.principal = "spiffe://d/workload/a";
    context.resource = "projects/pay/secrets/s";
    context.deadline = clock_.SteadyNow() + absl::Seconds(10);
    if (method == std::string(kAdd)) context.intent_id = 5;
    return context;
  }

  // Runs one call to its end.
  CallResult Execute(const CallContext& context, const Message& request) {
    CallResult result;
    Event done;
    remote_->Execute(context, request, [&](CallResult answer) {
      result = std::move(answer);
      done.Set();
    });
    EXPECT_TRUE(done.Wait());
    return result;
  }

  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  FunctionOwner owner_;
  ThreadPool changes_{kChangeThreads, kChangesWaiting};
  std::unique_ptr<CallMethods> methods_;
  std::unique_ptr<InternalService> service_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<PeerChannel> channel_;
  std::unique_ptr<RemoteOwner> remote_;
};

TEST_F(RemoteOwnerTest, ACallReachesTheOwnerAndItsAnswerTheCaller) {
  owner_.execute = [](const CallContext& context, const Message& request,
                      CallDone done) {
    EXPECT_EQ(context.principal, "spiffe://d/workload/a");
    CallResult result;
    auto response = std::make_unique<AccessSecretVersionResponse>();
    response->mutable_payload()->set_data(
        "value of " +
        static_cast<const AccessSecretVersionRequest&>(request).name());
    result.response = std::move(response);
    result.resource = context.resource + "/versions/3";
    done(std::move(result));
  };
  AccessSecretVersionRequest request;
  request.set_name("projects/pay/secrets/s");
  const CallResult result = Execute(Context(kAccess), request);
  ASSERT_EQ(result.status, absl::OkStatus());
  EXPECT_EQ(result.resource, "projects/pay/secrets/s/versions/3");
  EXPECT_EQ(static_cast<const AccessSecretVersionResponse&>(*result.response)
                .payload()
                .data(),
            "value of projects/pay/secrets/s");
}

TEST_F(RemoteOwnerTest, AChangeKeepsItsIntentAndItsOutcome) {
  owner_.execute = [](const CallContext& context, const Message&,
                      CallDone done) {
    EXPECT_EQ(context.intent_id, 5u);
    CallResult result;
    result.response = std::make_unique<AddSecretVersionResponse>();
    result.outcome = Outcome::kApplied;
    done(std::move(result));
  };
  const CallResult result = Execute(Context(kAdd), AddSecretVersionRequest());
  EXPECT_EQ(result.status, absl::OkStatus());
  EXPECT_EQ(result.outcome, Outcome::kApplied);
}

TEST_F(RemoteOwnerTest, TheOwnersErrorArrivesWithItsReason) {
  owner_.execute = [](const CallContext&, const Message&, CallDone done) {
    CallResult result;
    result.status = MakeError(absl::StatusCode::kFailedPrecondition,
                              kVersionDisabled, "disabled");
    done(std::move(result));
  };
  const CallResult result =
      Execute(Context(kAccess), AccessSecretVersionRequest());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(result.status), kVersionDisabled);
}

TEST_F(RemoteOwnerTest, ManyCallsAtOnceEachGetTheirOwnAnswer) {
  owner_.execute = [](const CallContext& context, const Message&,
                      CallDone done) {
    CallResult result;
    auto response = std::make_unique<AccessSecretVersionResponse>();
    response->mutable_payload()->set_data(
        absl::StrCat(context.request_id, "/", context.element));
    result.response = std::move(response);
    done(std::move(result));
  };
  constexpr int kCalls = 1000;
  std::vector<std::string> answers(kCalls);
  std::atomic<int> left{kCalls};
  Event done;
  for (int i = 0; i < kCalls; ++i) {
    CallContext context = Context(kAccess, absl::StrCat("request ", i / 10));
    context.element = static_cast<uint32_t>(i % 10);
    remote_->Execute(
        context, AccessSecretVersionRequest(), [&, i](CallResult result) {
          EXPECT_EQ(result.status, absl::OkStatus());
          answers[i] =
              static_cast<AccessSecretVersionResponse&>(*result.response)
                  .payload()
                  .data();
          if (left.fetch_sub(1) == 1) done.Set();
        });
  }
  ASSERT_TRUE(done.Wait());
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(answers[i], absl::StrCat("request ", i / 10, "/", i % 10));
  }
}

TEST_F(RemoteOwnerTest, P1_AnAnswerAboutAnotherResourceIsGivenToNoOne) {
  owner_.execute = [](const CallContext&, const Message&, CallDone done) {
    CallResult result;
    result.response = std::make_unique<AccessSecretVersionResponse>();
    result.resource = "projects/pay/secrets/another/versions/1";
    done(std::move(result));
  };
  const CallResult result =
      Execute(Context(kAccess), AccessSecretVersionRequest());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kResponseMismatch);
  EXPECT_EQ(result.response, nullptr);
}

TEST_F(RemoteOwnerTest, P8_AHungOwnerNeverHangsACallerPastItsDeadline) {
  std::vector<CallDone> held;
  owner_.execute = [&](const CallContext&, const Message&, CallDone done) {
    held.push_back(std::move(done));
  };
  CallContext read = Context(kAccess);
  read.deadline = clock_.SteadyNow() + absl::Milliseconds(200);
  const CallResult result = Execute(read, AccessSecretVersionRequest());
  EXPECT_LT(clock_.SteadyNow(), read.deadline + absl::Seconds(5));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kStoreUnavailable);
  CallContext change = Context(kAdd);
  change.deadline = clock_.SteadyNow() + absl::Milliseconds(200);
  const CallResult unknown = Execute(change, AddSecretVersionRequest());
  EXPECT_EQ(unknown.outcome, Outcome::kUnknown);
  EXPECT_EQ(ErrorReason(unknown.status), kOutcomeUnknown);
  for (CallDone& done : held) done(CallResult());
}

TEST_F(RemoteOwnerTest, P8_WhoIsNotNamedGetsUnavailableAndNotADenial) {
  // PERMISSION_DENIED here is an error of the deployment: a client must not
  // take it for the policy's answer.
  Connect("spiffe://test.domain/service/stranger");
  const CallResult result =
      Execute(Context(kAccess), AccessSecretVersionRequest());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kStoreUnavailable);
}

TEST_F(RemoteOwnerTest, P8_AChangeThatCouldNotLeaveIsCertainlyNotMade) {
  server_->Stop();
  // The first call finds out that no one listens.
  Execute(Context(kAccess), AccessSecretVersionRequest());
  const CallResult result = Execute(Context(kAdd), AddSecretVersionRequest());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kStoreUnavailable);
  EXPECT_EQ(result.outcome, Outcome::kNotApplied);
}

TEST_F(RemoteOwnerTest, AMethodOfAnotherOwnerIsNotSent) {
  const CallResult result =
      Execute(Context("keyward.audit.v1.AuditService.QueryEntries"),
              AccessSecretVersionRequest());
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInternal);
}

// What an owner's Execute refuses, seen by one that sends it directly.
class ExecuteMethodTest : public RemoteOwnerTest {
 protected:
  absl::Status Send(wire::ExecuteRequest request) {
    absl::Status status = absl::UnknownError("not answered");
    Event answered;
    const auto* service =
        wire::ExecuteRequest::descriptor()->file()->service(0);
    ExecuteMethod(service->FindMethodByName("Execute"), &owner_, methods_.get(),
                  &clock_, &changes_)(
        std::make_unique<wire::ExecuteRequest>(std::move(request)),
        SteadyTime::InfiniteFuture(),
        [&](absl::Status result, std::unique_ptr<Message> response) {
          status = std::move(result);
          response_.reset(
              static_cast<wire::ExecuteResponse*>(response.release()));
          answered.Set();
        });
    EXPECT_TRUE(answered.Wait());
    return status;
  }

  static void AddCall(wire::ExecuteRequest* request, const std::string& id) {
    auto* call = request->add_calls();
    call->set_request_id(id);
    call->set_method(kAccess);
    call->set_principal("spiffe://d/workload/a");
    call->set_resource("projects/pay/secrets/s");
  }

  std::unique_ptr<wire::ExecuteResponse> response_;
};

TEST_F(ExecuteMethodTest, ABatchThatBreaksABoundRunsNothing) {
  owner_.execute = [](const CallContext&, const Message&, CallDone) {
    FAIL() << "nothing of a refused batch may run";
  };
  wire::ExecuteRequest empty;
  wire::ExecuteRequest many;
  for (int i = 0; i < 257; ++i) AddCall(&many, absl::StrCat(i));
  wire::ExecuteRequest large;
  AddCall(&large, "1");
  large.mutable_calls(0)->set_request(std::string(1 << 20, 'r'));
  wire::ExecuteRequest doubled;
  AddCall(&doubled, "1");
  AddCall(&doubled, "1");
  wire::ExecuteRequest half_bad;
  AddCall(&half_bad, "1");
  AddCall(&half_bad, "");
  for (const auto& request : {empty, many, large, doubled, half_bad}) {
    EXPECT_EQ(Send(request).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(ExecuteMethodTest, P1_AChangeWithoutAnIntentOnRecordRunsNothing) {
  owner_.execute = [](const CallContext&, const Message&, CallDone) {
    FAIL() << "a change without its intent may not run";
  };
  wire::ExecuteRequest request;
  AddCall(&request, "1");
  request.mutable_calls(0)->set_method(kAdd);
  EXPECT_EQ(Send(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ExecuteMethodTest, TheChangesOfABatchMeetThoughEachHoldsItsThread) {
  // As an owner does that syncs on its caller's thread: the first change holds
  // its thread until others have arrived, which then share its sync.
  Event second;
  std::atomic<int> arrived{0};
  owner_.execute = [&](const CallContext& context, const Message&,
                       CallDone done) {
    if (arrived.fetch_add(1) == 0) {
      EXPECT_TRUE(second.Wait());
    } else {
      second.Set();
    }
    CallResult result;
    result.outcome = Outcome::kApplied;
    result.response = std::make_unique<AddSecretVersionResponse>();
    result.resource = context.resource;
    done(std::move(result));
  };
  wire::ExecuteRequest request;
  for (int i = 0; i < 20; ++i) {
    AddCall(&request, absl::StrCat(i));
    request.mutable_calls(i)->set_method(kAdd);
    request.mutable_calls(i)->set_intent_id(static_cast<uint64_t>(i));
  }
  ASSERT_EQ(Send(request), absl::OkStatus());
  ASSERT_EQ(response_->results_size(), 20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(response_->results(i).request_id(), absl::StrCat(i));
    EXPECT_EQ(response_->results(i).status().code(), 0);
  }
}

TEST_F(ExecuteMethodTest, AnswersThatFindNoRoomAreUnavailableAndTheRestFits) {
  owner_.execute = [](const CallContext&, const Message&, CallDone done) {
    CallResult result;
    auto response = std::make_unique<AccessSecretVersionResponse>();
    response->mutable_payload()->set_data(std::string(100 << 10, 'p'));
    result.response = std::move(response);
    done(std::move(result));
  };
  wire::ExecuteRequest request;
  for (int i = 0; i < 256; ++i) AddCall(&request, absl::StrCat(i));
  ASSERT_EQ(Send(request), absl::OkStatus());
  EXPECT_LE(response_->ByteSizeLong(), kMaxBatchAnswerBytes + (64 << 10));
  ASSERT_EQ(response_->results_size(), 256);
  EXPECT_EQ(response_->results(0).status().code(), 0);
  EXPECT_EQ(response_->results(255).status().code(), 14);
  EXPECT_EQ(response_->results(255).response(), "");
}

}  // namespace
}  // namespace keyward::rpc
