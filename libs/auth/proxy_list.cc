// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/proxy_list.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/auth/spiffe_id.h"

namespace keyward::auth {

absl::StatusOr<std::vector<std::string>> ParseProxyList(
    absl::string_view text) {
  if (text.size() > kMaxProxyListBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a list of proxies has at most ", kMaxProxyListBytes, " bytes"));
  }
  std::vector<std::string> proxies;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const absl::StatusOr<SpiffeId> id = SpiffeId::Parse(line);
    if (!id.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number, " of the list of proxies: ", id.status().message()));
    }
    proxies.emplace_back(line);
  }
  return proxies;
}

}  // namespace keyward::auth
