// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/frame_reader.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/rpc/test_frames.h"

namespace keyward::rpc {
namespace {

namespace frames = test_frames;

std::vector<FrameReader::Frame> ReadAll(FrameReader* reader,
                                        const std::string& text) {
  std::vector<FrameReader::Frame> found;
  absl::Span<const uint8_t> bytes = frames::Bytes(text);
  while (const auto frame = reader->Next(&bytes)) found.push_back(*frame);
  EXPECT_TRUE(bytes.empty());
  return found;
}

TEST(FrameReaderTest, ReadsWhatStandsBeforeThePayloads) {
  FrameReader reader(/*has_preface=*/true);
  const auto found = ReadAll(
      &reader, frames::kPreface + frames::Frame(frames::kSettings, 0, 12) +
                   frames::Frame(frames::kHeaders, frames::kEndHeaders, 0x1234,
                                 0x7fff'ffff) +
                   frames::Frame(frames::kData, frames::kEndStream, 0, 5));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].type, FrameReader::kSettings);
  EXPECT_EQ(found[0].length, 12u);
  EXPECT_EQ(found[1].type, FrameReader::kHeaders);
  EXPECT_TRUE(found[1].Has(FrameReader::kEndHeaders));
  EXPECT_FALSE(found[1].Has(FrameReader::kEndStream));
  EXPECT_EQ(found[1].length, 0x1234u);
  EXPECT_EQ(found[1].stream, 0x7fff'ffffu);
  EXPECT_EQ(found[2].type, FrameReader::kData);
  EXPECT_EQ(found[2].stream, 5u);
}

TEST(FrameReaderTest, TheReservedBitOfAStreamIsNoPartOfIt) {
  FrameReader reader(/*has_preface=*/false);
  const auto found =
      ReadAll(&reader, frames::Frame(frames::kData, 0, 0, 0x8000'0003));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].stream, 3u);
}

TEST(FrameReaderTest, ReadsTheSameInPiecesOfEverySize) {
  const std::string settings = frames::Setting(4, 65535) +
                               frames::Setting(3, 256) + frames::Setting(6, 9);
  const std::string all =
      frames::FrameOf(frames::kSettings, 0, 0, settings) +
      frames::Frame(frames::kHeaders, 0, 20, 1) +
      frames::Frame(frames::kContinuation, frames::kEndHeaders, 0, 1) +
      frames::Frame(frames::kData, frames::kEndStream, 300, 1);
  for (size_t piece = 1; piece < all.size(); ++piece) {
    FrameReader reader(/*has_preface=*/false);
    std::vector<int> types;
    for (size_t place = 0; place < all.size(); place += piece) {
      for (const auto& frame : ReadAll(&reader, all.substr(place, piece))) {
        types.push_back(frame.type);
      }
    }
    EXPECT_EQ(types, std::vector<int>({frames::kSettings, frames::kHeaders,
                                       frames::kContinuation, frames::kData}))
        << piece;
    EXPECT_EQ(reader.max_concurrent_streams(), 256u) << piece;
  }
}

TEST(FrameReaderTest, TheLastSettingCounts) {
  FrameReader reader(/*has_preface=*/false);
  EXPECT_EQ(reader.max_concurrent_streams(), absl::nullopt);
  ReadAll(&reader,
          frames::FrameOf(frames::kSettings, 0, 0, frames::Setting(3, 100)));
  EXPECT_EQ(reader.max_concurrent_streams(), 100u);
  ReadAll(&reader, frames::FrameOf(frames::kSettings, 0, 0,
                                   frames::Setting(1, 0) +
                                       frames::Setting(3, 0xffff'fffe)));
  EXPECT_EQ(reader.max_concurrent_streams(), 0xffff'fffeu);
}

TEST(FrameReaderTest, SettingsOfAnOddLengthConfuseNothing) {
  FrameReader reader(/*has_preface=*/false);
  const auto found = ReadAll(
      &reader,
      frames::Frame(frames::kSettings, 0, 5) +
          frames::Frame(frames::kPing, 0, 8) +
          frames::FrameOf(frames::kSettings, 0, 0, frames::Setting(3, 7)));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1].type, FrameReader::kPing);
  EXPECT_EQ(reader.max_concurrent_streams(), 7u);
}

}  // namespace
}  // namespace keyward::rpc
