// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_BASE64URL_H_
#define KEYWARD_LIBS_AUTH_BASE64URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::auth {

// The bytes that `text` encodes in base64url without padding (RFC 7515, 2).
// INVALID_ARGUMENT unless it is the one such text of its bytes: padding,
// blanks, characters of plain base64 and stray low bits, which lenient decoders
// skip, would give one token many spellings.
absl::StatusOr<std::string> DecodeBase64Url(absl::string_view text);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_BASE64URL_H_
