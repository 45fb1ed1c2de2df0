// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/wiped_buffer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

// What one block of memory holds at the moment when it is freed. Only the
// test's own thread frees it.
namespace {
const void* watched = nullptr;
size_t watched_size = 0;
bool watched_freed = false;
bool watched_was_zero = false;
}  // namespace

void operator delete[](void* block) noexcept {
  if (block != nullptr && block == watched) {
    const auto* bytes = static_cast<const uint8_t*>(block);
    watched_freed = true;
    watched_was_zero = std::all_of(bytes, bytes + watched_size,
                                   [](uint8_t byte) { return byte == 0; });
    watched = nullptr;
  }
  std::free(block);
}
void operator delete[](void* block, size_t) noexcept {
  operator delete[](block);
}
void* operator new[](size_t size) {
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

namespace keyward::rpc {
namespace {

using keyward::secrets::v1::SecretPayload;

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// As gRPC receives: in several slices.
grpc::ByteBuffer Received(const std::string& bytes) {
  const size_t middle = bytes.size() / 2;
  const grpc::Slice slices[] = {grpc::Slice(bytes.substr(0, middle)),
                                grpc::Slice(bytes.substr(middle))};
  return grpc::ByteBuffer(slices, 2);
}

TEST(WipedBufferTest, SerializesTheMessage) {
  SecretPayload payload;
  payload.set_data("correct horse");
  EXPECT_EQ(Bytes(SerializeToWipedBuffer(payload)),
            payload.SerializeAsString());
}

TEST(WipedBufferTest, AnEmptyMessageIsAValidBuffer) {
  const grpc::ByteBuffer buffer = SerializeToWipedBuffer(SecretPayload());
  EXPECT_TRUE(buffer.Valid());
  EXPECT_EQ(buffer.Length(), 0u);
}

TEST(WipedBufferTest, P5_ASerializedMessageIsWipedBeforeItsMemoryIsFreed) {
  SecretPayload payload;
  payload.set_data(std::string(1000, 's'));
  {
    const grpc::ByteBuffer buffer = SerializeToWipedBuffer(payload);
    std::vector<grpc::Slice> slices;
    ASSERT_TRUE(buffer.Dump(&slices).ok());
    ASSERT_EQ(slices.size(), 1u);
    watched = slices[0].begin();
    watched_size = slices[0].size();
    watched_freed = false;
    slices.clear();
    EXPECT_FALSE(watched_freed);
  }
  EXPECT_TRUE(watched_freed);
  EXPECT_TRUE(watched_was_zero);
}

TEST(WipedBufferTest, P5_AReceivedBufferIsWipedOnceItIsParsed) {
  SecretPayload payload;
  // Both a slice of its own and the 8 bytes that gRPC keeps inside the slice.
  for (size_t size : {size_t{8}, size_t{5000}}) {
    payload.set_data(std::string(size, 's'));
    const grpc::ByteBuffer buffer = Received(payload.SerializeAsString());
    SecretPayload parsed;
    EXPECT_TRUE(ParseAndWipe(buffer, &parsed));
    EXPECT_EQ(parsed.data(), payload.data());
    EXPECT_EQ(Bytes(buffer), std::string(buffer.Length(), '\0'));
  }
}

TEST(WipedBufferTest, P5_WhatDoesNotParseIsWipedToo) {
  SecretPayload payload;
  payload.set_data(std::string(100, 's'));
  const std::string truncated = payload.SerializeAsString() + "\x0A\x7F";
  const grpc::ByteBuffer buffer = Received(truncated);
  SecretPayload parsed;
  EXPECT_FALSE(ParseAndWipe(buffer, &parsed));
  EXPECT_EQ(parsed.ByteSizeLong(), 0u);
  EXPECT_EQ(Bytes(buffer), std::string(buffer.Length(), '\0'));
}

TEST(WipedBufferTest, ABufferWithoutContentDoesNotParse) {
  SecretPayload parsed;
  EXPECT_FALSE(ParseAndWipe(grpc::ByteBuffer(), &parsed));
}

}  // namespace
}  // namespace keyward::rpc
