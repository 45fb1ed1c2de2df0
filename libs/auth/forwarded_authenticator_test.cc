// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/forwarded_authenticator.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/credential_for_testing.h"
#include "libs/auth/test_files.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;

constexpr char kProxy[] = "spiffe://corp/mesh";
constexpr char kPayments[] = "spiffe://corp/payments";

class ForwardedAuthenticatorTest : public ::testing::Test {
 protected:
  static ForwardedAuthenticator::Config Config() {
    ForwardedAuthenticator::Config config;
    config.proxies = {kProxy, "spiffe://corp/second-mesh"};
    config.services = {"spiffe://corp/keyward/store"};
    config.trust_domains = {"corp", "other", "keyward.internal"};
    return config;
  }

  absl::StatusOr<Credential> Authenticate(
      const std::vector<std::string>& headers) const {
    return authenticator_.Authenticate(proxy_, headers, now_);
  }

  // Why the headers are refused.
  std::string Refusal(const std::vector<std::string>& headers) const {
    const absl::Status status = Authenticate(headers).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(status), kUnauthenticated);
    return std::string(status.message());
  }

  static std::string Cert(absl::string_view name) {
    return absl::StrCat(
        "Cert=\"",
        absl::StrReplaceAll(TestCertificate(name), {{"\n", "%0A"},
                                                    {" ", "%20"},
                                                    {"=", "%3D"},
                                                    {"+", "%2B"},
                                                    {"/", "%2F"}}),
        "\"");
  }

  const absl::Time now_ = TestCertificatesBegin() + absl::Hours(12);
  const Credential proxy_ =
      CredentialForTesting::Make(kProxy, AuthenticationMethod::kMutualTls,
                                 "certificate:0a1b", now_ + absl::Hours(1));
  const ForwardedAuthenticator authenticator_ =
      ForwardedAuthenticator::Create(Config()).value();
};

TEST_F(ForwardedAuthenticatorTest, KnowsItsProxies) {
  for (const auto& [id, known] : std::vector<std::pair<std::string, bool>>{
           {kProxy, true},
           {"spiffe://corp/second-mesh", true},
           {"spiffe://corp/mesh2", false},
           {"spiffe://other/mesh", false},
           {"spiffe://corp/mes", false},
           {kPayments, false}}) {
    EXPECT_EQ(authenticator_.IsProxy(Principal::Parse(id).value()), known)
        << id;
  }
}

TEST_F(ForwardedAuthenticatorTest, ProvesTheCallerThatAProxyNames) {
  const std::string hash(64, '0');
  const auto caller =
      Authenticate({absl::StrCat("Hash=", hash, ";URI=", kPayments)});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->principal().ToString(), kPayments);
  EXPECT_EQ(caller->principal().kind(), Principal::Kind::kSpiffe);
  EXPECT_EQ(caller->method(), AuthenticationMethod::kForwarded);
  EXPECT_EQ(caller->id(), "certificate:" + hash);
  EXPECT_EQ(caller->forwarded_by(), kProxy);
  EXPECT_EQ(caller->expire_time(), proxy_.expire_time());
}

TEST_F(ForwardedAuthenticatorTest, NamesTheProxyWhereThereIsNoCertificate) {
  const auto caller = Authenticate({"URI=spiffe://other/web"});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->principal().ToString(), "spiffe://other/web");
  EXPECT_EQ(caller->id(), "proxy:0a1b");
}

TEST_F(ForwardedAuthenticatorTest, P1_EndsWithTheFirstOfBothCertificates) {
  const absl::Time end = TestCertificatesBegin() + absl::Hours(24);
  auto caller = Authenticate({Cert("payments")});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->expire_time(), proxy_.expire_time());
  const Credential later =
      CredentialForTesting::Make(kProxy, AuthenticationMethod::kMutualTls,
                                 "certificate:00", end + absl::Hours(1));
  caller = authenticator_.Authenticate(later, {Cert("payments")}, now_);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->expire_time(), end);
  // A proxy may go on with a connection whose certificate has ended.
  EXPECT_FALSE(
      authenticator_.Authenticate(later, {Cert("payments")}, end).ok());
  EXPECT_TRUE(
      authenticator_
          .Authenticate(later, {Cert("payments")}, end - absl::Seconds(1))
          .ok());
  EXPECT_FALSE(authenticator_
                   .Authenticate(later, {Cert("payments")},
                                 TestCertificatesBegin() - absl::Seconds(1))
                   .ok());
}

