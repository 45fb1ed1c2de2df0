// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/gateway_face.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/rpc/server_limits.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/gateway/pipeline.h"

namespace keyward::gateway {
namespace {

// A limit that is configured and ignored is one that someone believes in.
TEST(PipelineOptionsTest, EveryLimitOfAPrincipalIsTheConfigurations) {
  config::v1::LimitsConfig limits;
  limits.set_requests_per_second(7);
  limits.set_burst(11);
  limits.set_denials_per_second(3);
  limits.set_tracked_principals(2048);
  limits.set_calls_at_once(77);
  const PipelineOptions options = PipelineOptionsOf(limits);
  EXPECT_EQ(options.rate_limits.per_second, 7);
  EXPECT_EQ(options.rate_limits.burst, 11);
  EXPECT_EQ(options.rate_limits.tracked_principals, 2048u);
  EXPECT_EQ(options.denial_limits.per_second, 3);
  EXPECT_EQ(options.denial_limits.burst, 15);
  EXPECT_EQ(options.denial_limits.tracked_principals, 2048u);
  EXPECT_EQ(options.call_limits.calls_of_principal, 77u);
}

TEST(ServerLimitsTest, EveryLimitOfAConnectionIsTheConfigurations) {
  config::v1::LimitsConfig config;
  config.set_connections(99);
  config.set_connections_of_address(9);
  config.set_max_concurrent_streams(5);
  config.mutable_max_connection_age()->set_seconds(61);
  config.mutable_max_connection_age_grace()->set_seconds(2);
  const rpc::ServerLimits limits = ServerLimitsOf(config);
  EXPECT_EQ(limits.connections.connections, 99u);
  EXPECT_EQ(limits.connections.connections_of_address, 9u);
  EXPECT_EQ(limits.max_concurrent_streams, 5);
  // A client that keeps five under way must never be taken for one that does
  // not heed the five: an answer is read before the server knows that it is.
  EXPECT_EQ(limits.calls.max_calls_of_connection, 10u);
  EXPECT_EQ(limits.max_connection_age, absl::Seconds(61));
  EXPECT_EQ(limits.max_connection_age_grace, absl::Seconds(2));
}

}  // namespace
}  // namespace keyward::gateway
