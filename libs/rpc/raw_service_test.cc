// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/raw_service.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>  // NOLINT: blocking drain
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/sync_stream.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/secrets/v1/secret_service.grpc.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using keyward::secrets::v1::AccessSecretVersionRequest;
using keyward::secrets::v1::AccessSecretVersionResponse;
using keyward::secrets::v1::SecretService;
using keyward::secrets::v1::WatchSecretsRequest;
using keyward::secrets::v1::WatchSecretsResponse;

class RawServiceTest : public testing::Test {
 protected:
  RawServiceTest() { Start(GatewayServerLimits()); }

  void Start(const ServerLimits& limits) {
    ServerOptions options;
    options.services = {
        {AccessSecretVersionRequest::descriptor()->file()->FindServiceByName(
             "SecretService"),
         &handler_}};
    options.limits = limits;
    options.unknown_methods = &handler_;
    handler_.refused = [this](const PeerFacts& peer,
                              const google::protobuf::MethodDescriptor* method,
                              const absl::Status& status) {
      refused_.push_back({peer, method, status});
    };
    stub_.reset();
    server_ = std::make_unique<TestServer>(
        std::move(options), ClientCertificate::kOptional, &clock_);
    stub_ = SecretService::NewStub(server_->Connect());
  }

  // Calls AccessSecretVersion.
  absl::Status Access(grpc::ClientContext* context,
                      AccessSecretVersionResponse* response,
                      const std::string& name = "a name") {
    AccessSecretVersionRequest request;
    request.set_name(name);
    return FromGrpcStatus(
        stub_->AccessSecretVersion(context, request, response));
  }
  absl::Status Access() {
    grpc::ClientContext context;
    AccessSecretVersionResponse response;
    return Access(&context, &response);
  }

  // Answers every unary call with `status` and remembers it.
  void AnswerWith(absl::Status status) {
    handler_.unary = [this, status](IncomingCall call, UnaryDone done) {
      seen_ = std::move(call);
      done(status, status.ok() ? std::make_unique<AccessSecretVersionResponse>()
                               : nullptr);
    };
  }

  // What the transport refused, and told the handler.
  struct Refused {
    PeerFacts peer;
    const google::protobuf::MethodDescriptor* method;
    absl::Status status;
  };

  FakeClock clock_{absl::Now()};
  FunctionHandler handler_;
  IncomingCall seen_;
  std::vector<Refused> refused_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<SecretService::Stub> stub_;
};

TEST_F(RawServiceTest, ACallReachesTheHandlerParsedAndItsAnswerTheCaller) {
  handler_.unary = [](IncomingCall call, UnaryDone done) {
    EXPECT_EQ(call.method->full_name(),
              "keyward.secrets.v1.SecretService.AccessSecretVersion");
    const auto& request =
        static_cast<const AccessSecretVersionRequest&>(*call.request);
    auto response = std::make_unique<AccessSecretVersionResponse>();
    response->set_name(request.name() + ", resolved");
    response->mutable_payload()->set_data("plaintext");
    done(absl::OkStatus(), std::move(response));
  };
  grpc::ClientContext context;
  AccessSecretVersionResponse response;
  EXPECT_EQ(Access(&context, &response), absl::OkStatus());
  EXPECT_EQ(response.name(), "a name, resolved");
  EXPECT_EQ(response.payload().data(), "plaintext");
}

TEST_F(RawServiceTest, AnErrorReachesTheCallerWithItsDetails) {
  const absl::Status error = FieldError("name", "must be a version's name");
  AnswerWith(error);
  EXPECT_EQ(Access(), error);
}

