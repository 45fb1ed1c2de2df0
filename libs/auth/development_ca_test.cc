// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/development_ca.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/file_util.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/x509.h"

namespace keyward::auth {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DevelopmentCaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = absl::StrCat(testing::TempDir(), "/ca-XXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    keys_ = folder_ + "/keys";
  }

  std::unique_ptr<DevelopmentCa> Create() {
    auto ca = DevelopmentCa::Create(keys_, seal_, now_, &random_);
    EXPECT_TRUE(ca.ok()) << ca.status();
    return ca.ok() ? *std::move(ca) : nullptr;
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  std::string folder_;
  std::string keys_;
  crypto::FakeSeal seal_;
  crypto::FakeRandom random_;
  const absl::Time now_ = absl::Now();
};

TEST_F(DevelopmentCaTest, IssuesAWorkloadIdentityWithFilesOfTheRightModes) {
  auto ca = Create();
  auto id = ca->IssueTo(folder_ + "/out", DevelopmentCa::Kind::kWorkload,
                        "payments-api", absl::Hours(24), now_);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*id, "spiffe://keyward.internal/workload/payments-api");
  EXPECT_EQ(ModeOf(folder_ + "/out/payments-api.key"), 0600u);
  EXPECT_EQ(ModeOf(folder_ + "/out/payments-api.pem"), 0644u);
  auto leaf = crypto::ParseCertificatePem(
      ReadFileBounded(folder_ + "/out/payments-api.pem", 1 << 16).value());
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  EXPECT_THAT(leaf->uri_sans, ElementsAre(*id));
  EXPECT_TRUE(leaf->dns_sans.empty());
}

TEST_F(DevelopmentCaTest, AServiceAlsoHasTheNamesOfThisMachine) {
  auto ca = Create();
  ASSERT_TRUE(ca->IssueTo(folder_, DevelopmentCa::Kind::kService, "gateway",
                          absl::Hours(24), now_)
                  .ok());
  auto leaf = crypto::ParseCertificatePem(
      ReadFileBounded(folder_ + "/gateway.pem", 1 << 16).value());
  ASSERT_TRUE(leaf.ok());
  EXPECT_THAT(leaf->uri_sans,
              ElementsAre("spiffe://keyward.internal/service/gateway"));
  EXPECT_THAT(leaf->dns_sans, ElementsAre("localhost"));
}

TEST_F(DevelopmentCaTest, OpensAgainUnderTheSameRootKey) {
  const std::string certificate = Create()->certificate_pem();
  auto again = DevelopmentCa::Open(keys_, seal_, &random_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->certificate_pem(), certificate);
}

TEST_F(DevelopmentCaTest, P5_TheKeyIsNotOnDiskUnwrapped) {
  Create();
  EXPECT_EQ(ModeOf(keys_ + "/ca.key"), 0600u);
  EXPECT_THAT(ReadFileBounded(keys_ + "/ca.key", 1 << 16).value(),
              Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(DevelopmentCaTest, IsNeverReplaced) {
  Create();
  EXPECT_EQ(DevelopmentCa::Create(keys_, seal_, now_, &random_).status().code(),
            StatusCode::kAlreadyExists);
}

TEST_F(DevelopmentCaTest, P4_AMakingThatWasCutShortIsEnded) {
  Create();
  const std::string key = ReadFileBounded(keys_ + "/ca.key", 1 << 16).value();
  ASSERT_EQ(unlink((keys_ + "/ca.pem").c_str()), 0);
  const auto ca = Create();
  ASSERT_NE(ca, nullptr);
  // Not with another key: whoever was first may be about to write the
  // certificate of this one.
  EXPECT_EQ(ReadFileBounded(keys_ + "/ca.key", 1 << 16).value(), key);
  ASSERT_TRUE(ca->IssueTo(folder_, DevelopmentCa::Kind::kUser, "admin",
                          absl::Hours(24), now_)
                  .ok());
  auto again = DevelopmentCa::Open(keys_, seal_, &random_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->certificate_pem(), ca->certificate_pem());
}

TEST_F(DevelopmentCaTest, P8_AKeyThatDoesNotOpenGetsNoCertificate) {
  Create();
  ASSERT_EQ(unlink((keys_ + "/ca.pem").c_str()), 0);
  crypto::FakeSeal other(2);
  EXPECT_EQ(DevelopmentCa::Create(keys_, other, now_, &random_).status().code(),
            StatusCode::kDataLoss);
}

TEST_F(DevelopmentCaTest, P8_AChangedKeyFileIsRefused) {
  Create();
  std::string bytes = ReadFileBounded(keys_ + "/ca.key", 1 << 16).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileDurably(keys_ + "/ca.key", bytes, 0600).ok());
  EXPECT_EQ(DevelopmentCa::Open(keys_, seal_, &random_).status().code(),
            StatusCode::kDataLoss);
}

TEST_F(DevelopmentCaTest, P8_AKeyFileThatOthersCanReadIsRefused) {
  Create();
  ASSERT_EQ(chmod((keys_ + "/ca.key").c_str(), 0644), 0);
  EXPECT_EQ(DevelopmentCa::Open(keys_, seal_, &random_).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(DevelopmentCaTest, NamesAndLifetimesOutOfBoundsAreRefused) {
  auto ca = Create();
  for (const char* name : {"", "A", "a/b", "..", "a.b"}) {
    EXPECT_EQ(ca->IssueTo(folder_, DevelopmentCa::Kind::kWorkload, name,
                          absl::Hours(1), now_)
                  .status()
                  .code(),
              StatusCode::kInvalidArgument)
        << name;
  }
  for (absl::Duration ttl : {absl::Seconds(59), absl::Hours(24 * 399)}) {
    EXPECT_EQ(
        ca->IssueTo(folder_, DevelopmentCa::Kind::kWorkload, "a", ttl, now_)
            .status()
            .code(),
        StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace keyward::auth
