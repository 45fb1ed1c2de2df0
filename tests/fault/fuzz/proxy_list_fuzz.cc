// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The file of trusted proxies, whose lines say who may name any caller (P1).
// Another reader, one character at a time, finds the same ids or the same first
// line that is none.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/proxy_list.h"
#include "libs/auth/spiffe_id.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

// What counts of each line.
std::vector<std::string> Lines(absl::string_view text) {
  std::vector<std::string> lines(1);
  bool comment = false;
  for (const char c : text) {
    comment = c != '\n' && (comment || c == '#');
    if (c == '\n') {
      lines.emplace_back();
    } else if (!comment) {
      lines.back() += c;
    }
  }
  constexpr char kSpaces[] = " \t\v\f\r";
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(kSpaces) + 1);
    line.erase(0, line.find_first_not_of(kSpaces));
  }
  return lines;
}

void CheckList(absl::string_view text) {
  const auto proxies = auth::ParseProxyList(text);
  std::vector<std::string> expected;
  size_t number = 0;
  size_t wrong = 0;
  for (const std::string& line : Lines(text)) {
    ++number;
    if (line.empty()) continue;
    expected.push_back(line);
    if (wrong == 0 && !auth::SpiffeId::Parse(line).ok()) wrong = number;
  }
  const bool fits = text.size() <= auth::kMaxProxyListBytes;
  FUZZ_CHECK(proxies.ok() == (fits && wrong == 0));
  if (proxies.ok()) {
    FUZZ_CHECK(*proxies == expected);
    return;
  }
  const absl::string_view message = proxies.status().message();
  FUZZ_CHECK(absl::IsInvalidArgument(proxies.status()));
  FUZZ_CHECK(!absl::StrContains(message, kCanary));
  if (fits) {
    FUZZ_CHECK(absl::StartsWith(message, absl::StrCat("line ", wrong, " of ")));
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = keyward::fuzz::Text(data, size);
  keyward::fuzz::CheckList(text);
  // At the bound and beyond it, with the text at the end.
  if (!text.empty() && text.size() < 256) {
    std::string padded(
        keyward::auth::kMaxProxyListBytes - text.size() + text.size() % 2, ' ');
    keyward::fuzz::CheckList(padded.append(text.data(), text.size()));
  }
  return 0;
}
