// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/proxy_list.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(ProxyListTest, ReadsAnIdALine) {
  const auto proxies = ParseProxyList(
      "# The mesh's ingress.\n"
      "spiffe://corp/mesh/ingress\n"
      "\n"
      "  spiffe://corp/mesh/east\t# in the east\r\n"
      "spiffe://corp/mesh/west");
  ASSERT_TRUE(proxies.ok()) << proxies.status();
  EXPECT_THAT(*proxies, ElementsAre("spiffe://corp/mesh/ingress",
                                    "spiffe://corp/mesh/east",
                                    "spiffe://corp/mesh/west"));
}

TEST(ProxyListTest, AListOfNobodyIsValid) {
  for (const char* text : {"", "\n", "# nobody", "# spiffe://corp/mesh\n"}) {
    const auto proxies = ParseProxyList(text);
    ASSERT_TRUE(proxies.ok()) << proxies.status();
    EXPECT_THAT(*proxies, IsEmpty());
  }
}

TEST(ProxyListTest, P8_ALineThatIsNoIdRefusesTheWholeList) {
  for (const char* line :
       {"spiffe://corp", "corp/mesh", "- spiffe://corp/mesh",
        "spiffe://corp/mesh spiffe://corp/other", "spiffe://corp/*", "*",
        "trusted_proxies: []", "spiffe://corp/mesh,"}) {
    const auto proxies =
        ParseProxyList(absl::StrCat("spiffe://corp/good\n", line, "\n"));
    EXPECT_EQ(proxies.status().code(), absl::StatusCode::kInvalidArgument)
        << line;
    EXPECT_THAT(std::string(proxies.status().message()),
                StartsWith("line 2 of the list of proxies: "));
  }
}

TEST(ProxyListTest, HasABound) {
  EXPECT_TRUE(ParseProxyList(std::string(kMaxProxyListBytes, '\n')).ok());
  EXPECT_FALSE(ParseProxyList(std::string(kMaxProxyListBytes + 1, '\n')).ok());
}

}  // namespace
}  // namespace keyward::auth
