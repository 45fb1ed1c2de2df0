// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/guarded_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "libs/base/clock.h"
#include "libs/rpc/frame_guard.h"

namespace keyward::rpc {
namespace {

void FreeGuard(void*, void* guard, CRYPTO_EX_DATA*, int, long,
               void*) {  // NOLINT
  delete static_cast<FrameGuard*>(guard);
}

// Null if there is no memory for one.
FrameGuard* GuardOf(SSL* ssl) {
  static const int kPlace =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeGuard);
  auto* const guard = static_cast<FrameGuard*>(SSL_get_ex_data(ssl, kPlace));
  if (guard != nullptr) return guard;
  auto made = std::make_unique<FrameGuard>();
  if (SSL_set_ex_data(ssl, kPlace, made.get()) != 1) return nullptr;
  return made.release();
}

unsigned long Code(FrameGuard::Verdict verdict) {  // NOLINT: OpenSSL's type
  return static_cast<unsigned long>(verdict);      // NOLINT
}

// Says why in words that the log shows, since gRPC logs OpenSSL's errors.
void RaiseError(FrameGuard::Verdict verdict) {
  static const int kLibrary = [] {
    const int library = ERR_get_next_error_library();
    using Verdict = FrameGuard::Verdict;
    // OpenSSL keeps the table.
    static std::array<ERR_STRING_DATA, 6> strings = {{
        {0, "keyward"},
        {Code(Verdict::kHeaders), "a peer's headers have no end"},
        {Code(Verdict::kResets), "a peer takes back too many calls"},
        {Code(Verdict::kCalls), "a peer has more calls open than it may"},
        {Code(Verdict::kIdleFrames), "a peer's frames do nothing"},
        {0, nullptr},
    }};
    strings[0].error = ERR_PACK(library, 0, 0);
    ERR_load_strings(library, strings.data());
    return library;
  }();
  ERR_raise(kLibrary, static_cast<int>(verdict));
}

}  // namespace

bool MayGoOn(SSL* ssl, absl::Span<const uint8_t> bytes) {
  if (SSL_is_server(ssl) == 0) return true;
  FrameGuard* const guard = GuardOf(ssl);
  // What cannot be watched is not trusted.
  if (guard == nullptr) return false;
  const FrameGuard::Verdict verdict =
      guard->See(bytes, SystemClock().SteadyNow());
  if (verdict == FrameGuard::Verdict::kFine) return true;
  RaiseError(verdict);
  return false;
}

void NoteSent(SSL* ssl, absl::Span<const uint8_t> bytes) {
  if (SSL_is_server(ssl) == 0) return;
  // Without one the connection ends as soon as its client says anything.
  if (FrameGuard* const guard = GuardOf(ssl)) guard->SeeAnswer(bytes);
}

}  // namespace keyward::rpc
