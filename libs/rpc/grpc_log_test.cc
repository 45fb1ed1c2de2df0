// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/grpc_log.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "google/protobuf/wrappers.pb.h"
#include "grpc/support/log.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"

namespace keyward::rpc {
namespace {

class GrpcLogTest : public testing::Test {
 protected:
  FakeClock clock_{absl::UnixEpoch()};
  MemoryLogSink sink_;
  Logger log_{"test", LogLevel::kInfo, &clock_, &sink_};
};

TEST_F(GrpcLogTest, WhatGrpcLogsBecomesALineOfTheProcess) {
  const GrpcLogRouter router(&log_);
  gpr_log("/build/grpc/src/core/tsi.cc", 12, GPR_LOG_SEVERITY_ERROR, "%s",
          "Handshake failed");
  ASSERT_EQ(sink_.lines().size(), 1u);
  EXPECT_TRUE(absl::StrContains(sink_.lines()[0], "\"Handshake failed\""));
  EXPECT_TRUE(absl::StrContains(sink_.lines()[0], "\"tsi.cc:12\""));
}

TEST_F(GrpcLogTest, SoDoesWhatProtobufSaysOfAClientsBytes) {
  const GrpcLogRouter router(&log_);
  testing::internal::CaptureStderr();
  google::protobuf::StringValue message;
  message.ParseFromString(std::string("\x0a\x01\xff"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_EQ(sink_.lines().size(), 1u);
  EXPECT_TRUE(absl::StrContains(sink_.lines()[0], "\"protobuf\""));
}

TEST_F(GrpcLogTest, NoiseIsLeftOut) {
  const GrpcLogRouter router(&log_);
  gpr_log("a.cc", 1, GPR_LOG_SEVERITY_ERROR, "%s",
          "No match found for server name: 127.0.0.1.");
  gpr_log("a.cc", 1, GPR_LOG_SEVERITY_INFO, "%s", "information");
  EXPECT_TRUE(sink_.lines().empty());
}

TEST_F(GrpcLogTest, AFloodIsBounded) {
  const GrpcLogRouter router(&log_);
  for (int i = 0; i < 1000; ++i) {
    gpr_log("a.cc", 1, GPR_LOG_SEVERITY_ERROR, "%s", "Handshake failed");
  }
  // The loop may see the clock's second change once.
  EXPECT_GE(sink_.lines().size(), 10u);
  EXPECT_LE(sink_.lines().size(), 20u);
}

TEST_F(GrpcLogTest, NothingIsLoggedOnceTheRouterIsGone) {
  { const GrpcLogRouter router(&log_); }
  gpr_log("a.cc", 1, GPR_LOG_SEVERITY_ERROR, "%s", "too late");
  EXPECT_TRUE(sink_.lines().empty());
}

}  // namespace
}  // namespace keyward::rpc
