// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/wiped_buffer.h"

#include <cstddef>
#include <cstdint>

#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/sensitive.h"

namespace keyward::rpc {
namespace {

void WipeAndFree(void* data, size_t size) {
  crypto::WipeBytes(data, size);
  delete[] static_cast<uint8_t*>(data);
}

}  // namespace

grpc::ByteBuffer SerializeToWipedBuffer(
    const google::protobuf::Message& message) {
  const size_t size = message.ByteSizeLong();
  // One byte more than none: an empty message is a slice too.
  auto* data = new uint8_t[size + 1];
  message.SerializeWithCachedSizesToArray(data);
  const grpc::Slice slice(data, size, WipeAndFree);
  return grpc::ByteBuffer(&slice, 1);
}

bool ParseAndWipe(const grpc::ByteBuffer& buffer,
                  google::protobuf::Message* message) {
  bool parsed = false;
  {
    // It only reads, whatever its signature says.
    grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&buffer));
    parsed = reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
  }
  WipeReceived(buffer);
  if (!parsed) {
    WipeSensitive(message);
    message->Clear();
  }
  return parsed;
}

void WipeReceived(const grpc::ByteBuffer& buffer) {
  // Not Dump(): short slices hold their bytes in themselves, and it copies
  // those. The reader points into the buffer's own.
  grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&buffer));
  const void* data = nullptr;
  int size = 0;
  while (reader.Next(&data, &size)) {
    crypto::WipeBytes(const_cast<void*>(data), static_cast<size_t>(size));
  }
}

}  // namespace keyward::rpc
