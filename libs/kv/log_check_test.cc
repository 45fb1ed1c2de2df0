// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/log_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {
namespace {

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

// The log of a store after `commits` commits with values of `size` bytes.
std::string MakeLog(int commits, size_t size) {
  TestKv kv;
  for (int i = 0; i < commits; ++i) {
    Transaction txn;
    txn.id = TransactionId::Intent(i);
    txn.preconditions.push_back(Precondition::Absent("k"));
    txn.deletes.push_back({"k"});
    txn.puts.push_back({absl::StrCat("key ", i), std::string(size, 'v')});
    EXPECT_TRUE(kv.store()->CommitAndWait(std::move(txn), {}).applied());
  }
  std::string log;
  for (const auto& [path, content] : kv.Files()) {
    if (absl::EndsWith(path, ".log")) log = std::max(log, content);
  }
  return log;
}

TEST(LogCheckTest, AnIntactLogIsFine) {
  EXPECT_EQ(CheckLog("").code(), kOk);
  EXPECT_EQ(CheckLog(MakeLog(10, 100)).code(), kOk);
  EXPECT_EQ(CheckLog(MakeLog(10, 20000)).code(), kOk);  // over blocks
  EXPECT_EQ(CheckLog(MakeLog(2, 200000)).code(), kOk);  // over many
}

TEST(LogCheckTest, ALogThatIsCutAnywhereIsTornNotDamaged) {
  const std::string log = MakeLog(5, 100);
  for (size_t size = 0; size <= log.size(); ++size) {
    EXPECT_EQ(CheckLog(log.substr(0, size)).code(), kOk) << size;
  }
}

TEST(LogCheckTest, ALongRecordThatIsCutAnywhereIsTornNotDamaged) {
  const std::string log = MakeLog(2, 100000);
  for (size_t size = log.size() / 2; size < log.size(); size += 997) {
    EXPECT_EQ(CheckLog(log.substr(0, size)).code(), kOk) << size;
  }
}

TEST(LogCheckTest, P4_AWrongLengthInFrontOfAnotherRecordIsDamage) {
  std::string log = MakeLog(5, 100);
  log[4] = static_cast<char>(0xff);
  log[5] = static_cast<char>(0x7f);  // reaches past the end of the file
  EXPECT_EQ(CheckLog(log).code(), kDataLoss);
}

TEST(LogCheckTest, P4_AWrongLengthOfTheLastRecordIsDamage) {
  std::string log = MakeLog(1, 100);
  const size_t one = log.size();
  log = MakeLog(2, 100);
  log[one + 5] = 0x7f;
  EXPECT_EQ(CheckLog(log).code(), kDataLoss);
}

TEST(LogCheckTest, P4_ABlockOfZerosInFrontOfAnotherRecordIsDamage) {
  std::string log = MakeLog(10, 20000);
  std::fill(log.begin() + 4096, log.begin() + 8192, '\0');
  EXPECT_EQ(CheckLog(log).code(), kDataLoss);
}

TEST(LogCheckTest, ATailOfZerosIsTornNotDamaged) {
  const std::string log = MakeLog(3, 100);
  EXPECT_EQ(CheckLog(log + std::string(5000, '\0')).code(), kOk);
}

TEST(LogCheckTest, TheErrorNamesTheFile) {
  std::string log = MakeLog(5, 100);
  log[5] = 0x7f;
  PowerCutFileSystem disk({{"/d/000007.log", log}, {"/d/other", "x"}});
  absl::Status status = CheckLogs("/d", &disk);
  EXPECT_EQ(status.code(), kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), "/d/000007.log"));
  EXPECT_EQ(CheckLogs("/none", &disk).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward::kv
