// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Looks for millions of short byte strings at once, for needles.py: the pieces
// of every value that a test has planted, as they are, in hexadecimal digits
// and in base64. What is found is compared byte for byte; nothing is guessed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

// By which a needle is found; the rest is compared then.
constexpr size_t kKeyBytes = 8;
constexpr size_t kMaxNeedle = 16;
// Raw bytes in an encoded needle.
constexpr size_t kEncoded = 8;

// In this order in needles.py.
enum Form : uint8_t { kRaw, kHex, kUpperHex, kBase64, kBase64Url };

struct Needle {
  uint64_t key = 0;
  uint64_t rest = 0;
  uint32_t value = 0;
  uint32_t offset = 0;
  uint8_t size = 0;
  Form form = kRaw;
};

uint64_t Load(const uint8_t* bytes, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

uint64_t Hash(uint64_t key) {
  key *= 0x9e3779b97f4a7c15u;
  return key ^ (key >> 32);
}

std::string Hex(std::string_view raw, const char* digits) {
  std::string text;
  for (const unsigned char byte : raw) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

// The digits of base64 that depend on nothing but `raw`, if it stands `shift`
// bytes after a multiple of three.
std::string Base64(std::string_view raw, size_t shift, const char* last_two) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::string padded = std::string(shift, '\0') + std::string(raw);
  std::string text;
  for (size_t bit = (8 * shift + 5) / 6 * 6; bit + 6 <= 8 * padded.size();
       bit += 6) {
    const auto at = [&](size_t i) {
      return i < padded.size() ? static_cast<uint8_t>(padded[i]) : 0u;
    };
    const uint32_t two = at(bit / 8) << 8 | at(bit / 8 + 1);
    const uint32_t digit = two >> (10 - bit % 8) & 63;
    text += digit < 62 ? kDigits[digit] : last_two[digit - 62];
  }
  return text;
}

class Needles {
 public:
  // Each piece of `window` bytes that begins at a multiple of `stride`.
  void Add(const uint8_t* bytes, size_t size, size_t stride, size_t window,
           uint32_t value) {
    const std::string_view all(reinterpret_cast<const char*>(bytes), size);
    for (size_t offset = 0; offset + window <= size; offset += stride) {
      AddPiece(all.substr(offset, window), value,
               static_cast<uint32_t>(offset));
    }
    built_ = false;
  }

  // Calls found(needle, place) for each needle at each place.
  template <typename Found>
  void Find(const uint8_t* data, size_t size, Found found) {
    if (!built_) Build();
    for (size_t place = 0; place + kKeyBytes <= size; ++place) {
      // The table is far larger than a cache.
      if (const size_t ahead = place + kAhead; ahead + kKeyBytes <= size) {
        __builtin_prefetch(
            &bits_[(Hash(Load(data + ahead, kKeyBytes)) & kBitMask) / 64]);
      }
      const uint64_t key = Load(data + place, kKeyBytes);
      if (key == 0) continue;
      const uint64_t bit = Hash(key) & kBitMask;
      if ((bits_[bit / 64] >> (bit % 64) & 1) == 0) continue;
      const auto last = std::upper_bound(
          needles_.begin(), needles_.end(), key,
          [](uint64_t k, const Needle& needle) { return k < needle.key; });
      for (auto it = last; it != needles_.begin() && (it - 1)->key == key;) {
        --it;
        const size_t rest = it->size - kKeyBytes;
        if (place + it->size <= size &&
            Load(data + place + kKeyBytes, rest) == it->rest) {
          found(*it, place);
        }
      }
    }
  }

  size_t size() const { return needles_.size(); }

 private:
  static constexpr uint64_t kBitMask = (uint64_t{1} << 28) - 1;
  static constexpr size_t kAhead = 24;

  void AddPiece(std::string_view piece, uint32_t value, uint32_t offset) {
    const std::string_view start = piece.substr(0, kEncoded);
    AddNeedle(std::string(piece.substr(0, kMaxNeedle)), kRaw, value, offset);
    AddNeedle(Hex(start, "0123456789abcdef"), kHex, value, offset);
    AddNeedle(Hex(start, "0123456789ABCDEF"), kUpperHex, value, offset);
    for (size_t shift = 0; shift < 3; ++shift) {
      const std::string text = Base64(start, shift, "+/");
      const std::string for_urls = Base64(start, shift, "-_");
      AddNeedle(text, kBase64, value, offset);
      if (for_urls != text) AddNeedle(for_urls, kBase64Url, value, offset);
    }
  }

  void AddNeedle(const std::string& text, Form form, uint32_t value,
                 uint32_t offset) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
    Needle needle;
    needle.key = Load(bytes, kKeyBytes);
    needle.rest = Load(bytes + kKeyBytes, text.size() - kKeyBytes);
    needle.value = value;
    needle.offset = offset;
    needle.size = static_cast<uint8_t>(text.size());
    needle.form = form;
    needles_.push_back(needle);
  }

  void Build() {
    std::sort(needles_.begin(), needles_.end(),
              [](const Needle& a, const Needle& b) { return a.key < b.key; });
    bits_.assign((kBitMask + 1) / 64, 0);
    for (const Needle& needle : needles_) {
      const uint64_t bit = Hash(needle.key) & kBitMask;
      bits_[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    built_ = true;
  }

  std::vector<Needle> needles_;
  std::vector<uint64_t> bits_;
  bool built_ = false;
};

}  // namespace

extern "C" {

struct Hit {
  uint64_t place;
  uint32_t value;
  uint32_t offset;
  uint32_t form;
};

void* needles_new() { return new Needles; }

void needles_delete(void* needles) { delete static_cast<Needles*>(needles); }

void needles_add(void* needles, const uint8_t* bytes, uint64_t size,
                 uint64_t stride, uint64_t window, uint32_t value) {
  static_cast<Needles*>(needles)->Add(bytes, size, stride, window, value);
}

uint64_t needles_count(const void* needles) {
  return static_cast<const Needles*>(needles)->size();
}

// How many there are; the first `most` of them are written to `hits`.
uint64_t needles_find(void* needles, const uint8_t* data, uint64_t size,
                      Hit* hits, uint64_t most) {
  uint64_t count = 0;
  static_cast<Needles*>(needles)->Find(
      data, size, [&](const Needle& needle, size_t place) {
        if (count < most) {
          hits[count] = {place, needle.value, needle.offset, needle.form};
        }
        ++count;
      });
  return count;
}

}  // extern "C"
