// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/resolve_version.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::secrets::v1::Stage;

absl::Status NoVersion(absl::string_view what) {
  return MakeError(absl::StatusCode::kNotFound, kNotFound,
                   absl::StrCat("the secret has ", what));
}

absl::StatusOr<int64_t> Staged(int64_t number, absl::string_view stage) {
  if (number != 0) return number;
  return NoVersion(absl::StrCat("no ", stage, " version"));
}

absl::StatusOr<int64_t> Numbered(const SecretRecord& secret,
                                 absl::string_view segment) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(segment, &number) || number < 1 ||
      number >= secret.next_version()) {
    return NoVersion("no version of this number");
  }
  return number;
}

}  // namespace

bool IsReservedVersionName(absl::string_view name) {
  return name == kCurrentName || name == kPendingName ||
         name == kPreviousName || name == kLatestName;
}

absl::StatusOr<int64_t> ResolveVersion(const SecretRecord& secret,
                                       absl::string_view segment) {
  if (segment.empty() || segment == kCurrentName) {
    return Staged(secret.current_version(), kCurrentName);
  }
  if (absl::ascii_isdigit(static_cast<unsigned char>(segment.front()))) {
    return Numbered(secret, segment);
  }
  if (segment == kPendingName) {
    return Staged(secret.pending_version(), kPendingName);
  }
  if (segment == kPreviousName) {
    return Staged(secret.previous_version(), kPreviousName);
  }
  if (segment == kLatestName) {
    return Staged(secret.latest_version(), kLatestName);
  }
  const auto alias = secret.version_aliases().find(std::string(segment));
  if (alias == secret.version_aliases().end()) {
    return NoVersion("no version alias of this name");
  }
  return alias->second;
}

std::vector<Stage> StagesOf(const SecretRecord& secret, int64_t number) {
  std::vector<Stage> stages;
  if (number == 0) return stages;
  if (secret.current_version() == number) {
    stages.push_back(keyward::secrets::v1::STAGE_CURRENT);
  }
  if (secret.pending_version() == number) {
    stages.push_back(keyward::secrets::v1::STAGE_PENDING);
  }
  if (secret.previous_version() == number) {
    stages.push_back(keyward::secrets::v1::STAGE_PREVIOUS);
  }
  return stages;
}

void MakeCurrent(int64_t number, SecretRecord* secret) {
  if (secret->pending_version() == number) secret->set_pending_version(0);
  if (secret->current_version() == number) return;
  secret->set_previous_version(secret->current_version());
  secret->set_current_version(number);
  secret->set_latest_version(std::max(secret->latest_version(), number));
}

}  // namespace keyward::store
