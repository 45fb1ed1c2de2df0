// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/parent_etag.h"

#include "absl/strings/escaping.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/sha256.h"

namespace keyward::policy_service {
namespace {

// Enough that two states of a parent do not meet by chance. An etag guards
// against lost updates, not against forgers, who hold policy.apply anyway.
constexpr size_t kEtagBytes = 8;

}  // namespace

std::string ParentEtag(const DurablePolicy& policy, const std::string& parent) {
  const policy::v1::Project* project = policy.state->FindProject(parent);
  const crypto::Sha256Digest digest =
      crypto::Sha256(crypto::LengthPrefixed()
                         .Add(project == nullptr ? parent : project->uid())
                         .AddNumber(policy.GenerationOf(parent))
                         .bytes());
  return absl::WebSafeBase64Escape(
      crypto::AsBytes(digest).substr(0, kEtagBytes));
}

absl::Status CheckParentEtag(absl::string_view etag,
                             absl::string_view present) {
  if (etag.empty() || etag == present) return absl::OkStatus();
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(etag, &bytes) ||
      bytes.size() != kEtagBytes || absl::WebSafeBase64Escape(bytes) != etag) {
    return FieldError("etag", "must be an etag that GetPolicy has given");
  }
  return MakeError(absl::StatusCode::kAborted, kEtagMismatch,
                   "the policy of this parent was changed meanwhile: read it "
                   "again");
}

}  // namespace keyward::policy_service
