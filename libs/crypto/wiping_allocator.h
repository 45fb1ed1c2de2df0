// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_WIPING_ALLOCATOR_H_
#define KEYWARD_LIBS_CRYPTO_WIPING_ALLOCATOR_H_

namespace keyward::crypto {

// Linking this target into a binary makes the whole process, with all shared
// libraries in it, wipe what it frees. SecretBuffer keeps our own copies of a
// secret in order; but protobuf, gRPC and OpenSSL make copies of their own on
// the heap, of tokens and payloads, and free them as they are. A dump of such
// a process shows secrets of hours ago.
//
// What it replaces, by being first in the search order of the dynamic linker:
//
//   free                  wipes the block first; operator delete and
//                         OPENSSL_free end here too
//   realloc, reallocarray never leave an unwiped copy behind when a block moves
//   SSL_CTX_new           has OpenSSL wipe its buffer of decrypted records
//
// Costs a few percent of CPU on small messages and some 15 % on 64 KiB ones.
// For server binaries and the command line only, as a direct dependency of the
// cc_binary; does nothing under sanitizers, which have an allocator of their
// own. It does not wipe live buffers, stacks or registers, and gives up glibc's
// detection of a block freed twice, whose mark it wipes.

// Whether free() of the process and all its libraries is the wiping one, for
// the start log and the operator status.
bool IsWipingAllocatorActive();

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_WIPING_ALLOCATOR_H_
