// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/fake_seal.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

TEST(FakeSealTest, WrapsAsARealOne) {
  FakeSeal seal;
  const SecretBuffer key = SecretBuffer::CopyOf("key");
  const std::string wrapped =
      seal.Wrap(SealLabel::kAudit, "place", key).value();
  EXPECT_TRUE(seal.Unwrap(SealLabel::kAudit, "place", wrapped)->Equals(key));
  EXPECT_EQ(seal.Unwrap(SealLabel::kAudit, "other", wrapped).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(
      FakeSeal(2).Unwrap(SealLabel::kAudit, "place", wrapped).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(FakeSealTest, AnswersSealedUntilUnsealed) {
  FakeSeal seal;
  const SecretBuffer key = SecretBuffer::CopyOf("key");
  const std::string wrapped =
      seal.Wrap(SealLabel::kStore, "place", key).value();
  seal.SetSealed(true);
  EXPECT_EQ(seal.Wrap(SealLabel::kStore, "place", key).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      ErrorReason(seal.Unwrap(SealLabel::kStore, "place", wrapped).status()),
      kSealed);
  seal.SetSealed(false);
  EXPECT_TRUE(seal.Unwrap(SealLabel::kStore, "place", wrapped)->Equals(key));
}

}  // namespace
}  // namespace keyward::crypto