TEST_F(RawServiceTest, TheHandlerIsToldWhatIsKnownOfThePeer) {
  AnswerWith(absl::OkStatus());
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer one");
  context.AddMetadata("authorization", "Bearer two");
  AccessSecretVersionResponse response;
  ASSERT_EQ(Access(&context, &response), absl::OkStatus());
  EXPECT_EQ(seen_.peer.spiffe_id, kTestClientId);
  EXPECT_TRUE(absl::StartsWith(seen_.peer.certificate_pem.view(),
                               "-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(seen_.peer.authorization,
            (std::vector<std::string>{"Bearer one", "Bearer two"}));
  EXPECT_TRUE(absl::StartsWith(seen_.peer.peer, "ipv4:127.0.0.1:"));
  EXPECT_TRUE(absl::StrContains(seen_.peer.user_agent, "grpc-c++/"));
}

TEST_F(RawServiceTest, ACallerWithoutACertificateHasNoneInTheFacts) {
  AnswerWith(absl::OkStatus());
  stub_ = SecretService::NewStub(server_->ConnectAnonymously());
  ASSERT_EQ(Access(), absl::OkStatus());
  EXPECT_EQ(seen_.peer.certificate_pem.view(), "");
  EXPECT_EQ(seen_.peer.spiffe_id, "");
}

TEST_F(RawServiceTest, ACertificateWithTwoIdentitiesHasNoSpiffeId) {
  AnswerWith(absl::OkStatus());
  stub_ = SecretService::NewStub(
      server_->ConnectWith(server_->authority().Issue(TestAuthority::Leaf{
          {kTestClientId, "spiffe://test.domain/service/other"}})));
  ASSERT_EQ(Access(), absl::OkStatus());
  EXPECT_NE(seen_.peer.certificate_pem.view(), "");
  EXPECT_EQ(seen_.peer.spiffe_id, "");
}

TEST_F(RawServiceTest, ACallWithoutADeadlineGetsTenSeconds) {
  AnswerWith(absl::OkStatus());
  ASSERT_EQ(Access(), absl::OkStatus());
  EXPECT_EQ(seen_.deadline, clock_.SteadyNow() + absl::Seconds(10));
}

TEST_F(RawServiceTest, NoCallGetsMoreThanAMinute) {
  AnswerWith(absl::OkStatus());
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(absl::Hours(1)));
  AccessSecretVersionResponse response;
  ASSERT_EQ(Access(&context, &response), absl::OkStatus());
  EXPECT_EQ(seen_.deadline, clock_.SteadyNow() + absl::Seconds(60));
}

TEST_F(RawServiceTest, AShorterDeadlineIsTheCallers) {
  AnswerWith(absl::OkStatus());
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(absl::Seconds(30)));
  AccessSecretVersionResponse response;
  ASSERT_EQ(Access(&context, &response), absl::OkStatus());
  const absl::Duration left = seen_.deadline - clock_.SteadyNow();
  EXPECT_LE(left, absl::Seconds(31));
  EXPECT_GT(left, absl::Seconds(25));
}

TEST_F(RawServiceTest, P8_TheTimeOfDayMovesNoDeadline) {
  AnswerWith(absl::OkStatus());
  for (const absl::Duration step : {-absl::Hours(1), absl::Hours(1)}) {
    clock_.Set(absl::Now() + step);
    grpc::ClientContext context;
    context.set_deadline(GrpcDeadline(absl::Seconds(30)));
    AccessSecretVersionResponse response;
    ASSERT_EQ(Access(&context, &response), absl::OkStatus());
    const absl::Duration left = seen_.deadline - clock_.SteadyNow();
    EXPECT_LE(left, absl::Seconds(31)) << step;
    EXPECT_GT(left, absl::Seconds(25)) << step;
    ASSERT_EQ(Access(), absl::OkStatus());
    EXPECT_EQ(seen_.deadline - clock_.SteadyNow(), absl::Seconds(10)) << step;
  }
}

// Sends bytes as a method's request.
absl::Status SendRaw(const std::shared_ptr<grpc::Channel>& channel,
                     const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  Event done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Set();
                 });
  EXPECT_TRUE(done.Wait());
  return FromGrpcStatus(status);
}

constexpr char kAccess[] =
    "/keyward.secrets.v1.SecretService/AccessSecretVersion";

