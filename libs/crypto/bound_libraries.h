// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_BOUND_LIBRARIES_H_
#define KEYWARD_LIBS_CRYPTO_BOUND_LIBRARIES_H_

#include "absl/status/status.h"

namespace keyward::crypto {

// Makes sure that the dynamic linker has bound all functions of all shared
// libraries when the process starts: starts this program again, in the same
// process, with `argv` and LD_BIND_NOW=1, unless it was started so. Call it
// first in main, with main's argv; when it starts the program again it does not
// return.
//
// Debian's libraries bind a function when it is first called. The linker then
// saves all vector registers on the stack, which hold what was last copied or
// decrypted, and leaves them there: a thread that then waits for its next call
// shows parts of the last secret for as long as it waits.
//
// INTERNAL if the program cannot be started again.
absl::Status BindLibraries(const char* const* argv);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_BOUND_LIBRARIES_H_
