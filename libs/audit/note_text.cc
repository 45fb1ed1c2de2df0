// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/note_text.h"

#include <cstddef>
#include <cstdint>

namespace keyward::audit {
namespace {

// A code point that cannot be: what TakeCodePoint answers for bad UTF-8.
constexpr uint32_t kBad = 0xffffffff;

// The length of the sequence that begins with `lead`, and the least code point
// that needs it; 0 if no sequence begins so.
struct Sequence {
  size_t length = 0;
  uint32_t least = 0;
};

Sequence SequenceOf(uint8_t lead) {
  if (lead < 0x80) return {1, 0};
  if ((lead & 0xe0) == 0xc0) return {2, 0x80};
  if ((lead & 0xf0) == 0xe0) return {3, 0x800};
  if ((lead & 0xf8) == 0xf0) return {4, 0x10000};
  return {};
}

uint32_t TakeCodePoint(absl::string_view* text) {
  const uint8_t lead = static_cast<uint8_t>(text->front());
  const Sequence sequence = SequenceOf(lead);
  if (sequence.length == 0 || text->size() < sequence.length) return kBad;
  uint32_t point =
      sequence.length == 1 ? lead : lead & (0x7f >> sequence.length);
  for (size_t i = 1; i < sequence.length; ++i) {
    const uint8_t byte = static_cast<uint8_t>((*text)[i]);
    if ((byte & 0xc0) != 0x80) return kBad;
    point = (point << 6) | (byte & 0x3f);
  }
  text->remove_prefix(sequence.length);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < sequence.least || surrogate || point > 0x10ffff) return kBad;
  return point;
}

// Unicode's White_Space property.
bool IsSpace(uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 ||
         point == 0xa0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f ||
         point == 0x3000;
}

}  // namespace

bool IsNoteText(absl::string_view text) {
  while (!text.empty()) {
    const uint32_t point = TakeCodePoint(&text);
    if (point == kBad || (point < 0x20 && point != '\n')) return false;
  }
  return true;
}

bool IsKeyName(absl::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const uint32_t point = TakeCodePoint(&name);
    if (point == kBad || point < 0x20 || point == '+' || IsSpace(point)) {
      return false;
    }
  }
  return true;
}

}  // namespace keyward::audit
