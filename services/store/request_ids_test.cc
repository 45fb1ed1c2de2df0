// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/request_ids.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

RequestIds Ids() {
  return RequestIds(crypto::SecretBuffer::CopyOf(std::string(32, 'r')));
}

secrets::GetSecretRequest Request(const std::string& name) {
  secrets::GetSecretRequest request;
  request.set_name(name);
  return request;
}

// FORMAT.md shows them; computed apart from this code.
TEST(RequestIdsTest, MacsHaveTheirDocumentedBytes) {
  const auto used = Ids().Use("alice", "a.B", "7", Request("n"));
  ASSERT_TRUE(used.ok());
  EXPECT_EQ(HexEncode(used->id_mac),
            "203347decbacf9eb43d0769bba6aa7f5f9428c9015fa1e12b3cc8f98dba8dd9a");
  EXPECT_EQ(HexEncode(used->content_mac),
            "e0ddc5f93ef1f648bd4226bacafe16a297a56d00078acb2053eb8e72a4aa534c");
}

// Another process may have used it since it was looked for.
TEST(RequestIdsTest, P4_TheTransactionComparesTheRequestId) {
  const RequestIds ids = Ids();
  auto used = ids.Use("alice", "a.B", "7", Request("n"));
  ASSERT_TRUE(used.ok());
  used->revision = 17;
  kv::Transaction txn;
  ids.Add(*used, {}, absl::UnixEpoch(), &txn);
  ASSERT_EQ(txn.preconditions.size(), 1u);
  EXPECT_EQ(txn.preconditions[0].kind, kv::Precondition::Kind::kRevisionIs);
  EXPECT_EQ(txn.preconditions[0].key, used->key);
  EXPECT_EQ(txn.preconditions[0].number, 17u);
}

TEST(RequestIdsTest, PrincipalMethodAndIdCannotBeShiftedIntoEachOther) {
  const RequestIds ids = Ids();
  EXPECT_NE(ids.Use("ab", "c", "d", Request("n"))->key,
            ids.Use("a", "bc", "d", Request("n"))->key);
}

TEST(RequestIdsTest, EqualContentInAnyMapOrderHasOneMac) {
  secrets::UpdateSecretRequest a;
  secrets::UpdateSecretRequest b;
  for (int i = 0; i < 20; ++i) {
    (*a.mutable_secret()->mutable_labels())[std::to_string(i)] = "x";
    (*b.mutable_secret()->mutable_labels())[std::to_string(19 - i)] = "x";
  }
  EXPECT_EQ(Ids().Use("p", "m", "1", a)->content_mac,
            Ids().Use("p", "m", "1", b)->content_mac);
}

TEST(RequestIdsTest, EveryFieldIsContent) {
  secrets::AddSecretVersionRequest request;
  const std::string empty = Ids().Use("p", "m", "1", request)->content_mac;
  request.mutable_payload()->set_data("x");
  const std::string payload = Ids().Use("p", "m", "1", request)->content_mac;
  EXPECT_NE(payload, empty);
  request.set_etag("e");
  EXPECT_NE(Ids().Use("p", "m", "1", request)->content_mac, payload);
}

}  // namespace
}  // namespace keyward::store
