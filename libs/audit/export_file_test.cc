// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/export_file.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

std::string Export(uint64_t first, const std::vector<std::string>& leaves,
                   const std::string& checkpoint = "note") {
  std::ostringstream out;
  ExportWriter writer(&out, first);
  for (const std::string& leaf : leaves) {
    EXPECT_TRUE(writer.Add(leaf).ok());
  }
  EXPECT_TRUE(writer.Finish(checkpoint).ok());
  return out.str();
}

// All leaves, or the first error.
absl::StatusOr<std::vector<std::string>> ReadAll(const std::string& bytes) {
  std::istringstream in(bytes);
  absl::StatusOr<std::unique_ptr<ExportReader>> reader =
      ExportReader::Open(&in);
  if (!reader.ok()) return reader.status();
  std::vector<std::string> leaves;
  for (;;) {
    absl::StatusOr<ExportBlock> block = (*reader)->Next();
    if (!block.ok()) return block.status();
    if (block->leaves.empty()) return leaves;
    for (std::string& leaf : block->leaves) leaves.push_back(std::move(leaf));
  }
}

TEST(ExportFileTest, GoldenBytesAreThoseOfTheFormatPage) {
  EXPECT_EQ(HexEncode(Export(0, {"ab", "c"})),
            HexEncode("keyward-audit-export 1\n") +
                "0000000000000000"
                "0002"
                "00026162"
                "000163" +
                HexEncode(LeafHash("ab").view()) +
                HexEncode(LeafHash("c").view()) +
                "0000"
                "00000004" +
                HexEncode("note"));
}

TEST(ExportFileTest, RoundTripsAroundBlockBoundaries) {
  for (const size_t size : {0, 1, 255, 256, 257, 600}) {
    const std::vector<std::string> leaves = NumberedLeaves(size);
    EXPECT_EQ(ReadAll(Export(0, leaves)).value(), leaves) << size;
    EXPECT_EQ(ReadAll(Export(100, leaves)).value(), leaves) << size;
  }
}

TEST(ExportFileTest, BeginningAndCheckpointAreReadBack) {
  std::istringstream in(Export(7, {"a"}, "the checkpoint"));
  auto reader = ExportReader::Open(&in).value();
  EXPECT_EQ(reader->first_index(), 7u);
  EXPECT_EQ(reader->Next().value().first_index, 7u);
  EXPECT_TRUE(reader->Next().value().leaves.empty());
  EXPECT_EQ(reader->checkpoint(), "the checkpoint");
}

TEST(ExportFileTest, P3_FlippedBitOfALeafOrItsHashIsLocated) {
  const std::string bytes = Export(0, NumberedLeaves(300));
  const size_t leaf = bytes.find("leaf-270");
  std::string bad = bytes;
  bad[leaf] = static_cast<char>(bad[leaf] ^ 1);
  EXPECT_TRUE(absl::StartsWith(ReadAll(bad).status().message(), "leaf 270:"));
  const size_t hash = bytes.find(std::string(LeafHash("leaf-4").view()));
  bad = bytes;
  bad[hash] = static_cast<char>(bad[hash] ^ 1);
  EXPECT_TRUE(absl::StartsWith(ReadAll(bad).status().message(), "leaf 4:"));
}

TEST(ExportFileTest, P3_EveryCutIsNoticed) {
  const std::string bytes = Export(0, NumberedLeaves(5));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadAll(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_EQ(ReadAll(bytes + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(ExportFileTest, FilesOfAnotherKindOrFormatAreRefused) {
  EXPECT_EQ(ReadAll("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAll(std::string(100, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
  std::string newer = Export(0, {"a"});
  newer[21] = '2';
  EXPECT_EQ(ReadAll(newer).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ExportFileTest, BlockBehindAPartialOneIsRefused) {
  const std::string one = Export(0, {"a"});
  const std::string block = one.substr(31, one.size() - 31 - 10);
  const std::string bad =
      one.substr(0, 31) + block + block + one.substr(one.size() - 10);
  EXPECT_EQ(ReadAll(bad).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ExportFileTest, BoundsAreKept) {
  std::ostringstream out;
  ExportWriter writer(&out, 0);
  EXPECT_EQ(writer.Add("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(writer.Add(std::string(kMaxEntryBytes + 1, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(writer.Finish(std::string(20000, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(writer.Finish("").ok());
}

TEST(ExportFileTest, FullDiskIsAnError) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  ExportWriter writer(&out, 0);
  EXPECT_EQ(writer.Add("a").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(writer.Finish("").code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace keyward::audit
