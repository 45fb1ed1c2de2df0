// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/gateway_client.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/client/fake_transport.h"
#include "libs/client/retry_policy.h"
#include "libs/crypto/random.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::client {
namespace {

using secrets::v1::AddSecretVersionRequest;
using secrets::v1::AddSecretVersionResponse;
using secrets::v1::GetSecretRequest;
using secrets::v1::GetSecretResponse;
using secrets::v1::WatchSecretsRequest;
using secrets::v1::WatchSecretsResponse;
using ::testing::SizeIs;

class BrokenRandom final : public crypto::RandomSource {
 public:
  absl::Status Fill(absl::Span<char>) override {
    return absl::InternalError("no randomness");
  }
};

class GatewayClientTest : public ::testing::Test {
 protected:
  GatewayClientTest() { client_ = NewClient(&random_); }

  std::unique_ptr<GatewayClient> NewClient(crypto::RandomSource* random) {
    GatewayClient::Dependencies dependencies;
    dependencies.transport = &transport_;
    dependencies.random = random;
    dependencies.sleep = [this](absl::Duration delay) {
      waits_.push_back(delay);
      now_ += delay;
    };
    dependencies.steady_now = [this] { return now_; };
    auto client =
        GatewayClient::Create(std::move(dependencies), absl::Seconds(10));
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  // Answers GetSecret with `error` for the first `times` calls.
  void FailReads(int times, absl::Status error) {
    transport_.On<GetSecretRequest, GetSecretResponse>(
        [this, times, error](const GetSecretRequest& request,
                             GetSecretResponse* response) {
          if (++reads_ <= times) return error;
          response->mutable_secret()->set_name(request.name());
          return absl::OkStatus();
        });
  }

  absl::StatusOr<GetSecretResponse> Read() {
    GetSecretRequest request;
    request.set_name("projects/default/secrets/a");
    return client_->Call<GetSecretResponse>(request);
  }

  FakeTransport transport_;
  crypto::SystemRandom random_;
  std::unique_ptr<GatewayClient> client_;
  std::vector<absl::Duration> waits_;
  absl::Duration now_;
  int reads_ = 0;
};

TEST_F(GatewayClientTest, FindsTheMethodByTheRequest) {
  FailReads(0, absl::OkStatus());
  auto answer = Read();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->secret().name(), "projects/default/secrets/a");
  EXPECT_THAT(
      transport_.calls(),
      ::testing::ElementsAre("keyward.secrets.v1.SecretService.GetSecret"));
}

TEST_F(GatewayClientTest, RefusesAnAnswerTypeOfAnotherMethod) {
  EXPECT_EQ(client_->Call<AddSecretVersionResponse>(GetSecretRequest())
                .status()
                .code(),
            absl::StatusCode::kInternal);
  EXPECT_THAT(transport_.calls(), SizeIs(0));
}

TEST_F(GatewayClientTest, RepeatsReadsUntilTheyAreAnswered) {
  FailReads(3, absl::UnavailableError("restarting"));
  EXPECT_TRUE(Read().ok());
  EXPECT_THAT(transport_.calls(), SizeIs(4));
  EXPECT_THAT(waits_, SizeIs(3));
}

TEST_F(GatewayClientTest, GivesUpAfterTheLastAttempt) {
  FailReads(100, absl::UnavailableError("away"));
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(transport_.calls(), SizeIs(kMaxAttempts));
}

TEST_F(GatewayClientTest, DoesNotRepeatAnAnswer) {
  FailReads(100, absl::PermissionDeniedError("no"));
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(transport_.calls(), SizeIs(1));
}

TEST_F(GatewayClientTest, AttemptsShareOneDeadline) {
  transport_.On<GetSecretRequest, GetSecretResponse>(
      [this](const GetSecretRequest&, GetSecretResponse*) {
        now_ += absl::Seconds(4);
        return absl::UnavailableError("slow");
      });
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kUnavailable);
  // After 4 s and after 8 s there is time for another, after 12 s there is
  // not.
  EXPECT_THAT(transport_.calls(), SizeIs(3));
  EXPECT_LT(transport_.last_timeout(), absl::Seconds(2));
}

