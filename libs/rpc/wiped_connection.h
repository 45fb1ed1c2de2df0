// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_WIPED_CONNECTION_H_
#define KEYWARD_LIBS_RPC_WIPED_CONNECTION_H_

namespace keyward::rpc {

// Linking this target into a binary makes gRPC's connections keep nothing of
// what they encrypted and decrypted, and ends those whose clients flood it.
//
// gRPC decrypts into a buffer of 8 KiB that lives as long as the connection,
// and hands out what was filled as a slice of that same memory. Whoever gets
// the slice may wipe it, as wiped_buffer.h does, but nobody gets what gRPC
// drops by itself: messages of calls that were cancelled half-way, that are
// too long or of no method, and headers with their tokens. On a connection
// that falls quiet they would stay readable for hours.
//
// What it replaces, by being first in the search order of the dynamic linker:
//
//   SSL_read               notes where gRPC decrypts to; on a server's
//                          connection shows the bytes to its FrameGuard
//                          (frame_guard.h), and fails once that says so
//   SSL_write              shows it what the server sends, and wipes gRPC's
//                          buffer of plaintext once it is encrypted; that
//                          buffer lives as long as a connection
//   grpc_slice_split_head  when gRPC cuts off what it has just decrypted, the
//                          slice gets memory of its own and the buffer is wiped
//
// That memory is freed with the last reference to the slice, and then wiped by
// //libs/crypto:wiping_allocator, without which this is of little use. Costs a
// copy of at most 8 KiB for each time that a connection is read; whole buffers
// are handed out by gRPC itself.
//
// For server binaries and the command line, as a direct dependency of the
// cc_binary.

// Whether gRPC's calls end here, in this process.
bool ConnectionsAreWiped();

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_WIPED_CONNECTION_H_
