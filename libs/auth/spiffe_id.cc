// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/spiffe_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keyward::auth {
namespace {

bool IsPathCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '-' || c == '_';
}

bool IsDomainCharacter(char c) {
  return IsPathCharacter(c) &&
         !absl::ascii_isupper(static_cast<unsigned char>(c));
}

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

absl::Status CheckPath(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "/")) {
    return Broken("a workload's SPIFFE id must have a path");
  }
  for (absl::string_view segment : absl::StrSplit(path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") {
      return Broken(
          "a SPIFFE id's path must not have empty, \".\" or \"..\" "
          "segments");
    }
    if (!std::all_of(segment.begin(), segment.end(), IsPathCharacter)) {
      return Broken("a SPIFFE id's path must consist of A-Z a-z 0-9 . - _");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTrustDomain(absl::string_view name) {
  if (name.empty() || name.size() > SpiffeId::kMaxTrustDomainBytes ||
      !std::all_of(name.begin(), name.end(), IsDomainCharacter)) {
    return Broken("a SPIFFE trust domain must be 1 to 255 of a-z 0-9 . - _");
  }
  return absl::OkStatus();
}

absl::StatusOr<SpiffeId> SpiffeId::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return Broken("a SPIFFE id must be at most 256 bytes");
  }
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "spiffe://")) {
    return Broken("a SPIFFE id must begin with spiffe://");
  }
  const absl::string_view domain = rest.substr(0, rest.find('/'));
  absl::Status status = CheckTrustDomain(domain);
  if (status.ok()) status = CheckPath(rest.substr(domain.size()));
  if (!status.ok()) return status;
  return SpiffeId(std::string(text), domain.size());
}

}  // namespace keyward::auth
