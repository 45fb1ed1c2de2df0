// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/base64url.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

TEST(DecodeBase64UrlTest, DecodesEveryLength) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(DecodeBase64Url(absl::WebSafeBase64Escape(bytes)).value(), bytes);
    bytes += static_cast<char>(i);
  }
}

TEST(DecodeBase64UrlTest, P8_RefusesEverySecondSpelling) {
  EXPECT_EQ(DecodeBase64Url("YQ").value(), "a");
  for (const char* text : {"YQ==", "YQ=", "YR", "YS", " YQ", "YQ ", "Y Q",
                           "YQ\n", "Y", "YWFhY", "+/+/", "Y\xC3", "YQ."}) {
    EXPECT_EQ(DecodeBase64Url(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace keyward::auth
