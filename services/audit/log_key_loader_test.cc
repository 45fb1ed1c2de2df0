// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_key_loader.h"

#include <sys/stat.h>

#include <string>

#include "gtest/gtest.h"
#include "libs/audit/fake_log_store.h"
#include "libs/base/file_util.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"

namespace keyward::audit_service {
namespace {

class LogKeyLoaderTest : public ::testing::Test {
 protected:
  LogKeyLoaderTest() {
    const std::string folder = ::testing::TempDir() + "/log_key_loader_test";
    ::mkdir(folder.c_str(), 0700);
    path_ = folder + "/log.key";
    ::remove(path_.c_str());
  }
  absl::StatusOr<audit::LogKey> Load() {
    return LoadOrCreateLogKey(path_, &seal_, random_, store_);
  }

  crypto::FakeSeal seal_;
  crypto::FakeRandom random_;
  audit::FakeLogStore store_;
  std::string path_;
};

TEST_F(LogKeyLoaderTest, NewLogGetsAKeyOfItsInstallationAndKeepsIt) {
  const absl::StatusOr<audit::LogKey> made = Load();
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->signer->verifier().name(),
            audit::LogOrigin(seal_.installation_id()));
  store_.Append({"an entry"});
  const absl::StatusOr<audit::LogKey> loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->signer->verifier().ToString(),
            made->signer->verifier().ToString());
}

TEST_F(LogKeyLoaderTest, StoreWithoutAnyLogGetsAKey) {
  store_.records().clear();
  EXPECT_TRUE(Load().ok());
}

TEST_F(LogKeyLoaderTest, P3_LogWithEntriesNeverGetsANewKey) {
  store_.Append({"an entry"});
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("restore"), std::string::npos);
  EXPECT_EQ(CheckPrivateFile(path_).code(), absl::StatusCode::kNotFound);
}

TEST_F(LogKeyLoaderTest, KeyOfAnotherLogIsRefused) {
  ASSERT_TRUE(
      audit::CreateLogKey(path_, "keyward/log/other", &seal_, random_).ok());
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogKeyLoaderTest, DamagedHeadIsNoNewLog) {
  store_.records()["log/head"] = "garbage";
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace keyward::audit_service
