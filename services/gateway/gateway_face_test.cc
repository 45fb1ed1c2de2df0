// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/gateway_face.h"

#include "gtest/gtest.h"
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

}  // namespace
}  // namespace keyward::gateway
