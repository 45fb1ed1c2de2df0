// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/reloading_server_tls.h"

#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/file_util.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/random.h"

namespace keyward::rpc {
namespace {

using absl::StatusCode;

class ReloadingServerTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = absl::StrCat(testing::TempDir(), "/tls-XXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    authority_ = crypto::CertificateAuthority::Create(
                     "example.org", absl::Now(), absl::Hours(48), random_)
                     .value();
    files_ = {folder_ + "/s.pem", folder_ + "/s.key", {folder_ + "/ca.pem"}};
    Write(files_.bundle_files[0], authority_->certificate_pem(), 0644);
    WriteNewLeaf();
  }

  void Write(const std::string& path, absl::string_view bytes, mode_t mode) {
    ASSERT_TRUE(WriteFileDurably(path, bytes, mode).ok());
  }

  auto Issue() {
    return authority_->Issue({"spiffe://example.org/service/gateway",
                              {"localhost"},
                              {},
                              absl::Hours(1)},
                             absl::Now(), random_);
  }

  std::string Leaf() { return Issue().value().certificate_pem; }

  void WriteNewLeaf() {
    auto leaf = Issue();
    ASSERT_TRUE(leaf.ok()) << leaf.status();
    Write(files_.certificate_file, leaf->certificate_pem, 0644);
    Write(files_.key_file, leaf->private_key_pem.ExposeSecret(), 0600);
  }

  auto Create() {
    return ReloadingServerTls::Create(files_, ClientCertificate::kOptional,
                                      &clock_);
  }

  std::string folder_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<crypto::CertificateAuthority> authority_;
  ServerTlsFiles files_;
};

TEST_F(ReloadingServerTlsTest, TakesUpANewCertificateOnceItHasSettled) {
  auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  const uint64_t before = (*tls)->tls()->generation();
  WriteNewLeaf();
  ASSERT_TRUE((*tls)->files()->Poll().ok());
  EXPECT_EQ((*tls)->tls()->generation(), before);
  ASSERT_TRUE((*tls)->files()->Poll().ok());
  EXPECT_EQ((*tls)->tls()->generation(), before + 1);
}

TEST_F(ReloadingServerTlsTest, KeepsTheLastGoodMaterialWhenFilesAreBroken) {
  auto tls = Create();
  ASSERT_TRUE(tls.ok());
  const uint64_t before = (*tls)->tls()->generation();
  Write(files_.certificate_file, "no certificate", 0644);
  EXPECT_TRUE((*tls)->files()->Poll().ok());
  EXPECT_FALSE((*tls)->files()->Poll().ok());
  EXPECT_EQ((*tls)->tls()->generation(), before);
}

// In the pile of all domains' authorities, the other domain's would hide it.
TEST_F(ReloadingServerTlsTest, ABundleThatIsBrokenBesideAGoodOneIsRefused) {
  files_.bundle_files.push_back(folder_ + "/other.pem");
  Write(files_.bundle_files[1], authority_->certificate_pem(), 0644);
  auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  const uint64_t before = (*tls)->tls()->generation();
  const std::string whole = authority_->certificate_pem();
  for (const std::string& broken :
       {std::string(), whole.substr(0, whole.size() - 60), Leaf()}) {
    Write(files_.bundle_files[1], broken, 0644);
    EXPECT_TRUE((*tls)->files()->Poll().ok());
    const absl::Status refused = (*tls)->files()->Poll().status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(refused.message().find("/other.pem: "), absl::string_view::npos);
    EXPECT_EQ((*tls)->tls()->generation(), before);
  }
}

TEST_F(ReloadingServerTlsTest, P5_AKeyThatOthersCanReadIsRefusedAtStart) {
  ASSERT_EQ(chmod(files_.key_file.c_str(), 0644), 0);
  EXPECT_EQ(Create().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(ReloadingServerTlsTest, AMissingFileIsNamedAtStart) {
  files_.certificate_file += ".missing";
  auto tls = Create();
  EXPECT_EQ(tls.status().code(), StatusCode::kNotFound);
  EXPECT_NE(tls.status().message().find("s.pem.missing"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace keyward::rpc