TEST_F(RawServiceTest, BytesThatDoNotParseReachTheHandlerWithoutARequest) {
  const absl::Status refusal = FieldError("request", "must parse");
  AnswerWith(refusal);
  EXPECT_EQ(SendRaw(server_->Connect(), kAccess, "\x0A\xFF\xFF"), refusal);
  EXPECT_EQ(seen_.request, nullptr);
  EXPECT_EQ(seen_.peer.spiffe_id, kTestClientId);
}

TEST_F(RawServiceTest, AnEmptyRequestIsARequest) {
  AnswerWith(absl::OkStatus());
  EXPECT_EQ(SendRaw(server_->Connect(), kAccess, ""), absl::OkStatus());
  EXPECT_NE(seen_.request, nullptr);
}

TEST_F(RawServiceTest, AMethodThatTheContractDoesNotHaveReachesNoOne) {
  AnswerWith(absl::OkStatus());
  for (const char* method :
       {"/keyward.secrets.v1.SecretService/DropEverything", "/x"}) {
    const absl::Status status = SendRaw(server_->Connect(), method, "a body");
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(ErrorReason(status), kNotImplemented);
    EXPECT_EQ(seen_.method, nullptr);
    ASSERT_EQ(refused_.size(), 1u);
    EXPECT_EQ(refused_[0].peer.spiffe_id, kTestClientId);
    EXPECT_EQ(refused_[0].method, nullptr);
    EXPECT_EQ(refused_[0].status, status);
    refused_.clear();
  }
}

TEST_F(RawServiceTest, ARequestThatIsTooLargeReachesNoOne) {
  AnswerWith(absl::OkStatus());
  grpc::ClientContext context;
  AccessSecretVersionResponse response;
  EXPECT_EQ(Access(&context, &response, std::string((1 << 20) + 1, 'n')).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(seen_.method, nullptr);
}

TEST_F(RawServiceTest, P8_ALostCallbackIsAnErrorAndNotAHang) {
  handler_.unary = [](IncomingCall, UnaryDone) {};
  EXPECT_EQ(Access().code(), absl::StatusCode::kInternal);
}

TEST_F(RawServiceTest, P8_SuccessWithoutAResponseIsAnError) {
  handler_.unary = [](IncomingCall, UnaryDone done) {
    done(absl::OkStatus(), nullptr);
  };
  EXPECT_EQ(Access().code(), absl::StatusCode::kInternal);
}

TEST_F(RawServiceTest, OneCallMoreThanTheBoundIsRefused) {
  ServerLimits limits = GatewayServerLimits();
  limits.calls.max_calls = 1;
  Start(limits);
  Event arrived;
  UnaryDone held;
  handler_.unary = [&](IncomingCall, UnaryDone done) {
    held = std::move(done);
    arrived.Set();
  };
  grpc::ClientContext context;
  AccessSecretVersionRequest request;
  AccessSecretVersionResponse response;
  Event answered;
  stub_->async()->AccessSecretVersion(&context, &request, &response,
                                      [&](const grpc::Status& status) {
                                        EXPECT_TRUE(status.ok());
                                        answered.Set();
                                      });
  ASSERT_TRUE(arrived.Wait());
  const absl::Status refusal = Access();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refusal), kQuotaExceeded);
  EXPECT_EQ(RetryAfter(refusal), absl::Seconds(1));
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0].method->name(), "AccessSecretVersion");
  EXPECT_EQ(refused_[0].status, refusal);
  EXPECT_EQ(refused_[0].peer.spiffe_id, kTestClientId);
  held(absl::OkStatus(), std::make_unique<AccessSecretVersionResponse>());
  EXPECT_TRUE(answered.Wait());
}

TEST_F(RawServiceTest, AStreamDeliversInOrderAndEndsWithItsStatus) {
  handler_.stream = [](IncomingCall call,
                       std::shared_ptr<StreamWriter> writer) {
    EXPECT_EQ(call.deadline, SteadyTime::InfiniteFuture());
    auto first = std::make_unique<WatchSecretsResponse>();
    first->set_position("1");
    writer->Write(std::move(first), [writer](bool ok) {
      EXPECT_TRUE(ok);
      auto second = std::make_unique<WatchSecretsResponse>();
      second->set_position("2");
      writer->Write(std::move(second), [writer](bool) {
        writer->Finish(absl::PermissionDeniedError("no longer"));
      });
    });
  };
  grpc::ClientContext context;
  const auto reader = stub_->WatchSecrets(&context, WatchSecretsRequest());
  WatchSecretsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.position(), "1");
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.position(), "2");
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(FromGrpcStatus(reader->Finish()),
            absl::PermissionDeniedError("no longer"));
}

