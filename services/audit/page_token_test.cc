// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/page_token.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::audit_service {
namespace {

class PageTokenTest : public ::testing::Test {
 protected:
  void ExpectRefused(const std::string& principal, const std::string& query,
                     const std::string& token) {
    const absl::Status status =
        ReadPageToken(key_, principal, query, token).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(status), kPageTokenInvalid);
  }

  const crypto::SecretBuffer key_ =
      crypto::SecretBuffer::CopyOf(std::string(32, 'k'));
  const std::string token_ = MakePageToken(key_, "alice", "query", 77).value();
};

TEST_F(PageTokenTest, TokenGivesItsPositionBack) {
  EXPECT_EQ(ReadPageToken(key_, "alice", "query", token_).value(), 77u);
}

TEST_F(PageTokenTest, TokenOfAnotherCallerOrQueryIsRefused) {
  ExpectRefused("eve", "query", token_);
  ExpectRefused("alice", "other", token_);
  ExpectRefused("alicequery", "", token_);
}

TEST_F(PageTokenTest, TokenOfAnotherKeyIsRefused) {
  const crypto::SecretBuffer other =
      crypto::SecretBuffer::CopyOf(std::string(32, 'o'));
  ExpectRefused("alice", "query",
                MakePageToken(other, "alice", "query", 77).value());
}

TEST_F(PageTokenTest, ChangedTokensAreRefused) {
  for (size_t i = 0; i < token_.size(); ++i) {
    std::string bad = token_;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    ExpectRefused("alice", "query", bad);
    ExpectRefused("alice", "query", token_.substr(0, i));
  }
  ExpectRefused("alice", "query", token_ + "AAAA");
}

TEST_F(PageTokenTest, OtherSpellingsOfATokenAreRefused) {
  ExpectRefused("alice", "query", token_ + "=");
  ExpectRefused("alice", "query", token_ + "\n");
  ExpectRefused("alice", "query", " " + token_);
}

TEST_F(PageTokenTest, MadeUpTokensAreRefused) {
  for (const std::string& bad :
       {std::string("!"), std::string("AAAA"), std::string(500, 'A')}) {
    ExpectRefused("alice", "query", bad);
  }
}

}  // namespace
}  // namespace keyward::audit_service
