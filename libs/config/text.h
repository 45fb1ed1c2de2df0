// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// How configuration values are written, and help for those who misspell keys.
// Pure functions, safe on any bytes, from any thread.

#ifndef KEYWARD_LIBS_CONFIG_TEXT_H_
#define KEYWARD_LIBS_CONFIG_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::config {

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, surrogates
// or values above U+10FFFF) without control characters other than tab, line
// feed and carriage return.
bool IsPlainText(absl::string_view text);

// A duration as "10s", "1h30m", "250ms": finite, not negative, not a bare
// number, since nobody agrees on the unit of a bare number.
// INVALID_ARGUMENT with the rule otherwise.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// A size as "512B", "64KiB", "1MiB" or "2GiB", in bytes; a whole decimal
// number. INVALID_ARGUMENT with the rule for anything else, "64KB" and a bare
// number included, and for 2^64 bytes and more.
absl::StatusOr<uint64_t> ParseByteSize(absl::string_view text);

// HOST:PORT: a host of 1 to 253 characters of [A-Za-z0-9._-], or an IPv6
// address in brackets; a decimal port of 0 to 65535. Names are not resolved.
// INVALID_ARGUMENT with the rule otherwise.
absl::Status CheckHostPort(absl::string_view text);

// An absolute path of at most 4096 bytes without a ".." component, which in a
// reviewed file hides where it leads. INVALID_ARGUMENT with the rule otherwise.
absl::Status CheckPath(absl::string_view text);

// The word of `known` that is closest to `word`, or "" if none is close enough
// to be what was meant (a third of its letters changed, at least two).
std::string Nearest(absl::string_view word,
                    const std::vector<std::string>& known);

}  // namespace keyward::config

#endif  // KEYWARD_LIBS_CONFIG_TEXT_H_
