// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_WIPE_H_
#define KEYWARD_LIBS_CRYPTO_WIPE_H_

#include <cstddef>
#include <string>

namespace keyward::crypto {

// Overwriting of memory that held a secret, in a way that the compiler cannot
// leave out although nothing reads the memory afterwards.

// Overwrites the `size` bytes at `data` with zeros. `data` may be null if
// `size` is 0.
void WipeBytes(void* data, size_t size);

// Overwrites all memory that `*text` owns, beyond its size up to its capacity
// too (a secret that was shortened in place is still there), and leaves it
// empty. It cannot reach copies that were left behind when the string grew:
// size such strings before filling them.
void WipeString(std::string* text);

// Wipes a string at the end of a scope, on every path out of it. For the
// places where protobuf or gRPC leaves no choice but a std::string:
//
//   std::string json = ...;
//   WipingString wipe_json(&json);
//
// Does not own the string, which must outlive it.
class WipingString {
 public:
  explicit WipingString(std::string* text) : text_(text) {}
  ~WipingString() { WipeString(text_); }

  WipingString(const WipingString&) = delete;
  WipingString& operator=(const WipingString&) = delete;

 private:
  std::string* const text_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_WIPE_H_
