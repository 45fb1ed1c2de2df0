// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_LOADED_LIBRARY_H_
#define KEYWARD_LIBS_CRYPTO_LOADED_LIBRARY_H_

#include <cstdint>

namespace keyward::crypto {

// Where in memory a shared library lies: from the first byte of its first
// segment to the one after the last of its last. Both zero for a library that
// is not loaded; then nothing lies inside.
struct AddressRange {
  uintptr_t begin = 0;
  uintptr_t end = 0;

  bool Contains(const void* address) const {
    const auto value = reinterpret_cast<uintptr_t>(address);
    return begin <= value && value < end;
  }
};

// The range of the first loaded library whose file name begins with `prefix`
// ("libgrpc.so"). Allocates nothing. Safe for concurrent use.
AddressRange FindLoadedLibrary(const char* prefix);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_LOADED_LIBRARY_H_
