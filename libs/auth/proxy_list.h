// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_PROXY_LIST_H_
#define KEYWARD_LIBS_AUTH_PROXY_LIST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::auth {

// The whole file.
inline constexpr size_t kMaxProxyListBytes = size_t{64} << 10;

// The SPIFFE ids in the text of a file of trusted proxies: one a line. Spaces
// around it, empty lines and what follows a # do not count. No id at all is
// valid: nobody is trusted. INVALID_ARGUMENT, with the line's number, for a
// line that is not a workload's SPIFFE id; also if the text is too long.
absl::StatusOr<std::vector<std::string>> ParseProxyList(absl::string_view text);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_PROXY_LIST_H_
