// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/xfcc.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace keyward::auth {
namespace {

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

absl::optional<XfccKey> KeyOf(absl::string_view name) {
  static constexpr std::pair<absl::string_view, XfccKey> kKeys[] = {
      {"By", XfccKey::kBy},           {"Hash", XfccKey::kHash},
      {"Cert", XfccKey::kCert},       {"Chain", XfccKey::kChain},
      {"Subject", XfccKey::kSubject}, {"URI", XfccKey::kUri},
      {"DNS", XfccKey::kDns},
  };
  for (const auto& [known, key] : kKeys) {
    if (absl::EqualsIgnoreCase(name, known)) return key;
  }
  return absl::nullopt;
}

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {}

  absl::StatusOr<std::vector<XfccElement>> Read() {
    std::vector<XfccElement> elements(1);
    for (size_t pairs = 1;; ++pairs) {
      if (pairs > kMaxXfccPairs) return Broken("too many pairs");
      absl::StatusOr<XfccPair> pair = ReadPair();
      if (!pair.ok()) return pair.status();
      elements.back().push_back(*std::move(pair));
      if (rest_.empty()) return elements;
      // ReadPair stops at a separator.
      if (rest_[0] == ',') elements.emplace_back();
      rest_.remove_prefix(1);
    }
  }

 private:
  absl::StatusOr<XfccPair> ReadPair() {
    const size_t equals = rest_.find('=');
    if (equals == absl::string_view::npos) return Broken("not KEY=VALUE");
    const absl::optional<XfccKey> key = KeyOf(rest_.substr(0, equals));
    if (!key.has_value()) {
      return Broken(
          "a key must be one of By, Hash, Cert, Chain, Subject, URI, DNS");
    }
    rest_.remove_prefix(equals + 1);
    if (!rest_.empty() && rest_[0] == '"') {
      absl::StatusOr<std::string> value = ReadQuoted();
      if (!value.ok()) return value.status();
      return XfccPair{*key, *std::move(value)};
    }
    return ReadPlain(*key);
  }

  absl::StatusOr<XfccPair> ReadPlain(XfccKey key) {
    const size_t end = rest_.find_first_of(",;");
    const absl::string_view value = rest_.substr(0, end);
    for (const char c : value) {
      if (!IsPrintable(c) || absl::StrContains(" =\"", c)) {
        return Broken("a value with this character must be quoted");
      }
    }
    rest_.remove_prefix(value.size());
    return XfccPair{key, std::string(value)};
  }

  absl::StatusOr<std::string> ReadQuoted() {
    rest_.remove_prefix(1);
    std::string value;
    size_t backslashes = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (!IsPrintable(c)) return Broken("a value must be printable ASCII");
      if (c != '"') {
        backslashes = c == '\\' ? backslashes + 1 : 0;
        value += c;
        continue;
      }
      if (backslashes % 2 == 1) {
        value.back() = '"';
        backslashes = 0;
        continue;
      }
      if (backslashes > 0) {
        return Broken("backslashes before a quote may mean two things");
      }
      rest_.remove_prefix(i + 1);
      if (!rest_.empty() && rest_[0] != ',' && rest_[0] != ';') {
        return Broken("a quoted value must be a whole value");
      }
      return value;
    }
    return Broken("a quoted value does not end");
  }

  absl::string_view rest_;
};

}  // namespace

absl::StatusOr<std::vector<XfccElement>> ParseXfcc(absl::string_view header) {
  // Before anything is copied: a hostile megabyte should cost nothing.
  if (header.size() > kMaxXfccBytes) {
    return Broken(absl::StrCat("longer than ", kMaxXfccBytes, " bytes"));
  }
  return Reader(header).Read();
}

}  // namespace keyward::auth
