// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/opaque_token.h"

#include <string>

#include "gtest/gtest.h"
#include "services/store/event_position.h"

namespace keyward::store {
namespace {

OpaqueToken Tokens(char fill = 't') {
  return OpaqueToken(crypto::SecretBuffer::CopyOf(std::string(32, fill)));
}

// FORMAT.md shows it; computed apart from this code.
TEST(OpaqueTokenTest, ATokenHasItsDocumentedForm) {
  EXPECT_EQ(*Tokens().Make("scope", "content"),
            "AXOqU-8VxOeqGV-P9y6scNxjb250ZW50");
}

TEST(OpaqueTokenTest, AContentComesBack) {
  const OpaqueToken tokens = Tokens();
  for (const std::string& content :
       {std::string(), std::string("a"), std::string("\0\xff", 2),
        std::string(500, 'x')}) {
    EXPECT_EQ(*tokens.Open("s", *tokens.Make("s", content)), content);
  }
}

TEST(OpaqueTokenTest, AnotherScopeOrKeyOpensNothing) {
  const std::string token = *Tokens().Make("s", "content");
  EXPECT_EQ(Tokens().Open("t", token).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Tokens('u').Open("s", token).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(OpaqueTokenTest, EveryFlippedCharacterIsRefused) {
  const OpaqueToken tokens = Tokens();
  const std::string good = *tokens.Make("s", "content");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.Open("s", bad).status().code(),
              absl::StatusCode::kUnauthenticated)
        << i;
  }
}

TEST(OpaqueTokenTest, OtherTextIsRefused) {
  const OpaqueToken tokens = Tokens();
  const std::string good = *tokens.Make("s", "content");
  for (const std::string& bad :
       {std::string(), std::string("A"), std::string("!"), good + "=",
        good + " ", good.substr(0, 10), std::string(2000, 'A')}) {
    EXPECT_EQ(tokens.Open("s", bad).status().code(),
              absl::StatusCode::kUnauthenticated)
        << bad;
  }
}

TEST(OpaqueTokenTest, APositionHasItsDocumentedForm) {
  const OpaqueToken tokens = Tokens();
  const EventPositions positions(&tokens, "incarnation-16by");
  const std::string position = *positions.Encode("puid1", 258);
  EXPECT_EQ(position,
            "AZtuXCTjZ4BVmOkUWEkbwQNpbmNhcm5hdGlvbi0xNmJ5AAAAAAAAAQI");
  EXPECT_EQ(*positions.Decode("puid1", position), 258u);
}

TEST(OpaqueTokenTest, APageTokenIsNoPosition) {
  const OpaqueToken tokens = Tokens();
  const EventPositions positions(&tokens, "incarnation-16by");
  const std::string token =
      *tokens.Make("page", "incarnation-16by" + std::string(8, '\0'));
  EXPECT_EQ(positions.Decode("puid1", token).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::store
