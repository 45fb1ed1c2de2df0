// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/printable.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace keyward::cli {
namespace {

struct Decoded {
  uint32_t point = 0;
  size_t length = 0;  // 0: no UTF-8 begins here
};

// The first code point of `text`, which is not empty. Overlong forms and
// surrogates are no UTF-8.
Decoded Decode(absl::string_view text) {
  const auto byte = [&text](size_t i) -> uint8_t {
    return static_cast<uint8_t>(text[i]);
  };
  if (byte(0) < 0x80) return {byte(0), 1};
  size_t length = 0;
  uint32_t point = 0;
  uint32_t least = 0;
  if ((byte(0) & 0xe0) == 0xc0) {
    length = 2, point = byte(0) & 0x1f, least = 0x80;
  } else if ((byte(0) & 0xf0) == 0xe0) {
    length = 3, point = byte(0) & 0x0f, least = 0x800;
  } else if ((byte(0) & 0xf8) == 0xf0) {
    length = 4, point = byte(0) & 0x07, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return {};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < least || point > 0x10ffff || surrogate) return {};
  return {point, length};
}

bool IsControl(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

// Zero-width and bidirectional formatting, line separators, the byte order
// mark: they make one text look like another.
bool IsInvisible(uint32_t point) {
  return (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

// Characters, as terminals of people who read Latin, Greek or Cyrillic count
// them.
size_t Width(absl::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void AppendCell(absl::string_view cell, size_t width, bool last,
                std::string* line) {
  absl::StrAppend(line, cell);
  if (!last) line->append(width - Width(cell) + 2, ' ');
}

}  // namespace

std::string Printable(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = Decode(text);
    if (next.length == 0 || (next.length == 1 && IsControl(next.point))) {
      absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (IsControl(next.point) || IsInvisible(next.point)) {
      absl::StrAppendFormat(&out, "\\u{%x}", next.point);
    } else {
      absl::StrAppend(&out, text.substr(0, next.length));
    }
    text.remove_prefix(next.length);
  }
  return out;
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {}

void Table::Add(std::vector<std::string> row) {
  row.resize(head_.size());
  for (std::string& cell : row) cell = cell.empty() ? "-" : Printable(cell);
  rows_.push_back(std::move(row));
}

std::string Table::ToString() const {
  std::vector<size_t> widths;
  for (const std::string& cell : head_) widths.push_back(Width(cell));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string text;
  for (size_t i = 0; i < head_.size(); ++i) {
    AppendCell(absl::AsciiStrToUpper(head_[i]), widths[i],
               i + 1 == head_.size(), &text);
  }
  text.push_back('\n');
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      AppendCell(row[i], widths[i], i + 1 == row.size(), &text);
    }
    text.push_back('\n');
  }
  return text;
}

void Fields::Add(std::string name, absl::string_view value) {
  if (!value.empty()) fields_.emplace_back(std::move(name), Printable(value));
}

std::string Fields::ToString() const {
  size_t width = 0;
  for (const auto& field : fields_) width = std::max(width, field.first.size());
  std::string text;
  for (const auto& [name, value] : fields_) {
    absl::StrAppend(&text, name, ":", std::string(width - name.size() + 2, ' '),
                    value, "\n");
  }
  return text;
}

}  // namespace keyward::cli
