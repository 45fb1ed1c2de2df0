// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/server.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/fake_clock.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/test_certificates.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/secrets/v1/secret_service.grpc.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using keyward::secrets::v1::GetSecretRequest;
using keyward::secrets::v1::GetSecretResponse;
using keyward::secrets::v1::SecretService;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    handler_.unary = [this](IncomingCall call, UnaryDone done) {
      seen_ = call.peer;
      done(absl::OkStatus(), std::make_unique<GetSecretResponse>());
    };
    Start(ClientCertificate::kRequired);
  }

  ServerOptions Options() {
    ServerOptions options;
    options.services = {
        {GetSecretRequest::descriptor()->file()->service(0), &handler_}};
    options.limits = InternalServerLimits();
    options.health = true;
    return options;
  }

  void Start(ClientCertificate client_certificate) {
    server_ =
        std::make_unique<TestServer>(Options(), client_certificate, &clock_);
  }

  using Metadata = std::vector<std::pair<std::string, std::string>>;

  static absl::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                           const Metadata& metadata = {}) {
    const auto stub = SecretService::NewStub(channel);
    grpc::ClientContext context;
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    context.set_deadline(GrpcDeadline(absl::Seconds(10)));
    GetSecretResponse response;
    return FromGrpcStatus(
        stub->GetSecret(&context, GetSecretRequest(), &response));
  }

  SystemClock clock_;
  FunctionHandler handler_;
  PeerFacts seen_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(ServerTest, APeerWithACertificateOfTheAuthorityIsServed) {
  EXPECT_EQ(Call(server_->Connect()), absl::OkStatus());
  EXPECT_EQ(seen_.spiffe_id, kTestClientId);
}

