// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_STRICT_JSON_H_
#define KEYWARD_LIBS_AUTH_STRICT_JSON_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace keyward::auth {

// Tokens and key sets are three levels deep; claims that we do not read may be
// a little deeper.
inline constexpr size_t kMaxJsonDepth = 16;

// Parses one JSON text (RFC 8259) whose outermost value is an object.
//
// INVALID_ARGUMENT, without any of the text, for malformed JSON, text that is
// not UTF-8, comments, more than kMaxJsonDepth levels, and an object that has a
// member twice: parsers disagree on which of the two counts, and a signature
// covers both. Pure: safe on hostile bytes, memory in proportion to them; the
// caller bounds their length.
absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view bytes);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_STRICT_JSON_H_