TEST_F(GatewayClientTest, GivesEveryChangeARequestIdAndKeepsItOnRetry) {
  std::vector<std::string> ids;
  transport_.On<AddSecretVersionRequest, AddSecretVersionResponse>(
      [&ids](const AddSecretVersionRequest& request,
             AddSecretVersionResponse*) {
        ids.push_back(request.request_id());
        return ids.size() < 3 ? absl::UnavailableError("lost")
                              : absl::OkStatus();
      });
  for (int call = 0; call < 2; ++call) {
    ASSERT_TRUE(
        client_->Call<AddSecretVersionResponse>(AddSecretVersionRequest())
            .ok());
  }
  ASSERT_THAT(ids, SizeIs(4));
  EXPECT_THAT(ids[0], SizeIs(36));
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], ids[3]);
}

TEST_F(GatewayClientTest, KeepsTheCallersOwnRequestId) {
  std::string id;
  transport_.On<AddSecretVersionRequest, AddSecretVersionResponse>(
      [&id](const AddSecretVersionRequest& request, AddSecretVersionResponse*) {
        id = request.request_id();
        return absl::OkStatus();
      });
  AddSecretVersionRequest request;
  request.set_request_id("mine");
  ASSERT_TRUE(client_->Call<AddSecretVersionResponse>(request).ok());
  EXPECT_EQ(id, "mine");
}

// A change under an id that others could guess or that repeats is not sent.
TEST_F(GatewayClientTest, MakesNoChangeWithoutRandomness) {
  BrokenRandom broken;
  EXPECT_EQ(NewClient(&broken)
                ->Call<AddSecretVersionResponse>(AddSecretVersionRequest())
                .status()
                .code(),
            absl::StatusCode::kInternal);
  EXPECT_THAT(transport_.calls(), SizeIs(0));
}

TEST_F(GatewayClientTest, DoesNotRepeatChangesWithoutRequestId) {
  using operators::v1::SealRequest;
  using operators::v1::SealResponse;
  transport_.On<SealRequest, SealResponse>(
      [](const SealRequest&, SealResponse*) {
        return absl::UnavailableError("lost");
      });
  EXPECT_EQ(client_->Call<SealResponse>(SealRequest()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_THAT(transport_.calls(), SizeIs(1));
}

TEST_F(GatewayClientTest, DeliversAStreamInOrder) {
  transport_.OnStream<WatchSecretsRequest, WatchSecretsResponse>(
      [](const WatchSecretsRequest&,
         std::function<absl::Status(const WatchSecretsResponse&)> send) {
        for (const char* position : {"1", "2", "3"}) {
          WatchSecretsResponse response;
          response.set_position(position);
          absl::Status status = send(response);
          if (!status.ok()) return status;
        }
        return absl::UnauthenticatedError("expired");
      });
  std::vector<std::string> positions;
  absl::Status status = client_->Stream<WatchSecretsResponse>(
      WatchSecretsRequest(), [&positions](WatchSecretsResponse* response) {
        positions.push_back(response->position());
        return absl::OkStatus();
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(positions, ::testing::ElementsAre("1", "2", "3"));
}

TEST_F(GatewayClientTest, EndsAStreamWithTheReadersError) {
  transport_.OnStream<WatchSecretsRequest, WatchSecretsResponse>(
      [](const WatchSecretsRequest&,
         std::function<absl::Status(const WatchSecretsResponse&)> send) {
        return send(WatchSecretsResponse());
      });
  EXPECT_EQ(client_
                ->Stream<WatchSecretsResponse>(WatchSecretsRequest(),
                                               [](WatchSecretsResponse*) {
                                                 return absl::OutOfRangeError(
                                                     "enough");
                                               })
                .code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(GatewayClientTest, RefusesTimeoutsOutOfBounds) {
  GatewayClient::Dependencies dependencies;
  dependencies.transport = &transport_;
  dependencies.random = &random_;
  dependencies.sleep = [](absl::Duration) {};
  dependencies.steady_now = [] { return absl::ZeroDuration(); };
  for (absl::Duration timeout :
       {absl::ZeroDuration(), -absl::Seconds(1),
        kMaxCallTimeout + absl::Nanoseconds(1), absl::InfiniteDuration()}) {
    EXPECT_EQ(GatewayClient::Create(dependencies, timeout).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(GatewayClient::Create(dependencies, kMaxCallTimeout).ok());
}

TEST_F(GatewayClientTest, RefusesMissingDependencies) {
  EXPECT_EQ(GatewayClient::Create({}, absl::Seconds(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::client