TEST_F(RawServiceTest, AtMostOneMessageOfAStreamIsInFlight) {
  bool second_refused = false;
  handler_.stream = [&](IncomingCall, std::shared_ptr<StreamWriter> writer) {
    writer->Write(std::make_unique<WatchSecretsResponse>(),
                  [writer](bool) { writer->Finish(absl::OkStatus()); });
    writer->Write(std::make_unique<WatchSecretsResponse>(),
                  [&](bool ok) { second_refused = !ok; });
  };
  grpc::ClientContext context;
  const auto reader = stub_->WatchSecrets(&context, WatchSecretsRequest());
  WatchSecretsResponse response;
  EXPECT_TRUE(reader->Read(&response));
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(second_refused);
}

// A stream whose handler waits for its end.
class WaitingStream {
 public:
  explicit WaitingStream(FunctionHandler* handler) {
    handler->stream = [this](IncomingCall,
                             std::shared_ptr<StreamWriter> writer) {
      StreamWriter* const raw = writer.get();
      raw->OnCancel([this, writer](absl::Status why) {
        writer->Finish(std::move(why));
        cancelled.Set();
      });
      writer->Write(std::make_unique<WatchSecretsResponse>(), [](bool) {});
    };
  }
  Event cancelled;
};

TEST_F(RawServiceTest, AStreamIsToldThatItsPeerWentAway) {
  WaitingStream waiting(&handler_);
  grpc::ClientContext context;
  const auto reader = stub_->WatchSecrets(&context, WatchSecretsRequest());
  WatchSecretsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  context.TryCancel();
  EXPECT_TRUE(waiting.cancelled.Wait());
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(RawServiceTest, ADrainEndsStreamsAtOnce) {
  WaitingStream waiting(&handler_);
  grpc::ClientContext context;
  const auto reader = stub_->WatchSecrets(&context, WatchSecretsRequest());
  WatchSecretsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  const absl::Time before = absl::Now();
  server_->server()->Drain(absl::Seconds(60));
  EXPECT_LT(absl::Now() - before, absl::Seconds(30));
  EXPECT_FALSE(reader->Read(&response));
  // Which clients take for a reason to open it again, at another server.
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RawServiceTest, OneStreamMoreThanTheBoundIsRefused) {
  ServerLimits limits = GatewayServerLimits();
  limits.calls.max_streams = 1;
  Start(limits);
  WaitingStream waiting(&handler_);
  grpc::ClientContext context;
  const auto reader = stub_->WatchSecrets(&context, WatchSecretsRequest());
  WatchSecretsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  grpc::ClientContext second_context;
  const auto second =
      stub_->WatchSecrets(&second_context, WatchSecretsRequest());
  EXPECT_FALSE(second->Read(&response));
  EXPECT_EQ(second->Finish().error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0].method->name(), "WatchSecrets");
  context.TryCancel();
  EXPECT_TRUE(waiting.cancelled.Wait());
}

TEST_F(RawServiceTest, ACallInFlightEndsWellWithinTheDrainsGrace) {
  Event arrived;
  UnaryDone held;
  handler_.unary = [&](IncomingCall, UnaryDone done) {
    held = std::move(done);
    arrived.Set();
  };
  grpc::ClientContext context;
  AccessSecretVersionRequest request;
  AccessSecretVersionResponse response;
  Event answered;
  absl::Status status;
  stub_->async()->AccessSecretVersion(&context, &request, &response,
                                      [&](const grpc::Status& result) {
                                        status = FromGrpcStatus(result);
                                        answered.Set();
                                      });
  ASSERT_TRUE(arrived.Wait());
  std::thread drain([&] { server_->server()->Drain(absl::Seconds(30)); });
  held(absl::OkStatus(), std::make_unique<AccessSecretVersionResponse>());
  EXPECT_TRUE(answered.Wait());
  EXPECT_EQ(status, absl::OkStatus());
  drain.join();
}

