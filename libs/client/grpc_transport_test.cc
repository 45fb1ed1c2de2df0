// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/grpc_transport.h"

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/client/channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/server_credentials.h"
#include "libs/rpc/test_certificates.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::client {
namespace {

using rpc::ClientCertificate;
using rpc::IncomingCall;
using rpc::StreamWriter;
using rpc::TestServer;
using rpc::UnaryDone;
using secrets::v1::AccessSecretVersionRequest;
using secrets::v1::AccessSecretVersionResponse;
using secrets::v1::WatchSecretsRequest;
using secrets::v1::WatchSecretsResponse;
using ::testing::ElementsAre;

const google::protobuf::MethodDescriptor& Method(const char* name) {
  return *AccessSecretVersionRequest::descriptor()
              ->file()
              ->FindServiceByName("SecretService")
              ->FindMethodByName(name);
}

// Writes `count` bookmarks, each after the one before it is taken, and ends
// the stream UNAUTHENTICATED.
void WriteBookmarks(std::shared_ptr<StreamWriter> writer, int count) {
  if (count == 0) {
    writer->Finish(absl::UnauthenticatedError("expired"));
    return;
  }
  auto message = std::make_unique<WatchSecretsResponse>();
  message->set_position(absl::StrCat(count));
  writer->Write(std::move(message), [writer, count](bool written) {
    if (written) {
      WriteBookmarks(writer, count - 1);
    } else {
      writer->Finish(absl::CancelledError("gone"));
    }
  });
}

class GrpcTransportTest : public ::testing::Test {
 protected:
  GrpcTransportTest() {
    handler_.unary = [this](IncomingCall call, UnaryDone done) {
      seen_ = call.peer;
      auto response = std::make_unique<AccessSecretVersionResponse>();
      response->set_name(
          static_cast<AccessSecretVersionRequest&>(*call.request).name());
      response->mutable_payload()->set_data("hunter2");
      done(answer_, answer_.ok() ? std::move(response) : nullptr);
    };
    handler_.stream = [](IncomingCall, std::shared_ptr<StreamWriter> writer) {
      WriteBookmarks(std::move(writer), 3);
    };
    rpc::ServerOptions options;
    options.services = {
        {AccessSecretVersionRequest::descriptor()->file()->service(0),
         &handler_}};
    options.limits = rpc::InternalServerLimits();
    server_ = std::make_unique<TestServer>(
        std::move(options), ClientCertificate::kOptional, &clock_);
  }

  ChannelMaterial Material() {
    ChannelMaterial material;
    material.address = server_->address();
    material.server_id = rpc::kTestServerId;
    material.user_agent = "test/1";
    rpc::TlsMaterial tls = server_->authority().Issue(rpc::kTestClientId);
    material.authorities = tls.authorities;
    material.certificate_chain = tls.certificate_chain;
    material.private_key = std::move(tls.private_key);
    return material;
  }

  absl::Status Call(ChannelMaterial material,
                    const std::string& token_file = "",
                    absl::Duration timeout = absl::Seconds(10)) {
    auto channel = NewGatewayChannel(std::move(material), absl::Now());
    if (!channel.ok()) return channel.status();
    GrpcTransport transport(*channel, token_file);
    AccessSecretVersionRequest request;
    request.set_name("projects/default/secrets/a");
    response_.Clear();
    return transport.Unary(Method("AccessSecretVersion"), request, timeout,
                           &response_);
  }

