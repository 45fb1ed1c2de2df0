// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/block_index.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit_service {
namespace {

crypto::SecretBuffer Key(char byte) {
  return crypto::SecretBuffer::CopyOf(std::string(32, byte));
}

// The summary of the format page.
audit::BlockSummary Example() {
  audit::v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(100);
  entry.set_resource("projects/default");
  audit::BlockSummary summary;
  summary.Add(entry);
  summary.Finish();
  return summary;
}

TEST(BlockIndexTest, GoldenBytesAreThoseOfTheFormatPage) {
  EXPECT_EQ(HexEncode(SealSummary(Key('k'), 7, Example()).value()),
            "01"
            "0000000000000064"
            "0000000000000064"
            "0001"
            "ea3d082e"
            "4561301e424a2e21bc2c4d20fec455880fbaff5622d0f3250ca9eceda10b9d3c");
}

TEST(BlockIndexTest, P3_SummaryOfAnotherBlockOrKeyIsRefused) {
  const std::string value = SealSummary(Key('k'), 7, Example()).value();
  EXPECT_EQ(OpenSummary(Key('k'), 7, value).value().Encode(),
            Example().Encode());
  EXPECT_EQ(OpenSummary(Key('k'), 8, value).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenSummary(Key('l'), 7, value).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(BlockIndexTest, P3_ChangedOrCutSummaryIsRefused) {
  const std::string value = SealSummary(Key('k'), 7, Example()).value();
  for (size_t i = 0; i < value.size(); ++i) {
    std::string bad = value;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_EQ(OpenSummary(Key('k'), 7, bad).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(OpenSummary(Key('k'), 7, value.substr(0, i)).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace keyward::audit_service
