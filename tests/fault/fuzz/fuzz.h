// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_FUZZ_FUZZ_H_
#define KEYWARD_TESTS_FAULT_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

// The one function of a target. libFuzzer calls it with bytes that it makes
// up, corpus_test.cc with those of the corpus and what is near them. It hands
// them to parsers and checks what those promise of any bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Ends the process, which is how a fuzzer learns of a broken promise, unless
// `condition` is true.
#define FUZZ_CHECK(condition)                                \
  do {                                                       \
    if (!(condition)) {                                      \
      ::keyward::fuzz::Fail(__FILE__, __LINE__, #condition); \
    }                                                        \
  } while (false)

namespace keyward::fuzz {

[[noreturn]] void Fail(const char* file, int line, const char* condition);

// The input as text; valid as long as `data`, which may be null if there is
// none of it.
inline absl::string_view Text(const uint8_t* data, size_t size) {
  if (size == 0) return "";
  return {reinterpret_cast<const char*>(data), size};
}

// What stands in the seeds where people paste secrets. No message of an error
// may have it, however the bytes around it were changed.
inline constexpr char kCanary[] = "canary7f3a";

// The input as choices, for targets that build what they test from it. Once
// the input is used up every choice is 0.
class Choices {
 public:
  explicit Choices(absl::string_view input) : rest_(input) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte();

  // A number below `bound`, which is 1 to 65,536.
  size_t Below(size_t bound);

  // The next `count` bytes, fewer where there are no more.
  absl::string_view Bytes(size_t count);

 private:
  absl::string_view rest_;
};

}  // namespace keyward::fuzz

#endif  // KEYWARD_TESTS_FAULT_FUZZ_FUZZ_H_
