// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"

namespace keyward::policy {
namespace {

constexpr char kRule[] =
    "must be 'system', a project, a secret, key, connector or rotation, or a "
    "prefix of their names that ends in '*'";

constexpr absl::string_view kSystem = "system";

bool CanBeScope(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kSystem:
    case ResourceKind::kProject:
    case ResourceKind::kSecret:
    case ResourceKind::kKey:
    case ResourceKind::kConnector:
    case ResourceKind::kRotation:
      return true;
    // Versions: see the class. No action is checked on roles and rules.
    case ResourceKind::kSecretVersion:
    case ResourceKind::kKeyVersion:
    case ResourceKind::kRole:
    case ResourceKind::kBinding:
    case ResourceKind::kDenyRule:
      return false;
  }
  return false;
}

bool IsProjectPart(absl::string_view part) {
  return part.size() <= 63 && (part.empty() || absl::ascii_islower(part[0])) &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

bool IsResourcePart(absl::string_view part) {
  return part.size() <= 255 &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
         });
}

// `text` is without its '*'.
bool IsPrefixText(absl::string_view text) {
  const size_t slash = text.rfind('/');
  if (slash == absl::string_view::npos) return false;
  const absl::string_view collection = text.substr(0, slash);
  const absl::string_view part = text.substr(slash + 1);
  if (collection == "projects") return IsProjectPart(part);
  const size_t last = collection.rfind('/');
  if (last == absl::string_view::npos) return false;
  const absl::StatusOr<ResourceName> parent =
      ResourceName::Parse(collection.substr(0, last));
  if (!parent.ok() || parent->kind() != ResourceKind::kProject) return false;
  const absl::string_view name = collection.substr(last + 1);
  return (name == "secrets" || name == "keys" || name == "connectors" ||
          name == "rotations") &&
         IsResourcePart(part);
}

// `name` is `ancestor` or a name below it.
bool IsAtOrBelow(absl::string_view name, absl::string_view ancestor) {
  if (ancestor == kSystem) return true;
  return absl::StartsWith(name, ancestor) &&
         (name.size() == ancestor.size() || name[ancestor.size()] == '/');
}

}  // namespace

absl::StatusOr<Scope> Scope::Parse(absl::string_view text,
                                   absl::string_view field) {
  if (text.size() > ResourceName::kMaxLength) return FieldError(field, kRule);
  if (absl::EndsWith(text, "*")) {
    text.remove_suffix(1);
    if (!IsPrefixText(text)) return FieldError(field, kRule);
    return Scope(std::string(text), /*is_prefix=*/true);
  }
  const absl::StatusOr<ResourceName> name = ResourceName::Parse(text, field);
  if (!name.ok()) return name.status();
  if (!CanBeScope(name->kind())) return FieldError(field, kRule);
  return Scope(std::string(text), /*is_prefix=*/false);
}

Scope Scope::Of(const ResourceName& resource) {
  return Scope(resource.ToString(), /*is_prefix=*/false);
}

std::string Scope::ToString() const {
  return is_prefix_ ? absl::StrCat(text_, "*") : text_;
}

bool Scope::Contains(const ResourceName& resource) const {
  if (is_prefix_) return absl::StartsWith(resource.ToString(), text_);
  return IsAtOrBelow(resource.ToString(), text_);
}

bool Scope::Covers(const Scope& other) const {
  if (is_prefix_) return absl::StartsWith(other.text_, text_);
  if (text_ == kSystem) return true;
  // `projects/p*` holds for `projects/pq` too, which `projects/p` does not.
  if (other.is_prefix_ && other.text_.size() == text_.size()) return false;
  return IsAtOrBelow(other.text_, text_);
}

}  // namespace keyward::policy