TEST_F(ForwardedAuthenticatorTest, P1_AProxyIsNeverACallerItself) {
  EXPECT_THAT(Refusal({}), HasSubstr("missing"));
  EXPECT_THAT(Refusal({""}), HasSubstr("x-forwarded-client-cert: "));
  EXPECT_EQ(Refusal({absl::StrCat("URI=", kProxy)}),
            "x-forwarded-client-cert: the caller is a proxy");
  EXPECT_EQ(Refusal({"URI=spiffe://corp/second-mesh"}),
            "x-forwarded-client-cert: the caller is a proxy");
}

TEST_F(ForwardedAuthenticatorTest, P1_NamesNoServiceOfKeywards) {
  for (const char* uri : {"spiffe://corp/keyward/store",
                          "spiffe://keyward.internal/service/gateway",
                          "spiffe://keyward.internal/service/anything"}) {
    EXPECT_EQ(Refusal({absl::StrCat("URI=", uri)}),
              "x-forwarded-client-cert: the caller is one of Keyward's own "
              "services");
  }
  EXPECT_TRUE(Authenticate({"URI=spiffe://keyward.internal/workload/a"}).ok());
  EXPECT_TRUE(Authenticate({"URI=spiffe://corp/keyward/storehouse"}).ok());
}

TEST_F(ForwardedAuthenticatorTest, P1_MintsNoOtherKindOfPrincipal) {
  for (const char* uri : {"system:store", "oidc:corp:alice", "x509:corp:alice",
                          "k8s:a:b:c", "alice"}) {
    EXPECT_THAT(Refusal({absl::StrCat("URI=", uri)}), HasSubstr("URI: "));
  }
}

TEST_F(ForwardedAuthenticatorTest, P1_NamesNobodyOfAnUnknownTrustDomain) {
  EXPECT_EQ(Refusal({"URI=spiffe://nowhere/payments"}),
            "x-forwarded-client-cert: the caller's trust domain is not "
            "configured here");
  EXPECT_THAT(Refusal({Cert("unknown-domain")}), HasSubstr("trust domain"));
}

TEST_F(ForwardedAuthenticatorTest, P1_AHeaderThatCameTwiceIsNobodys) {
  const std::string good = absl::StrCat("URI=", kPayments);
  ASSERT_TRUE(Authenticate({good}).ok());
  EXPECT_THAT(Refusal({good, good}), HasSubstr("more than once"));
  EXPECT_THAT(Refusal({"", good}), HasSubstr("more than once"));
  EXPECT_THAT(Refusal({good, "URI=spiffe://corp/web"}),
              HasSubstr("more than once"));
  EXPECT_THAT(Refusal({good + ",URI=spiffe://corp/web"}),
              HasSubstr("more than one element"));
}

TEST_F(ForwardedAuthenticatorTest, RefusesProxiesThatCannotBe) {
  for (const char* proxy :
       {"", "mesh", "spiffe://corp", "spiffe://nowhere/mesh",
        "spiffe://corp/keyward/store",
        "spiffe://keyward.internal/service/gateway", "system:store"}) {
    ForwardedAuthenticator::Config config = Config();
    config.proxies.push_back(proxy);
    EXPECT_EQ(ForwardedAuthenticator::Create(config).status().code(),
              absl::StatusCode::kInvalidArgument)
        << proxy;
  }
  ForwardedAuthenticator::Config config = Config();
  config.proxies.clear();
  for (size_t i = 0; i < ForwardedAuthenticator::kMaxProxies; ++i) {
    config.proxies.push_back(absl::StrCat("spiffe://corp/mesh/", i));
  }
  EXPECT_TRUE(ForwardedAuthenticator::Create(config).ok());
  config.proxies.push_back("spiffe://corp/mesh");
  EXPECT_EQ(ForwardedAuthenticator::Create(config).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::auth
