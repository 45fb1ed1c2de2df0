// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_CONSTANT_TIME_H_
#define KEYWARD_LIBS_CRYPTO_CONSTANT_TIME_H_

#include "absl/strings/string_view.h"

namespace keyward::crypto {

// True if `a` and `b` are the same bytes. The time taken depends on their
// lengths alone: a comparison that stops at the first difference lets whoever
// can measure it guess a MAC or a token byte by byte. The lengths themselves
// are not hidden.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_CONSTANT_TIME_H_
