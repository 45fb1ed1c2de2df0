// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/base64url.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"

namespace keyward::auth {

absl::StatusOr<std::string> DecodeBase64Url(absl::string_view text) {
  std::string bytes;
  // The decoder is lenient; that encoding gives the text back is what makes it
  // canonical.
  if (!absl::WebSafeBase64Unescape(text, &bytes) ||
      absl::WebSafeBase64Escape(bytes) != text) {
    return absl::InvalidArgumentError("not base64url without padding");
  }
  return bytes;
}

}  // namespace keyward::auth
