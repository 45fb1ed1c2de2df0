// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages as gRPC's bytes, without leaving plaintext behind: gRPC frees its
// slices as they are, so ours wipe themselves and received ones are wiped as
// soon as they are parsed.

#ifndef KEYWARD_LIBS_RPC_WIPED_BUFFER_H_
#define KEYWARD_LIBS_RPC_WIPED_BUFFER_H_

#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace keyward::rpc {

// `message` in one slice of its own memory, which is wiped and freed when the
// last reference to it is dropped. The message itself stays as it is.
grpc::ByteBuffer SerializeToWipedBuffer(
    const google::protobuf::Message& message);

// Parses `buffer` into `*message`, which is empty, and wipes the buffer's
// bytes. False if they are no serialized message of this type; whatever was
// parsed until then is wiped and `*message` is empty again.
//
// The buffer must be received data that no one else reads: its slices' memory
// belongs to this one message of the stream.
bool ParseAndWipe(const grpc::ByteBuffer& buffer,
                  google::protobuf::Message* message);

// Overwrites the bytes of a received buffer.
void WipeReceived(const grpc::ByteBuffer& buffer);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_WIPED_BUFFER_H_
