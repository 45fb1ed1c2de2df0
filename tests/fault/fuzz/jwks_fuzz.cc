// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Key sets of issuers, and the JSON that they and tokens are written in.

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/jwk_set.h"
#include "libs/auth/strict_json.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using auth::JwkSet;
using ::nlohmann::json;

size_t Depth(const json& value) {
  size_t deepest = 0;
  if (!value.is_structured()) return 0;
  for (const json& element : value) deepest = std::max(deepest, Depth(element));
  return deepest + 1;
}

void CheckJson(absl::string_view text) {
  const absl::StatusOr<json> value = auth::ParseStrictJson(text);
  if (!value.ok()) {
    FUZZ_CHECK(!absl::StrContains(value.status().message(), kCanary));
    return;
  }
  FUZZ_CHECK(value->is_object());
  FUZZ_CHECK(Depth(*value) <= auth::kMaxJsonDepth);
  const absl::StatusOr<json> again = auth::ParseStrictJson(value->dump());
  FUZZ_CHECK(again.ok());
  // A number such as -0.0 or 1e-400 may be written in another way.
  FUZZ_CHECK(again->dump() == value->dump());
}

void CheckKeySet(absl::string_view text) {
  const auto set = JwkSet::Parse(text);
  if (!set.ok()) {
    FUZZ_CHECK(!absl::StrContains(set.status().message(), kCanary));
    return;
  }
  const json keys = auth::ParseStrictJson(text).value()["keys"];
  FUZZ_CHECK(keys.is_array() && keys.size() <= JwkSet::kMaxKeys);
  FUZZ_CHECK((*set)->size() >= 1 && (*set)->size() <= keys.size());
  size_t anonymous = 0;
  for (const json& key : keys) {
    // What was left in a public set by mistake is noticed, not used.
    FUZZ_CHECK(!key.contains("d") && key.value("kty", json()) != "oct");
    if (!key.contains("kid")) ++anonymous;
  }
  FUZZ_CHECK((*set)->size() == 1 || anonymous <= keys.size() - (*set)->size());
  // A key without a name is chosen only where there is no other.
  const crypto::Sha256Digest none{};
  const absl::Status status =
      (*set)->CheckKey(auth::JwsAlgorithm::kEs256, absl::nullopt, none);
  FUZZ_CHECK(!status.ok());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckJson(Text(data, size));
  CheckKeySet(Text(data, size));
  return 0;
}
