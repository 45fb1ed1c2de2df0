// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/etag.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::store {
namespace {

// FORMAT.md shows it; computed apart from this code.
TEST(EtagTest, AnEtagHasItsDocumentedForm) {
  EXPECT_EQ(MakeEtag("uid1", 3), "PL_roLiaXws");
}

TEST(EtagTest, UidAndGenerationBothMoveIt) {
  EXPECT_NE(MakeEtag("uid1", 4), MakeEtag("uid1", 3));
  EXPECT_NE(MakeEtag("uid2", 3), MakeEtag("uid1", 3));
}

TEST(EtagTest, ASecretItsVersionAndItsKeyHaveDifferentEtags) {
  keyward::internal::store::v1::SecretRecord secret;
  secret.set_uid("u");
  secret.set_generation(1);
  keyward::internal::store::v1::VersionRecord version;
  version.set_secret_uid("u");
  version.set_number(1);
  version.set_generation(1);
  EXPECT_NE(SecretEtag(secret), VersionEtag(version));
  EXPECT_EQ(VersionEtag(version), MakeEtag("u/1", 1));
}

TEST(EtagTest, NoEtagIsNoPrecondition) {
  EXPECT_TRUE(CheckEtag("etag", "", MakeEtag("u", 1)).ok());
}

TEST(EtagTest, ThePresentEtagPassesAndAnotherIsAborted) {
  EXPECT_TRUE(CheckEtag("etag", MakeEtag("u", 1), MakeEtag("u", 1)).ok());
  const absl::Status status =
      CheckEtag("etag", MakeEtag("u", 1), MakeEtag("u", 2));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ErrorReason(status), kEtagMismatch);
}

TEST(EtagTest, AnotherFormIsInvalidAndNotQuoted) {
  for (const std::string bad :
       {"hunter2", "PL_roLiaXw", "PL_roLiaXwsA", "PL_roLiaXws=", "PL/roLiaXws",
        "PL_roLiaXwt", " PL_roLiaXws"}) {
    const absl::Status status = CheckEtag("etag", bad, MakeEtag("u", 2));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(status.message().find(bad), absl::string_view::npos) << bad;
  }
}

}  // namespace
}  // namespace keyward::store
