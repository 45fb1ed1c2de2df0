// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What clients carry for the services and must not make up: page tokens,
// positions of a watch, etags. Nothing is taken that was not made here, in one
// spelling, for exactly this use.

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/call.h"
#include "services/audit/page_token.h"
#include "services/policy/page_tokens.h"
#include "services/policy/parent_etag.h"
#include "services/store/etag.h"
#include "services/store/event_position.h"
#include "services/store/opaque_token.h"
#include "services/store/page_token.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using crypto::SecretBuffer;

SecretBuffer KeyOf(char fill) {
  return SecretBuffer::CopyOf(std::string(32, fill));
}

// Refused with the reason that programs begin a list again for.
void CheckRefused(const absl::Status& status) {
  FUZZ_CHECK(absl::IsInvalidArgument(status));
  FUZZ_CHECK(ErrorReason(status) == kPageTokenInvalid);
  FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
}

// The corpus has the token of `content` for `scope`, FORMAT.md's.
void CheckStoreToken(absl::string_view token) {
  static const store::OpaqueToken& tokens = *new store::OpaqueToken(KeyOf('t'));
  const auto content = tokens.Open("scope", token);
  if (content.ok()) {
    FUZZ_CHECK(*content == "content");
    FUZZ_CHECK(tokens.Make("scope", *content).value() == token);
  }
  FUZZ_CHECK(!tokens.Open("scop", token).ok());
  const auto place = store::OpenPageToken(tokens, "scope", token);
  FUZZ_CHECK(place.ok() == (content.ok() || token.empty()));
  if (!place.ok()) CheckRefused(place.status());

  static const store::EventPositions& positions =
      *new store::EventPositions(&tokens, "incarnation-16by");
  const auto number = positions.Decode("puid1", token);
  if (number.ok()) {
    FUZZ_CHECK(*number == 258);
    FUZZ_CHECK(positions.Encode("puid1", *number).value() == token);
  } else {
    FUZZ_CHECK(absl::IsInvalidArgument(number.status()) ||
               ErrorReason(number.status()) == kPositionForeign);
  }
  FUZZ_CHECK(!positions.Decode("puid2", token).ok());
}

void CheckAuditToken(absl::string_view token) {
  static const SecretBuffer& key = *new SecretBuffer(KeyOf('k'));
  const auto position =
      audit_service::ReadPageToken(key, "alice", "query", token);
  if (position.ok()) {
    FUZZ_CHECK(*position == 77);
    FUZZ_CHECK(
        audit_service::MakePageToken(key, "alice", "query", 77).value() ==
        token);
  } else {
    CheckRefused(position.status());
  }
  FUZZ_CHECK(!audit_service::ReadPageToken(key, "alic", "equery", token).ok());
}

void CheckPolicyToken(absl::string_view token) {
  static const policy_service::PageTokens& tokens = *[] {
    crypto::FakeRandom random;
    return policy_service::PageTokens::Create(random).value().release();
  }();
  rpc::CallContext context;
  context.principal = "alice";
  context.method = "m";
  static const std::string& good =
      *new std::string(tokens.Make(context, "system", "place").value());
  const auto place = tokens.Open(context, "system", token);
  if (place.ok()) {
    FUZZ_CHECK(token.empty() || token == good);
  } else {
    CheckRefused(place.status());
  }
  // Its key is the process's own, so no corpus has it: near the good one, by
  // what the input says.
  std::string near = good;
  for (size_t i = 0; i + 1 < token.size(); i += 2) {
    near[static_cast<uint8_t>(token[i]) % near.size()] = token[i + 1];
  }
  FUZZ_CHECK(tokens.Open(context, "system", near).ok() == (near == good));
}

void CheckEtags(absl::string_view etag) {
  const std::string present = store::MakeEtag("uid1", 3);
  for (const absl::Status& status :
       {store::CheckEtag("etag", etag, present),
        policy_service::CheckParentEtag(etag, present)}) {
    if (status.ok()) {
      FUZZ_CHECK(etag.empty() || etag == present);
      continue;
    }
    FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
    // A lost race, unless it can never have been an etag.
    std::string bytes;
    const bool is_etag = absl::WebSafeBase64Unescape(etag, &bytes) &&
                         bytes.size() == 8 &&
                         absl::WebSafeBase64Escape(bytes) == etag;
    FUZZ_CHECK(absl::IsAborted(status) == is_etag);
    FUZZ_CHECK(absl::IsInvalidArgument(status) == !is_etag);
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckStoreToken(Text(data, size));
  CheckAuditToken(Text(data, size));
  CheckPolicyToken(Text(data, size));
  CheckEtags(Text(data, size));
  return 0;
}