TEST_F(ServerTest, ACallerWithoutACertificateCannotConnectWhereOneIsRequired) {
  EXPECT_EQ(Call(server_->ConnectAnonymously()).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, BadCertificatesCannotConnectEvenWhereNoneIsRequired) {
  Start(ClientCertificate::kOptional);
  const TestAuthority foreign("foreign");
  TlsMaterial from_foreign = foreign.Issue(kTestClientId);
  from_foreign.authorities = server_->authority().pem();
  EXPECT_EQ(Call(server_->ConnectWith(std::move(from_foreign))).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Call(server_->ConnectAnonymously()), absl::OkStatus());
  EXPECT_EQ(seen_.certificate_pem.view(), "");
}

TEST_F(ServerTest, AHandlerIsToldWhetherAHeaderOfProxiesCameMoreThanOnce) {
  const std::string name = "x-forwarded-client-cert";
  ASSERT_EQ(Call(server_->Connect(), {{"x-other", "a"}}), absl::OkStatus());
  EXPECT_TRUE(seen_.forwarded_client_cert.empty());
  ASSERT_EQ(Call(server_->Connect(), {{name, "URI=a,URI=b"}}),
            absl::OkStatus());
  EXPECT_EQ(seen_.forwarded_client_cert,
            std::vector<std::string>({"URI=a,URI=b"}));
  ASSERT_EQ(Call(server_->Connect(), {{name, "a"}, {name, ""}}),
            absl::OkStatus());
  EXPECT_EQ(seen_.forwarded_client_cert.size(), 2u);
  // Who sends many makes nobody keep them.
  ASSERT_EQ(Call(server_->Connect(), Metadata(50, {name, "a"})),
            absl::OkStatus());
  EXPECT_EQ(seen_.forwarded_client_cert.size(), 2u);
}

TEST_F(ServerTest, AnExpiredCertificateCannotConnect) {
  // The client's clock is an hour late, so that it takes its own certificate
  // for a good one.
  TestAuthority::Leaf expired{{kTestClientId}};
  expired.not_before = absl::Now() - absl::Hours(2);
  expired.not_after = absl::Now() - absl::Minutes(30);
  const FakeClock late(absl::Now() - absl::Hours(1));
  auto channel =
      PeerChannel::Create(server_->address(), kTestServerId,
                          server_->authority().Issue(expired), &late);
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(Call((*channel)->Get()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, AServerWithAnotherIdentityIsNotSpokenTo) {
  auto channel = PeerChannel::Create(
      server_->address(), "spiffe://test.domain/service/audit",
      server_->authority().Issue(kTestClientId), &clock_);
  ASSERT_TRUE(channel.ok());
  const absl::Status status = Call((*channel)->Get());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(seen_.peer, "") << "no call may have reached it";
}

TEST_F(ServerTest, AServerWithTwoIdentitiesIsNotSpokenTo) {
  ASSERT_EQ(server_->tls()->Update(server_->authority().Issue(
                TestAuthority::Leaf{{kTestServerId, kTestClientId}})),
            absl::OkStatus());
  EXPECT_EQ(Call(server_->Connect()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, ReplacedMaterialIsUsedByTheNextConnection) {
  const std::shared_ptr<grpc::Channel> old = server_->Connect();
  ASSERT_EQ(Call(old), absl::OkStatus());
  const TestAuthority next("next authority");
  ASSERT_EQ(server_->tls()->Update(next.Issue(kTestServerId)),
            absl::OkStatus());
  EXPECT_EQ(server_->tls()->generation(), 1u);
  EXPECT_EQ(Call(server_->ConnectWith(next.Issue(kTestClientId))),
            absl::OkStatus());
  EXPECT_EQ(Call(server_->Connect()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Call(old), absl::OkStatus()) << "open connections live on";
}

TEST_F(ServerTest, BadMaterialIsRefusedAndTheLastGoodStaysInUse) {
  TlsMaterial mismatched = server_->authority().Issue(kTestServerId);
  mismatched.private_key =
      server_->authority().Issue(kTestServerId).private_key.Clone();
  EXPECT_EQ(server_->tls()->Update(std::move(mismatched)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server_->tls()->generation(), 0u);
  EXPECT_EQ(Call(server_->Connect()), absl::OkStatus());
}

TEST_F(ServerTest, AChannelUsesReplacedMaterialFromTheNextCallOn) {
  auto channel =
      PeerChannel::Create(server_->address(), kTestServerId,
                          server_->authority().Issue(kTestClientId), &clock_);
  ASSERT_TRUE(channel.ok());
  ASSERT_EQ(Call((*channel)->Get()), absl::OkStatus());
  ASSERT_EQ((*channel)->Update(
                server_->authority().Issue("spiffe://test.domain/service/new")),
            absl::OkStatus());
  ASSERT_EQ(Call((*channel)->Get()), absl::OkStatus());
  EXPECT_EQ(seen_.spiffe_id, "spiffe://test.domain/service/new");
  EXPECT_EQ((*channel)->Update(TlsMaterial()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Call((*channel)->Get()), absl::OkStatus());
}

TEST_F(ServerTest, ATakenPortIsAnErrorThatSaysWhatToDo) {
  ServerOptions options = Options();
  options.address = server_->address();
  auto tls =
      ReloadableServerTls::Create(server_->authority().Issue(kTestServerId),
                                  ClientCertificate::kRequired, &clock_);
  ASSERT_TRUE(tls.ok());
  options.tls = *std::move(tls);
  const auto second = Server::Create(std::move(options), &clock_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(
      absl::StrContains(second.status().message(), "Address already in use"));
  EXPECT_TRUE(absl::StrContains(second.status().message(), "listen.address"));
}

TEST_F(ServerTest, AnAddressThatIsNoneIsAnErrorThatSaysSo) {
  for (const char* address : {"nonsense", "host.invalid:1", "192.0.2.1:1"}) {
    ServerOptions options = Options();
    options.address = address;
    auto tls =
        ReloadableServerTls::Create(server_->authority().Issue(kTestServerId),
                                    ClientCertificate::kRequired, &clock_);
    ASSERT_TRUE(tls.ok());
    options.tls = *std::move(tls);
    const auto server = Server::Create(std::move(options), &clock_);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(absl::StrContains(server.status().message(), address));
  }
}

absl::Status Check(const std::shared_ptr<grpc::Channel>& channel,
                   const std::string& service, HealthCheckResponse* response) {
  const auto stub = Health::NewStub(channel);
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(service);
  return FromGrpcStatus(stub->Check(&context, request, response));
}

TEST_F(ServerTest, HealthIsNotServingUntilToldOtherwise) {
  const auto channel = server_->Connect();
  HealthCheckResponse response;
  ASSERT_EQ(Check(channel, "", &response), absl::OkStatus());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  server_->server()->SetServing(true);
  ASSERT_EQ(Check(channel, "keyward.secrets.v1.SecretService", &response),
            absl::OkStatus());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
}

TEST_F(ServerTest, HealthOfAServiceThatIsNotServedIsNotFound) {
  HealthCheckResponse response;
  EXPECT_EQ(Check(server_->Connect(), "keyward.internal.store.v1.StoreService",
                  &response)
                .code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ServerTest, AHealthWatchTellsChangesAndEndsWithTheDrain) {
  const auto stub = Health::NewStub(server_->Connect());
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, HealthCheckRequest());
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  server_->server()->SetServing(true);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  const absl::Time before = absl::Now();
  server_->server()->Drain(absl::Seconds(60));
  EXPECT_LT(absl::Now() - before, absl::Seconds(30));
}

TEST_F(ServerTest, AHealthWatchOfAnUnknownServiceSaysSo) {
  const auto stub = Health::NewStub(server_->Connect());
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service("no.such.Service");
  const auto reader = stub->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  context.TryCancel();
}

TEST_F(ServerTest, P8_ASecondDrainReturnsAtOnceAndCallsFail) {
  server_->server()->Drain(absl::Seconds(1));
  server_->server()->Drain(absl::Seconds(1));
  const auto channel = server_->Connect();
  server_->Stop();
  EXPECT_EQ(Call(channel).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace keyward::rpc