  static std::string WriteToken(const std::string& text, mode_t mode = 0600) {
    const std::string path =
        absl::StrCat(::testing::TempDir(), "/grpc_transport_test_token");
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  SystemClock clock_;
  rpc::FunctionHandler handler_;
  absl::Status answer_;
  rpc::PeerFacts seen_;
  AccessSecretVersionResponse response_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(GrpcTransportTest, CallsAsTheCertificatesIdentity) {
  ASSERT_TRUE(Call(Material()).ok());
  EXPECT_EQ(response_.name(), "projects/default/secrets/a");
  EXPECT_EQ(response_.payload().data(), "hunter2");
  EXPECT_EQ(seen_.spiffe_id, rpc::kTestClientId);
  EXPECT_TRUE(seen_.authorization.empty());
  EXPECT_THAT(seen_.user_agent, ::testing::StartsWith("test/1 "));
}

TEST_F(GrpcTransportTest, CarriesErrorsWithTheirDetails) {
  answer_ = MakeError(absl::StatusCode::kPermissionDenied, kPermissionDenied,
                      "missing secrets.access");
  const absl::Status status = Call(Material());
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(status), kPermissionDenied);
  EXPECT_EQ(status.message(), "missing secrets.access");
  EXPECT_EQ(response_.ByteSizeLong(), 0u);
}

// The host name is not looked at, so the identity must be.
TEST_F(GrpcTransportTest, RefusesAServerOfAnotherIdentity) {
  ChannelMaterial material = Material();
  material.server_id = "spiffe://test.domain/service/gateway";
  const absl::Status status = Call(std::move(material));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(seen_.spiffe_id, "");
}

TEST_F(GrpcTransportTest, RefusesAServerOfAnotherAuthority) {
  const rpc::TestAuthority other("other authority");
  ChannelMaterial material = Material();
  material.authorities = other.pem();
  EXPECT_EQ(Call(std::move(material)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(seen_.spiffe_id, "");
}

TEST_F(GrpcTransportTest, SendsATokenWithoutACertificate) {
  ChannelMaterial material = Material();
  material.certificate_chain.clear();
  material.private_key = crypto::SecretBuffer();
  ASSERT_TRUE(Call(std::move(material), WriteToken("abc.def.ghi\n")).ok());
  EXPECT_THAT(seen_.authorization, ElementsAre("Bearer abc.def.ghi"));
  EXPECT_EQ(seen_.spiffe_id, "");
}

TEST_F(GrpcTransportTest, ReadsTheTokenAnewForEachCall) {
  auto channel = NewGatewayChannel(Material(), absl::Now());
  ASSERT_TRUE(channel.ok()) << channel.status();
  const std::string path = WriteToken("one");
  GrpcTransport transport(*channel, path);
  for (const char* token : {"one", "two"}) {
    WriteToken(token);
    AccessSecretVersionResponse response;
    ASSERT_TRUE(transport
                    .Unary(Method("AccessSecretVersion"),
                           AccessSecretVersionRequest(), absl::Seconds(10),
                           &response)
                    .ok());
    EXPECT_THAT(seen_.authorization,
                ElementsAre(absl::StrCat("Bearer ", token)));
  }
}

TEST_F(GrpcTransportTest, RefusesTokensThatOthersCanRead) {
  EXPECT_EQ(Call(Material(), WriteToken("abc", 0644)).code(),
            absl::StatusCode::kFailedPrecondition);
}

// gRPC would end the process on such a header.
TEST_F(GrpcTransportTest, RefusesTokensThatAreNone) {
  for (const char* text : {"", " \n", "a b", "a\nb", "a\x01", "\xc3\xa9"}) {
    EXPECT_EQ(Call(Material(), WriteToken(text)).code(),
              absl::StatusCode::kFailedPrecondition)
        << text;
  }
  EXPECT_EQ(Call(Material(), WriteToken(std::string(
                                 GrpcTransport::kMaxTokenBytes + 1, 'a')))
                .code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call(Material(), "/nowhere/token").code(),
            absl::StatusCode::kNotFound);
}

TEST_F(GrpcTransportTest, RefusesMaterialThatGrpcCannotUse) {
  ChannelMaterial no_bundle = Material();
  no_bundle.authorities.clear();
  EXPECT_EQ(Call(std::move(no_bundle)).code(),
            absl::StatusCode::kInvalidArgument);

  ChannelMaterial other_key = Material();
  other_key.private_key =
      server_->authority().Issue(rpc::kTestClientId).private_key.Clone();
  EXPECT_EQ(Call(std::move(other_key)).code(),
            absl::StatusCode::kInvalidArgument);

  ChannelMaterial expired = Material();
  rpc::TestAuthority::Leaf leaf;
  leaf.uris = {rpc::kTestClientId};
  leaf.not_after = absl::Now() - absl::Minutes(1);
  rpc::TlsMaterial tls = server_->authority().Issue(leaf);
  expired.certificate_chain = tls.certificate_chain;
  expired.private_key = std::move(tls.private_key);
  EXPECT_EQ(Call(std::move(expired)).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(GrpcTransportTest, AnUnreachableServerIsUnavailable) {
  ChannelMaterial material = Material();
  server_->Stop();
  EXPECT_EQ(Call(std::move(material)).code(), absl::StatusCode::kUnavailable);
}

// A gateway that restarts is found again by a client that has been there all
// the time, and sleeps between its attempts.
TEST_F(GrpcTransportTest, FindsAServerThatCameBack) {
  const rpc::TestAuthority authority("authority");
  std::string address = "127.0.0.1:0";
  const auto serve = [&] {
    auto tls =
        rpc::ReloadableServerTls::Create(authority.Issue(rpc::kTestServerId),
                                         ClientCertificate::kRequired, &clock_);
    EXPECT_TRUE(tls.ok()) << tls.status();
    rpc::ServerOptions options;
    options.address = address;
    options.tls = *std::move(tls);
    options.services = {
        {AccessSecretVersionRequest::descriptor()->file()->service(0),
         &handler_}};
    options.limits = rpc::InternalServerLimits();
    auto server = rpc::Server::Create(std::move(options), &clock_);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  };
  std::unique_ptr<rpc::Server> server = serve();
  address = absl::StrCat("127.0.0.1:", server->port());
  ChannelMaterial material = Material();
  rpc::TlsMaterial tls = authority.Issue(rpc::kTestClientId);
  material.address = address;
  material.authorities = tls.authorities;
  material.certificate_chain = tls.certificate_chain;
  material.private_key = std::move(tls.private_key);
  auto channel = NewGatewayChannel(std::move(material), absl::Now());
  ASSERT_TRUE(channel.ok()) << channel.status();
  GrpcTransport transport(*channel, "");
  const auto call = [&] {
    AccessSecretVersionResponse response;
    return transport.Unary(Method("AccessSecretVersion"),
                           AccessSecretVersionRequest(), absl::Seconds(10),
                           &response);
  };
  ASSERT_TRUE(call().ok());
  server.reset();
  EXPECT_EQ(call().code(), absl::StatusCode::kUnavailable);
  server = serve();
  // gRPC's own backoff may make the first attempt come too early.
  absl::Status status = call();
  for (int i = 0; i < 4 && absl::IsUnavailable(status); ++i) status = call();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(GrpcTransportTest, EndsAtTheDeadline) {
  std::vector<UnaryDone> held;
  handler_.unary = [&held](IncomingCall, UnaryDone done) {
    held.push_back(std::move(done));
  };
  EXPECT_EQ(Call(Material(), "", absl::Milliseconds(300)).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Call(Material(), "", absl::ZeroDuration()).code(),
            absl::StatusCode::kDeadlineExceeded);
  for (UnaryDone& done : held) done(absl::CancelledError("late"), nullptr);
}

TEST_F(GrpcTransportTest, DeliversAStreamInOrderAndItsEnd) {
  auto channel = NewGatewayChannel(Material(), absl::Now());
  ASSERT_TRUE(channel.ok()) << channel.status();
  GrpcTransport transport(*channel, "");
  std::vector<std::string> positions;
  WatchSecretsResponse message;
  const absl::Status status = transport.Stream(
      Method("WatchSecrets"), WatchSecretsRequest(), absl::InfiniteDuration(),
      &message, [&](google::protobuf::Message* next) {
        positions.push_back(
            static_cast<WatchSecretsResponse*>(next)->position());
        return absl::OkStatus();
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(positions, ElementsAre("3", "2", "1"));
}

TEST_F(GrpcTransportTest, StopsAStreamWhenTheReaderHasEnough) {
  auto channel = NewGatewayChannel(Material(), absl::Now());
  ASSERT_TRUE(channel.ok()) << channel.status();
  GrpcTransport transport(*channel, "");
  WatchSecretsResponse message;
  const absl::Status status = transport.Stream(
      Method("WatchSecrets"), WatchSecretsRequest(), absl::InfiniteDuration(),
      &message, [](google::protobuf::Message*) {
        return absl::OutOfRangeError("enough");
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace keyward::client
