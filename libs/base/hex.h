// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_HEX_H_
#define KEYWARD_LIBS_BASE_HEX_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward {

// Hexadecimal text. Not for secrets: neither the results nor the
// temporaries are wiped, and the time taken depends on the digits.

// Two lower-case digits for each byte.
std::string HexEncode(absl::string_view bytes);

// The bytes that `text` spells, in either case. INVALID_ARGUMENT if its
// length is odd or a character is no hexadecimal digit (Abseil's function
// accepts both silently); the message does not repeat the text.
absl::StatusOr<std::string> HexDecode(absl::string_view text);

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_HEX_H_
