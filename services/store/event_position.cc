// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_position.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/byte_order.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::store {
namespace {

std::string Scope(absl::string_view project_uid) {
  return crypto::LengthPrefixed().Add("position").Add(project_uid).bytes();
}

absl::Status Foreign() {
  return MakeError(absl::StatusCode::kFailedPrecondition, kPositionForeign,
                   "position: is of another installation, or from before this "
                   "one was restored; list again and watch from there");
}

}  // namespace

absl::StatusOr<std::string> EventPositions::Encode(
    absl::string_view project_uid, uint64_t number) const {
  return tokens_->Make(Scope(project_uid),
                       absl::StrCat(incarnation_, BigEndian64(number)));
}

absl::StatusOr<uint64_t> EventPositions::Decode(
    absl::string_view project_uid, absl::string_view position) const {
  const absl::Status refusal =
      FieldError("position",
                 "must be one that the server has given for this "
                 "project");
  absl::StatusOr<std::string> content = OpaqueToken::PeekContent(position);
  if (!content.ok() || content->size() != incarnation_.size() + 8) {
    return refusal;
  }
  // Before the MAC: another installation's has another key too.
  if (!absl::StartsWith(*content, incarnation_)) return Foreign();
  content = tokens_->Open(Scope(project_uid), position);
  if (absl::IsUnauthenticated(content.status())) return refusal;
  if (!content.ok()) return content.status();
  absl::string_view number =
      absl::string_view(*content).substr(incarnation_.size());
  return TakeBigEndian64(&number);
}

}  // namespace keyward::store
