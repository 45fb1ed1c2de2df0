// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// One scalar value of a configuration file: its type and its rule.

#ifndef KEYWARD_LIBS_CONFIG_SCALAR_DECODER_H_
#define KEYWARD_LIBS_CONFIG_SCALAR_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "proto/keyward/config/v1/field_rule.pb.h"

namespace keyward::config {

// A string value that is longer is not a setting.
inline constexpr size_t kMaxStringBytes = 4096;

// A scalar as the file has it.
struct ScalarText {
  absl::string_view text;
  bool quoted = false;
};

// Each function answers the value, or INVALID_ARGUMENT whose message is the
// rule that the value breaks ("must be between 1 and 64"), without the value
// and without a position. Pure. The rules' own texts are trusted: a rule whose
// bounds do not parse refuses every value.

absl::StatusOr<std::string> DecodeString(ScalarText scalar,
                                         const v1::FieldRule& rule);
absl::StatusOr<bool> DecodeBool(ScalarText scalar);
absl::StatusOr<int64_t> DecodeSigned(ScalarText scalar, int64_t least,
                                     int64_t greatest,
                                     const v1::FieldRule& rule);
absl::StatusOr<uint64_t> DecodeUnsigned(ScalarText scalar, uint64_t greatest,
                                        const v1::FieldRule& rule);
absl::StatusOr<absl::Duration> DecodeDuration(ScalarText scalar,
                                              const v1::FieldRule& rule);

// The number of the enum value that the file calls by its last word in lower
// case. The zero value has no name in a file.
absl::StatusOr<int> DecodeEnum(ScalarText scalar,
                               const google::protobuf::EnumDescriptor& type);

// Checks a string against the rule's pattern alone, as keys of maps are.
absl::Status CheckPattern(absl::string_view text, const v1::FieldRule& rule);

}  // namespace keyward::config

#endif  // KEYWARD_LIBS_CONFIG_SCALAR_DECODER_H_
