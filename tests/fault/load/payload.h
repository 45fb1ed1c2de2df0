// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_LOAD_PAYLOAD_H_
#define KEYWARD_TESTS_FAULT_LOAD_PAYLOAD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace keyward::fault {

// The bytes that are written as `value` into `secret`: at most 1 KiB, whose
// number depends on the value, and every one of them on both.
std::string PayloadOf(absl::string_view secret, uint64_t value);

// The value whose bytes these are; 0, which nobody writes, if they are not
// exactly those of one.
uint64_t ValueOf(absl::string_view secret, absl::string_view payload);

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_PAYLOAD_H_
