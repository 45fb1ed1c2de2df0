// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_JSON_OUTPUT_H_
#define KEYWARD_SERVICES_CLI_JSON_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace keyward::cli {

// What `--output json` prints. Field names are those of the contracts in
// protobuf's JSON form (lowerCamelCase, 64-bit numbers as strings, enums by
// name), and fields that are not set are there with their default, so that a
// program never has to ask whether one is.
//
// Pure functions.

using Json = nlohmann::ordered_json;

// `message` as JSON. INTERNAL if its type can hold plaintext of a secret: JSON
// ends up in logs and pipes, so no value ever passes through here, whatever a
// command does.
absl::StatusOr<Json> ToJson(const google::protobuf::Message& message);

// Indented, for one object; ends in a line break.
std::string JsonText(const Json& json);

// In one line, for streams; ends in a line break.
std::string JsonLine(const Json& json);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_JSON_OUTPUT_H_
