// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jws_algorithm.h"

#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

TEST(JwsAlgorithmTest, KnowsTheAsymmetricOnesOfRfc7518) {
  EXPECT_EQ(ParseJwsAlgorithm("RS256").value(), JwsAlgorithm::kRs256);
  EXPECT_EQ(ParseJwsAlgorithm("PS384").value(), JwsAlgorithm::kPs384);
  EXPECT_EQ(ParseJwsAlgorithm("ES512").value(), JwsAlgorithm::kEs512);
}

TEST(JwsAlgorithmTest, P1_KnowsNoOther) {
  for (const char* name :
       {"none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "EdDSA",
        "ES256K", "rs256", "RS1", "RS256 ", "RSA-OAEP", "dir"}) {
    EXPECT_EQ(ParseJwsAlgorithm(name).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(JwsAlgorithmTest, TiesEcdsaToItsCurve) {
  EXPECT_EQ(CurveOf(JwsAlgorithm::kEs256), "P-256");
  EXPECT_EQ(CurveOf(JwsAlgorithm::kEs384), "P-384");
  EXPECT_EQ(CurveOf(JwsAlgorithm::kEs512), "P-521");
  EXPECT_EQ(CurveOf(JwsAlgorithm::kRs256), "");
}

}  // namespace
}  // namespace keyward::auth
