// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/text.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keyward::config {
namespace {

// The longest word that is compared: the comparison is quadratic.
constexpr size_t kMaxComparedWord = 64;
// PATH_MAX of Linux.
constexpr size_t kMaxPath = 4096;
// RFC 1035's limit of a host name in text form.
constexpr size_t kMaxHost = 253;

// The shortest code point that `length` bytes may encode; anything lower is
// overlong, the classic way around a check for ASCII characters.
constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The bytes that the first character of `text` takes; 0 if it is malformed.
size_t CharacterLength(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = SequenceLength(lead);
  if (length <= 1) return length;
  if (text.size() < length) return 0;
  uint32_t code = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = code << 6 | (next & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[length] || surrogate || code > 0x10FFFF) return 0;
  return length;
}

bool IsForbiddenControl(char c) {
  return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t' &&
         c != '\n' && c != '\r';
}

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '-' || c == '_';
}

bool IsIpv6Character(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' ||
         c == '.';
}

bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {
    // The resolver checks the address itself; here only that it can be one.
    return absl::ConsumeSuffix(&host, "]") && host.size() >= 2 &&
           host.size() <= 45 &&
           std::all_of(host.begin(), host.end(), IsIpv6Character);
  }
  return !host.empty() && host.size() <= kMaxHost &&
         std::all_of(host.begin(), host.end(), IsHostCharacter);
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// Levenshtein's distance, one row at a time.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

bool IsPlainText(absl::string_view text) {
  while (!text.empty()) {
    if (IsForbiddenControl(text[0])) return false;
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  const bool has_unit =
      !text.empty() &&
      absl::ascii_isalpha(static_cast<unsigned char>(text.back()));
  if (!has_unit || !absl::ParseDuration(text, &duration) ||
      duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        "must be a duration with a unit, such as 500ms, 10s or 1h30m");
  }
  return duration;
}

absl::StatusOr<uint64_t> ParseByteSize(absl::string_view text) {
  static constexpr std::pair<absl::string_view, int> kUnits[] = {
      {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"B", 0}};
  for (const auto& [unit, shift] : kUnits) {
    absl::string_view digits = text;
    if (!absl::ConsumeSuffix(&digits, unit)) continue;
    uint64_t number = 0;
    if (!IsDigits(digits) || !absl::SimpleAtoi(digits, &number)) break;
    if (number > std::numeric_limits<uint64_t>::max() >> shift) break;
    return number << shift;
  }
  return absl::InvalidArgumentError(
      "must be a size with a unit, such as 512B, 64KiB, 1MiB or 2GiB");
}

absl::Status CheckHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != absl::string_view::npos) {
    const absl::string_view port = text.substr(colon + 1);
    uint32_t number = 0;
    if (IsHost(text.substr(0, colon)) && IsDigits(port) &&
        absl::SimpleAtoi(port, &number) && number <= 65535) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      "must be HOST:PORT, an IPv6 host in brackets, the port 0 to 65535");
}

absl::Status CheckPath(absl::string_view text) {
  if (!absl::StartsWith(text, "/") || text.size() > kMaxPath) {
    return absl::InvalidArgumentError(
        "must be an absolute path of at most 4096 bytes");
  }
  for (absl::string_view component : absl::StrSplit(text, '/')) {
    if (component == "..") {
      return absl::InvalidArgumentError(
          "must be a path without a \"..\" component");
    }
  }
  return absl::OkStatus();
}

std::string Nearest(absl::string_view word,
                    const std::vector<std::string>& known) {
  if (word.size() > kMaxComparedWord) return "";
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = Distance(word, candidate);
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = &candidate;
    best_distance = distance;
  }
  return best == nullptr ? "" : *best;
}

}  // namespace keyward::config
