// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jws_algorithm.h"

#include "absl/status/status.h"

namespace keyward::auth {
namespace {

struct Entry {
  absl::string_view name;
  JwsAlgorithm algorithm;
  absl::string_view curve;
};

constexpr Entry kAlgorithms[] = {
    {"RS256", JwsAlgorithm::kRs256, ""},
    {"RS384", JwsAlgorithm::kRs384, ""},
    {"RS512", JwsAlgorithm::kRs512, ""},
    {"PS256", JwsAlgorithm::kPs256, ""},
    {"PS384", JwsAlgorithm::kPs384, ""},
    {"PS512", JwsAlgorithm::kPs512, ""},
    {"ES256", JwsAlgorithm::kEs256, "P-256"},
    {"ES384", JwsAlgorithm::kEs384, "P-384"},
    {"ES512", JwsAlgorithm::kEs512, "P-521"},
};

}  // namespace

absl::StatusOr<JwsAlgorithm> ParseJwsAlgorithm(absl::string_view name) {
  for (const Entry& entry : kAlgorithms) {
    if (entry.name == name) return entry.algorithm;
  }
  return absl::InvalidArgumentError(
      "the algorithm must be RS, PS or ES with 256, 384 or 512");
}

absl::string_view CurveOf(JwsAlgorithm algorithm) {
  for (const Entry& entry : kAlgorithms) {
    if (entry.algorithm == algorithm) return entry.curve;
  }
  return "";
}

}  // namespace keyward::auth
