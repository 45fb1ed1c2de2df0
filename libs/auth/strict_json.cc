// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace keyward::auth {
namespace {

using Event = nlohmann::json::parse_event_t;

// Watches the parser's events for what JSON allows and we do not.
class Strictness {
 public:
  // Whether the parser should keep what it has just read.
  bool Accept(Event event, const nlohmann::json& value) {
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        members_.emplace_back();
        if (members_.size() > kMaxJsonDepth) too_deep_ = true;
        break;
      case Event::object_end:
      case Event::array_end:
        members_.pop_back();
        break;
      case Event::key:
        if (!members_.back().insert(value.get<std::string>()).second) {
          duplicate_ = true;
        }
        break;
      case Event::value:
        break;
    }
    return true;
  }

  absl::Status status() const {
    if (too_deep_) {
      return absl::InvalidArgumentError("JSON is nested too deeply");
    }
    if (duplicate_) {
      return absl::InvalidArgumentError("a JSON object has a member twice");
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::set<std::string>> members_;
  bool too_deep_ = false;
  bool duplicate_ = false;
};

}  // namespace

absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view bytes) {
  Strictness strictness;
  nlohmann::json value = nlohmann::json::parse(
      bytes.begin(), bytes.end(),
      [&strictness](int, Event event, const nlohmann::json& parsed) {
        return strictness.Accept(event, parsed);
      },
      /*allow_exceptions=*/false, /*ignore_comments=*/false);
  if (value.is_discarded()) {
    return absl::InvalidArgumentError("malformed JSON");
  }
  absl::Status status = strictness.status();
  if (!status.ok()) return status;
  if (!value.is_object()) {
    return absl::InvalidArgumentError("the JSON must be an object");
  }
  return value;
}

}  // namespace keyward::auth