// A call whose client never reads: what is above HTTP/2's first window of
// 64 KiB stays in the server.
class UnreadCall final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit UnreadCall(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(channel) {
    stub_.PrepareBidiStreamingCall(&context_, kAccess, grpc::StubOptions(),
                                   this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartCall();
  }
  ~UnreadCall() override {
    context_.TryCancel();
    EXPECT_TRUE(done_->Wait());
  }
  void OnDone(const grpc::Status&) override {
    // The call may be gone as soon as it is set.
    const std::shared_ptr<Event> done = done_;
    done->Set();
  }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  const grpc::Slice slice_;
  const grpc::ByteBuffer request_{&slice_, 1};
  const std::shared_ptr<Event> done_ = std::make_shared<Event>();
};

class UnreadAnswersTest : public RawServiceTest {
 protected:
  // Serves answers of 1 MiB, and counts those that gRPC holds.
  void StartLarge(const ServerLimits& limits) {
    Start(limits);
    handler_.unary = [held = held_](IncomingCall call, UnaryDone done) {
      ++*held;
      call.keep_until_sent(
          std::shared_ptr<void>(nullptr, [held](void*) { --*held; }));
      auto response = std::make_unique<AccessSecretVersionResponse>();
      response->mutable_payload()->set_data(std::string(1 << 20, 'x'));
      done(absl::OkStatus(), std::move(response));
    };
  }

  // A connection on which no window grows beyond the first.
  std::shared_ptr<grpc::Channel> ConnectNarrowly() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return server_->ConnectAnonymously(arguments);
  }

  // Whether that many are held within a while.
  bool Held(int count) const {
    const absl::Time end = absl::Now() + absl::Seconds(10);
    while (*held_ != count && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return *held_ == count;
  }

  const std::shared_ptr<std::atomic<int>> held_ =
      std::make_shared<std::atomic<int>>(0);
};

TEST_F(UnreadAnswersTest, AnAnswerIsHeldUntilItIsSent) {
  StartLarge(GatewayServerLimits());
  EXPECT_EQ(Access(), absl::OkStatus());
  EXPECT_TRUE(Held(0));
  {
    const UnreadCall unread(ConnectNarrowly());
    EXPECT_TRUE(Held(1));
    absl::SleepFor(absl::Milliseconds(300));
    EXPECT_TRUE(Held(1));
  }
  EXPECT_TRUE(Held(0));
}

TEST_F(UnreadAnswersTest, P8_AnAnswerThatNobodyReadsIsGivenUp) {
  ServerLimits limits = GatewayServerLimits();
  limits.calls.answer_time = absl::Seconds(1);
  StartLarge(limits);
  const UnreadCall first(ConnectNarrowly());
  const UnreadCall second(ConnectNarrowly());
  EXPECT_TRUE(Held(2));
  EXPECT_TRUE(Held(0));
}

TEST_F(UnreadAnswersTest, OneCallMoreThanAConnectionMayHaveIsCancelled) {
  ServerLimits limits = GatewayServerLimits();
  limits.calls.max_calls_of_connection = 1;
  StartLarge(limits);
  const auto channel = ConnectNarrowly();
  {
    const UnreadCall unread(channel);
    EXPECT_TRUE(Held(1));
    EXPECT_EQ(SendRaw(channel, kAccess, "").code(),
              absl::StatusCode::kCancelled);
    ASSERT_EQ(refused_.size(), 1u);
    EXPECT_EQ(refused_[0].status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Access(), absl::OkStatus()) << "on another connection";
  }
  EXPECT_TRUE(Held(0));
  EXPECT_EQ(SendRaw(channel, kAccess, ""), absl::OkStatus());
}

}  // namespace
}  // namespace keyward::rpc
