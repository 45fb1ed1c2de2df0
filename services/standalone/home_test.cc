// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/standalone/home.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/file_util.h"
#include "libs/crypto/random.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/x509.h"

namespace keyward::standalone {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class HomeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = absl::StrCat(testing::TempDir(), "/home-XXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    paths_ = HomePaths::Of(home_, home_ + "/keys/root.key", home_ + "/data");
  }

  absl::StatusOr<std::unique_ptr<crypto::Seal>> Open() {
    return OpenHome(paths_, clock_, &random_);
  }
  std::string Read(const std::string& path) {
    return ReadFileBounded(home_ + path, 1 << 16).value();
  }
  void MakeData() {
    ASSERT_TRUE(EnsurePrivateDirectory(home_ + "/data/store").ok());
  }

  std::string home_;
  HomePaths paths_;
  FakeClock clock_{absl::Now()};
  crypto::SystemRandom random_;
};

TEST_F(HomeTest, FirstStartMakesKeysAndIdentities) {
  ASSERT_TRUE(Open().ok());
  auto admin = crypto::ParseCertificatePem(Read("/tls/admin.pem"));
  ASSERT_TRUE(admin.ok());
  EXPECT_THAT(admin->uri_sans,
              ElementsAre("spiffe://keyward.internal/user/admin"));
  auto gateway = crypto::ParseCertificatePem(Read("/tls/gateway.pem"));
  ASSERT_TRUE(gateway.ok());
  EXPECT_THAT(gateway->uri_sans,
              ElementsAre("spiffe://keyward.internal/service/gateway"));
}

TEST_F(HomeTest, ASecondStartKeepsWhatTheFirstMade) {
  auto first = Open();
  ASSERT_TRUE(first.ok());
  const std::string admin = Read("/tls/admin.pem");
  const std::string root = Read("/keys/root.key");
  MakeData();
  auto second = Open();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->installation_id(), (*first)->installation_id());
  EXPECT_EQ(Read("/tls/admin.pem"), admin);
  EXPECT_EQ(Read("/keys/root.key"), root);
}

TEST_F(HomeTest, IdentitiesThatEndSoonAreIssuedAgain) {
  ASSERT_TRUE(Open().ok());
  const std::string gateway = Read("/tls/gateway.pem");
  MakeData();
  clock_.Advance(absl::Hours(24 * 50));
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Read("/tls/gateway.pem"), gateway);
  clock_.Advance(absl::Hours(24 * 15));
  ASSERT_TRUE(Open().ok());
  EXPECT_NE(Read("/tls/gateway.pem"), gateway);
}

TEST_F(HomeTest, P8_DataWithoutItsRootKeyIsRefusedAndNoNewKeyIsMade) {
  ASSERT_TRUE(Open().ok());
  MakeData();
  ASSERT_EQ(unlink((home_ + "/keys/root.key").c_str()), 0);
  auto again = Open();
  EXPECT_EQ(again.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("restore"));
  EXPECT_FALSE(ReadFileBounded(home_ + "/keys/root.key", 100).ok());
}

TEST_F(HomeTest, P8_AnotherInstallationsRootKeyIsRefused) {
  ASSERT_TRUE(Open().ok());
  MakeData();
  ASSERT_EQ(unlink((home_ + "/keys/root.key").c_str()), 0);
  ASSERT_TRUE(
      crypto::CreateRootKey({home_ + "/keys/root.key", {}}, random_).ok());
  EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss);
}

TEST_F(HomeTest, P5_ARootKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(chmod((home_ + "/keys/root.key").c_str(), 0640), 0);
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(HomeTest, P5_ARootKeyInsideTheDataFolderIsRefused) {
  paths_.root_key = home_ + "/data/store/root.key";
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::standalone
