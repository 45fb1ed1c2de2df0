// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/credential.h"

#include <type_traits>

#include "gtest/gtest.h"
#include "libs/auth/credential_for_testing.h"
#include "libs/auth/local_credentials.h"

namespace keyward::auth {
namespace {

// Nobody but the friends can make the right to make credentials.
static_assert(!std::is_default_constructible_v<CredentialMint>);
static_assert(!std::is_default_constructible_v<Credential>);

// With braces too: an aggregate would be open to everyone.
template <typename T, typename = void>
struct MadeByBraces : std::false_type {};
template <typename T>
struct MadeByBraces<T, std::void_t<decltype(T{})>> : std::true_type {};
static_assert(!MadeByBraces<CredentialMint>::value);

TEST(CredentialTest, KeepsWhatWasProven) {
  const Credential c =
      CredentialForTesting::Make("oidc:corp:alice", AuthenticationMethod::kJwt,
                                 "jwt:corp:1", absl::FromUnixSeconds(7));
  EXPECT_EQ(c.principal().ToString(), "oidc:corp:alice");
  EXPECT_EQ(c.method(), AuthenticationMethod::kJwt);
  EXPECT_EQ(c.id(), "jwt:corp:1");
  EXPECT_EQ(c.expire_time(), absl::FromUnixSeconds(7));
  EXPECT_EQ(c.forwarded_by(), "");
}

TEST(CredentialTest, NamesItsMethodAsRecordsDo) {
  EXPECT_EQ(AuthenticationMethodName(AuthenticationMethod::kMutualTls), "mtls");
  EXPECT_EQ(AuthenticationMethodName(AuthenticationMethod::kJwt), "jwt");
  EXPECT_EQ(AuthenticationMethodName(AuthenticationMethod::kForwarded),
            "forwarded");
  EXPECT_EQ(AuthenticationMethodName(AuthenticationMethod::kLocal), "local");
}

TEST(LocalCredentialsTest, ProveAServiceOfThisProcess) {
  const Credential c = LocalCredentials::ForService("rotation").value();
  EXPECT_EQ(c.principal().kind(), Principal::Kind::kSystem);
  EXPECT_EQ(c.principal().ToString(), "system:rotation");
  EXPECT_EQ(c.id(), "local:rotation");
  EXPECT_EQ(c.expire_time(), absl::InfiniteFuture());
}

TEST(LocalCredentialsTest, RefuseWhatIsNoService) {
  EXPECT_EQ(LocalCredentials::ForService("a:b").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::auth
