// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/kv/kv.h"
#include "libs/kv/kv_contract_test_suite.h"
#include "libs/kv/test_kv.h"

namespace keyward::kv {
namespace {

class RocksDbEngine : public KvEngine {
 public:
  RocksDbEngine(std::vector<std::string> feeds, bool power_cut)
      : kv_(std::move(feeds)), power_cut_(power_cut) {}

  KeyValueStore* store() override { return kv_.store(); }
  absl::Status Restart() override {
    return power_cut_ ? kv_.PowerCut() : kv_.Restart();
  }

 private:
  TestKv kv_;
  const bool power_cut_;
};

KvEngineFactory Engine(bool power_cut) {
  return [power_cut](std::vector<std::string> feeds) {
    return std::make_unique<RocksDbEngine>(std::move(feeds), power_cut);
  };
}

INSTANTIATE_TEST_SUITE_P(RocksDbRestarted, KvContractTest,
                         testing::Values(Engine(false)));

// The same contract where each restart is a loss of power.
INSTANTIATE_TEST_SUITE_P(P4_RocksDbWithPowerCuts, KvContractTest,
                         testing::Values(Engine(true)));

}  // namespace
}  // namespace keyward::kv
