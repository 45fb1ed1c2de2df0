// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/wipe.h"

#include <string.h>

#include <cstddef>
#include <string>

namespace keyward::crypto {

void WipeBytes(void* data, size_t size) {
  if (size != 0) explicit_bzero(data, size);
}

void WipeString(std::string* text) {
  // Growing within the capacity moves nothing and makes all of it writable.
  text->resize(text->capacity());
  WipeBytes(&(*text)[0], text->size());
  text->clear();
}

}  // namespace keyward::crypto
