// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_OPENSSL_ERROR_H_
#define KEYWARD_LIBS_CRYPTO_OPENSSL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::crypto {

// An error that says `what` failed and the reasons of OpenSSL's error queue
// of this thread, oldest first (the cause), at most four. The queue is left
// empty: an entry left behind would be blamed on the next operation of the
// thread, and gRPC reads the same queue. The data that OpenSSL attaches to
// entries is dropped, since it may quote input.
absl::Status OpensslError(absl::StatusCode code, absl::string_view what);

// Empties the queue, where a failure is an answer and no error.
void ClearOpensslErrors();

// Ends the process, for what can only fail if OpenSSL is broken or out of
// memory and where going on would mean to work without cryptography.
[[noreturn]] void DieOfOpenssl(absl::string_view what);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_OPENSSL_ERROR_H_
