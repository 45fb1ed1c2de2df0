// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The check of a write-ahead log before it is replayed (P4): a log that was cut
// by a loss of power opens, one in which a bit fell over does not. The input
// is a log or, after a first byte of zero, choices that one is made of.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/crypto/crc32c.h"
#include "libs/kv/log_check.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

constexpr size_t kBlock = 32768;
constexpr size_t kHeader = 7;
constexpr int kMaxRecords = 6;

// A record of the file; a long one of a commit is cut into several.
struct Fragment {
  size_t begin = 0;
  size_t end = 0;
  bool begins = false;  // FULL or FIRST
};

class Log {
 public:
  void Append(const std::string& data) {
    size_t at = 0;
    for (bool done = false; !done;) {
      const size_t left = kBlock - bytes_.size() % kBlock;
      if (left < kHeader) {
        bytes_.append(left, '\0');
        continue;
      }
      const size_t size = std::min(data.size() - at, left - kHeader);
      const bool begins = at == 0 && !begun_;
      done = at + size == data.size();
      // FULL 1, FIRST 2, MIDDLE 3, LAST 4.
      const char type = begins ? (done ? 1 : 2) : (done ? 4 : 3);
      fragments_.push_back(
          {bytes_.size(), bytes_.size() + kHeader + size, begins});
      AppendFragment(type, data.substr(at, size));
      begun_ = !done;
      at += size;
    }
  }

  const std::string& bytes() const { return bytes_; }
  const std::vector<Fragment>& fragments() const { return fragments_; }

 private:
  void AppendFragment(char type, const std::string& data) {
    uint32_t crc = crypto::Crc32c(type + data);
    crc = ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    for (int shift = 0; shift < 32; shift += 8) {
      bytes_.push_back(static_cast<char>(crc >> shift));
    }
    bytes_.push_back(static_cast<char>(data.size()));
    bytes_.push_back(static_cast<char>(data.size() >> 8));
    bytes_.push_back(type);
    bytes_ += data;
  }

  std::string bytes_;
  std::vector<Fragment> fragments_;
  bool begun_ = false;
};

void CheckDamaged(Choices* choices, const Log& log) {
  std::string bytes = log.bytes();
  const size_t chosen = choices->Below(log.fragments().size());
  const Fragment& hit = log.fragments()[chosen];
  const size_t at = hit.begin + choices->Below(hit.end - hit.begin);
  bytes[at] ^= static_cast<char>(1 << choices->Below(8));
  bool followed = false;
  for (size_t i = chosen + 1; i < log.fragments().size(); ++i) {
    followed = followed || log.fragments()[i].begins;
  }
  const absl::Status status = kv::CheckLog(bytes);
  // Where another commit follows it was acknowledged, and this one with it.
  if (followed) FUZZ_CHECK(absl::IsDataLoss(status));
  // The last commit's length alone: whole, and not to be given up.
  const bool only_length = at == hit.begin + 4 || at == hit.begin + 5;
  if (chosen + 1 == log.fragments().size() && only_length) {
    FUZZ_CHECK(absl::IsDataLoss(status));
  }
}

void CheckMade(Choices choices) {
  Log log;
  const int records = 1 + static_cast<int>(choices.Below(kMaxRecords));
  for (int i = 0; i < records; ++i) {
    // Mostly short, some over several blocks. The content has no record in it.
    const size_t size =
        choices.Below(16) == 0 ? choices.Below(65536) : choices.Below(200);
    log.Append(std::string(size, static_cast<char>('a' + i)));
  }
  FUZZ_CHECK(kv::CheckLog(log.bytes()).ok());
  const std::string torn = log.bytes().substr(
      0, choices.Below(std::min<size_t>(log.bytes().size(), 65536)));
  FUZZ_CHECK(kv::CheckLog(torn).ok());
  // As a file system may leave what was never written.
  FUZZ_CHECK(kv::CheckLog(torn + std::string(choices.Byte(), '\0')).ok());
  CheckDamaged(&choices, log);
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  if (!text.empty() && text[0] == '\0') {
    CheckMade(Choices(text.substr(1)));
    return 0;
  }
  const absl::Status status = keyward::kv::CheckLog(text);
  FUZZ_CHECK(status.ok() || absl::IsDataLoss(status));
  return 0;
}
