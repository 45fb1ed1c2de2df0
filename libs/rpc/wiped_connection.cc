// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/wiped_connection.h"

#include <dlfcn.h>
#include <grpc/slice.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/types/span.h"
#include "libs/crypto/loaded_library.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/guarded_connection.h"

namespace keyward::rpc {
namespace {

// The bytes that gRPC has decrypted on this thread and not yet cut off. It does
// both in one function that calls nothing else in between, so that one record a
// thread is enough and nobody else refers to these bytes.
struct Decrypted {
  uint8_t* begin = nullptr;
  uint8_t* end = nullptr;
};
thread_local Decrypted decrypted;  // NOLINT

// The function that this file has taken the place of.
template <typename Function>
Function* Replaced(const char* name) {
  auto* const function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) {
    std::fprintf(stderr, "keyward: no %s in the libraries\n", name);
    std::abort();
  }
  return function;
}

bool IsGrpc(const void* caller) {
  static const crypto::AddressRange grpc =
      crypto::FindLoadedLibrary("libgrpc.so");
  return grpc.Contains(caller);
}

// `written` is what SSL_read said after it was asked for `size` bytes.
void Note(SSL* ssl, uint8_t* data, int size, int written) {
  if (written <= 0) {
    // Usually there is nothing more to read. After an error gRPC throws away
    // what was read before, uncut.
    if (SSL_get_error(ssl, written) != SSL_ERROR_WANT_READ) decrypted = {};
  } else if (written == size) {
    // gRPC hands out a full buffer as it is and takes a new one.
    decrypted = {};
  } else {
    if (data != decrypted.end) decrypted.begin = data;
    decrypted.end = data + written;
  }
}

// Whether the first `size` bytes of `slice` are what was decrypted.
bool IsDecrypted(const Decrypted& record, const grpc_slice& slice,
                 size_t size) {
  return record.begin != nullptr && slice.refcount != nullptr &&
         slice.data.refcounted.bytes == record.begin &&
         size == static_cast<size_t>(record.end - record.begin) &&
         size <= slice.data.refcounted.length;
}

}  // namespace

bool ConnectionsAreWiped() {
  return dlsym(RTLD_DEFAULT, "SSL_read") ==
             reinterpret_cast<void*>(&SSL_read) &&
         dlsym(RTLD_DEFAULT, "SSL_write") ==
             reinterpret_cast<void*>(&SSL_write) &&
         dlsym(RTLD_DEFAULT, "grpc_slice_split_head") ==
             reinterpret_cast<void*>(&grpc_slice_split_head);
}

}  // namespace keyward::rpc

extern "C" {

__attribute__((used)) int SSL_read(SSL* ssl, void* data, int size) {
  static auto* const replaced =
      keyward::rpc::Replaced<int(SSL*, void*, int)>("SSL_read");
  int written = replaced(ssl, data, size);
  if (keyward::rpc::IsGrpc(__builtin_return_address(0))) {
    auto* const bytes = static_cast<uint8_t*>(data);
    if (written > 0 &&
        !keyward::rpc::MayGoOn(
            ssl, absl::MakeConstSpan(bytes, static_cast<size_t>(written)))) {
      keyward::crypto::WipeBytes(bytes, static_cast<size_t>(written));
      // As after an error of TLS, which ends the connection.
      written = -1;
    }
    keyward::rpc::Note(ssl, bytes, size, written);
  }
  return written;
}

__attribute__((used)) int SSL_write(SSL* ssl, const void* data, int size) {
  static auto* const replaced =
      keyward::rpc::Replaced<int(SSL*, const void*, int)>("SSL_write");
  const int written = replaced(ssl, data, size);
  // Others than gRPC pass memory that is constant, or that they still need.
  if (written > 0 && keyward::rpc::IsGrpc(__builtin_return_address(0))) {
    const auto length = static_cast<size_t>(written);
    keyward::rpc::NoteSent(
        ssl, absl::MakeConstSpan(static_cast<const uint8_t*>(data), length));
    keyward::crypto::WipeBytes(const_cast<void*>(data), length);
  }
  return written;
}

__attribute__((used)) grpc_slice grpc_slice_split_head(grpc_slice* slice,
                                                       size_t size) {
  static auto* const replaced =
      keyward::rpc::Replaced<grpc_slice(grpc_slice*, size_t)>(
          "grpc_slice_split_head");
  const keyward::rpc::Decrypted record =
      std::exchange(keyward::rpc::decrypted, {});
  if (!keyward::rpc::IsDecrypted(record, *slice, size)) {
    return replaced(slice, size);
  }
  // Never a short slice that holds its bytes in itself: gRPC does not free the
  // array of slices that it reads into, so that nothing would wipe them.
  const grpc_slice head = grpc_slice_malloc_large(size);
  std::memcpy(head.data.refcounted.bytes, record.begin, size);
  keyward::crypto::WipeBytes(record.begin, size);
  slice->data.refcounted.bytes += size;
  slice->data.refcounted.length -= size;
  return head;
}

}  // extern "C"
