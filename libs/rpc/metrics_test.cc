// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/metrics.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;

// A loopback port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  close(fd);
  return ntohs(address.sin_port);
}

std::string Get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    close(fd);
    return "";
  }
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = read(fd, buffer, sizeof(buffer))) > 0) answer.append(buffer, n);
  close(fd);
  return answer;
}

class MetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto metrics = Metrics::Create("gateway", address_);
    ASSERT_TRUE(metrics.ok()) << metrics.status();
    metrics_ = *std::move(metrics);
  }

  const int port_ = FreePort();
  const std::string address_ = absl::StrCat("127.0.0.1:", port_);
  std::unique_ptr<Metrics> metrics_;
};

TEST_F(MetricsTest, IsNotReadyUntilItIsSaid) {
  EXPECT_THAT(Get(port_), HasSubstr("keyward_ready{service=\"gateway\"} 0"));
  metrics_->SetReady(true);
  EXPECT_THAT(Get(port_), HasSubstr("keyward_ready{service=\"gateway\"} 1"));
}

TEST_F(MetricsTest, ATakenPortIsRefusedWithWhatToDo) {
  auto second = Metrics::Create("gateway", address_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--metrics"));
}

TEST_F(MetricsTest, DamagedKeysAreCountedOnceTheyWereLookedAt) {
  EXPECT_THAT(Get(port_), Not(HasSubstr("keyward_damaged_key_versions ")));
  metrics_->SetDamagedKeyVersions(0);
  EXPECT_THAT(Get(port_), HasSubstr("keyward_damaged_key_versions 0"));
  metrics_->SetDamagedKeyVersions(2);
  EXPECT_THAT(Get(port_), HasSubstr("keyward_damaged_key_versions 2"));
}

// The HTTP server by itself would take 2 s from the last request.
TEST_F(MetricsTest, AStopDoesNotWaitForTheNextRequest) {
  EXPECT_NE(Get(port_), "");
  const absl::Time begin = absl::Now();
  metrics_.reset();
  EXPECT_LT(absl::Now() - begin, absl::Milliseconds(1500));
}

TEST_F(MetricsTest, CountsCallsByMethodAndCode) {
  class Denier : public CallHandler {
   public:
    void HandleUnary(IncomingCall, UnaryDone done) override {
      done(absl::PermissionDeniedError("no"), nullptr);
    }
    void HandleStream(IncomingCall,
                      std::shared_ptr<StreamWriter> writer) override {
      writer->Finish(absl::OkStatus());
    }
  };
  Denier denier;
  FakeClock clock(absl::FromUnixSeconds(1000));
  MeteredHandler handler(&denier, metrics_.get(), &clock);
  IncomingCall call;
  call.method =
      secrets::v1::GetSecretRequest::descriptor()->file()->service(0)->method(
          0);
  bool answered = false;
  handler.HandleUnary(std::move(call),
                      [&](absl::Status, auto) { answered = true; });
  EXPECT_TRUE(answered);
  EXPECT_THAT(Get(port_),
              HasSubstr("keyward_calls_total{code=\"PERMISSION_DENIED\",method="
                        "\"keyward.secrets.v1.SecretService.CreateSecret\"} "
                        "1"));
}

}  // namespace
}  // namespace keyward::rpc
