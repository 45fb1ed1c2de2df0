// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/connect.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/test_certificates.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

using ::testing::HasSubstr;

class ConnectTest : public ::testing::Test {
 protected:
  ConnectTest() {
    const rpc::TlsMaterial tls = authority_.Issue("spiffe://d/workload/a");
    settings_.address = "127.0.0.1:1";
    settings_.server_id = "spiffe://d/service/gateway";
    settings_.ca_file = Write("ca.pem", tls.authorities, 0644);
    settings_.cert_file = Write("a.pem", tls.certificate_chain, 0644);
    settings_.key_file =
        Write("a.key", std::string(tls.private_key.ExposeSecret()), 0600);
  }

  static std::string Write(const std::string& name, const std::string& text,
                           mode_t mode) {
    const std::string path =
        absl::StrCat(::testing::TempDir(), "/connect_test_", name);
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  absl::Status Try() { return Connect(settings_, absl::Now()).status(); }

  const rpc::TestAuthority authority_{"authority"};
  client::Settings settings_;
};

TEST_F(ConnectTest, ConnectsLazily) { EXPECT_TRUE(Try().ok()) << Try(); }

TEST_F(ConnectTest, ATokenNeedsNoCertificate) {
  settings_.cert_file.clear();
  settings_.key_file.clear();
  settings_.token_file = "/run/token";
  EXPECT_TRUE(Try().ok()) << Try();
}

TEST_F(ConnectTest, SaysHowToNameAGatewayWhenThereIsNone) {
  settings_.ca_file = "/nowhere/ca.pem";
  EXPECT_EQ(Try().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(FailureText(Try()), HasSubstr("KEYWARD_ADDR"));
}

TEST_F(ConnectTest, RefusesAKeyThatOthersCanRead) {
  chmod(settings_.key_file.c_str(), 0644);
  EXPECT_EQ(Try().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Try().message()), HasSubstr(settings_.key_file));
}

TEST_F(ConnectTest, NamesTheFileThatCannotBeUsed) {
  rpc::TestAuthority::Leaf leaf;
  leaf.uris = {"spiffe://d/workload/a"};
  leaf.not_after = absl::Now() - absl::Minutes(1);
  const rpc::TlsMaterial expired = authority_.Issue(leaf);
  Write("a.pem", expired.certificate_chain, 0644);
  EXPECT_EQ(Try().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Try().message()), HasSubstr(settings_.cert_file));
  EXPECT_THAT(FailureText(Try()), HasSubstr("keyward identity issue"));
}

}  // namespace
}  // namespace keyward::cli
