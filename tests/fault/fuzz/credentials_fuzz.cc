// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The payload of a DATABASE_CREDENTIALS secret, against what another reader of
// JSON sees in it; its errors say nothing of it.

#include <string>

#include "absl/strings/match.h"
#include "libs/auth/strict_json.h"
#include "services/store/database_credentials.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using ::nlohmann::json;

bool IsText(const json& value) {
  return value.is_string() && !value.get<std::string>().empty();
}

// Whether it is as the contract says.
bool IsGood(const json& value) {
  if (!value.is_object()) return false;
  for (const auto& member : value.items()) {
    const std::string& name = member.key();
    if (name == "engine" || name == "host" || name == "username" ||
        name == "password") {
      if (!IsText(member.value())) return false;
    } else if (name == "port") {
      if (!member.value().is_number_integer()) return false;
      if (member.value() < 1 || member.value() > 65535) return false;
    } else if (name == "database") {
      if (!member.value().is_string()) return false;
    } else if (name == "params") {
      if (!member.value().is_object()) return false;
      for (const json& param : member.value()) {
        if (!param.is_string()) return false;
      }
    } else {
      return false;
    }
  }
  for (const char* const name :
       {"engine", "host", "port", "username", "password"}) {
    if (!value.contains(name)) return false;
  }
  return true;
}

void CheckPayload(absl::string_view text) {
  const absl::Status status = store::CheckDatabaseCredentials(text);
  // Refuses what is there twice, as tokens' JSON.
  const absl::StatusOr<json> value = auth::ParseStrictJson(text);
  FUZZ_CHECK(status.ok() == (value.ok() && IsGood(*value)));
  if (status.ok()) return;
  FUZZ_CHECK(absl::IsInvalidArgument(status));
  FUZZ_CHECK(absl::StartsWith(status.message(), "payload.data: "));
  FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyward::fuzz::CheckPayload(keyward::fuzz::Text(data, size));
  return 0;
}
