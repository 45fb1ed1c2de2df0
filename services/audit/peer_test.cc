// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/peer.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace keyward::audit_service {
namespace {

std::string NameOf(const std::string& principal, const std::string& method) {
  const std::vector<Peer> peers = {
      {"store",
       nullptr,
       {"keyward.secrets.v1", "keyward.keys.v1"},
       "system:store"},
      {"policy", nullptr, {"keyward.policy.v1"}, "system:policy"}};
  audit::v1::AuditEntry intent;
  intent.set_principal(principal);
  intent.set_method(method);
  const Peer* owner = OwnerOf(peers, intent);
  return owner == nullptr ? "" : owner->name;
}

TEST(PeerTest, MethodsPackageNamesTheOwner) {
  EXPECT_EQ(NameOf("alice", "keyward.keys.v1.KeyService.CreateKey"), "store");
  EXPECT_EQ(NameOf("alice", "keyward.policy.v1.PolicyService.CreateBinding"),
            "policy");
}

TEST(PeerTest, WhatAServiceDoesByItselfIsItsOwn) {
  EXPECT_EQ(NameOf("system:store", "expire"), "store");
  EXPECT_EQ(NameOf("system:policy", "keyward.secrets.v1.SecretService.X"),
            "policy");
}

TEST(PeerTest, OtherPackagesHaveNoOwner) {
  EXPECT_EQ(NameOf("alice", "keyward.secrets.v10.SecretService.X"), "");
  EXPECT_EQ(NameOf("alice", ""), "");
  EXPECT_EQ(NameOf("", ""), "");
}

}  // namespace
}  // namespace keyward::audit_service
