// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// x-forwarded-client-cert, which a proxy makes of certificates whose subjects
// strangers choose. What is read, written again with every value in quotes, is
// read as the same; and another reader, which knows nothing but quotes and
// backslashes, finds the same pairs.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/auth/xfcc.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using auth::XfccElement;
using auth::XfccKey;
using auth::XfccPair;

absl::string_view NameOf(XfccKey key) {
  switch (key) {
    case XfccKey::kBy:
      return "by";
    case XfccKey::kHash:
      return "hash";
    case XfccKey::kCert:
      return "cert";
    case XfccKey::kChain:
      return "chain";
    case XfccKey::kSubject:
      return "subject";
    case XfccKey::kUri:
      return "uri";
    case XfccKey::kDns:
      return "dns";
  }
  return "";
}

std::string Print(const std::vector<XfccElement>& elements) {
  std::string header;
  for (const XfccElement& element : elements) {
    if (!header.empty()) header += ',';
    bool first = true;
    for (const XfccPair& pair : element) {
      if (!std::exchange(first, false)) header += ';';
      absl::StrAppend(&header, NameOf(pair.key), "=\"",
                      absl::StrReplaceAll(pair.value, {{"\"", "\\\""}}), "\"");
    }
  }
  return header;
}

bool IsSame(const std::vector<XfccElement>& a,
            const std::vector<XfccElement>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return false;
    for (size_t k = 0; k < a[i].size(); ++k) {
      if (a[i][k].key != b[i][k].key || a[i][k].value != b[i][k].value) {
        return false;
      }
    }
  }
  return true;
}

// Where a separator stands outside of quotes, for a reader to which a backslash
// takes the meaning from the character behind it (`escapes`) or only from a
// quote. The names in front of the equals signs, a comma between elements.
std::string Shape(absl::string_view header, bool escapes) {
  std::string shape;
  std::string word;
  bool quoted = false;
  bool value = false;
  for (size_t i = 0; i < header.size(); ++i) {
    const char c = header[i];
    const bool before_quote = header.substr(i + 1, 1) == "\"";
    if (quoted && c == '\\' && (escapes || before_quote)) {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '=' && !value) {
      absl::StrAppend(&shape, absl::AsciiStrToLower(word), "=");
      value = true;
    } else if (!quoted && (c == ',' || c == ';')) {
      if (c == ',') shape += ',';
      word.clear();
      value = false;
    } else if (!value) {
      word += c;
    }
  }
  return shape;
}

std::string ShapeOf(const std::vector<XfccElement>& elements) {
  std::string shape;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) shape += ',';
    for (const XfccPair& pair : elements[i]) {
      absl::StrAppend(&shape, NameOf(pair.key), "=");
    }
  }
  return shape;
}

void CheckHeader(absl::string_view header) {
  const auto elements = auth::ParseXfcc(header);
  if (!elements.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(elements.status()));
    FUZZ_CHECK(!absl::StrContains(elements.status().message(), kCanary));
    return;
  }
  FUZZ_CHECK(header.size() <= auth::kMaxXfccBytes && !elements->empty());
  size_t pairs = 0;
  bool ends_in_backslash = false;
  for (const XfccElement& element : *elements) {
    FUZZ_CHECK(!element.empty());
    pairs += element.size();
    for (const XfccPair& pair : element) {
      for (const char c : pair.value) FUZZ_CHECK(c >= 0x20 && c <= 0x7e);
      ends_in_backslash |= absl::EndsWith(pair.value, "\\");
    }
  }
  FUZZ_CHECK(pairs <= auth::kMaxXfccPairs);
  // No reader takes a part of a value for a pair, whatever it makes of
  // backslashes.
  FUZZ_CHECK(Shape(header, /*escapes=*/true) == ShapeOf(*elements));
  FUZZ_CHECK(Shape(header, /*escapes=*/false) == ShapeOf(*elements));

  // A backslash at the end of a value that stood in no quotes cannot be written
  // in them.
  const std::string printed = Print(*elements);
  if (printed.size() > auth::kMaxXfccBytes || ends_in_backslash) return;
  const auto again = auth::ParseXfcc(printed);
  FUZZ_CHECK(again.ok() && IsSame(*elements, *again));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyward::fuzz::CheckHeader(keyward::fuzz::Text(data, size));
  return 0;
}
