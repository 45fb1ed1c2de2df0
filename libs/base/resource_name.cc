// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/resource_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"

namespace keyward {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return IsLower(c) || IsUpper(c); }

template <typename Predicate>
bool AllOf(absl::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool IsProjectId(absl::string_view id) {
  return id.size() >= 3 && id.size() <= 63 && IsLower(id.front()) &&
         id.back() != '-' &&
         AllOf(id, [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

// "." and ".." are refused since tools that write secrets to files would
// step out of their folder.
bool IsSecretId(absl::string_view id) {
  return !id.empty() && id.size() <= 255 && id != "." && id != ".." &&
         AllOf(id, [](char c) {
           return IsAlpha(c) || IsDigit(c) || c == '_' || c == '.' || c == '-';
         });
}

bool IsNumber(absl::string_view id) {
  int64_t number = 0;
  return !id.empty() && AllOf(id, IsDigit) && id.front() != '0' &&
         absl::SimpleAtoi(id, &number);
}

bool IsNumberOrAlias(absl::string_view id) {
  if (IsNumber(id)) return true;
  return !id.empty() && id.size() <= 63 && IsAlpha(id.front()) &&
         AllOf(id, [](char c) {
           return IsAlpha(c) || IsDigit(c) || c == '_' || c == '-';
         });
}

bool IsRoleId(absl::string_view id) {
  return !id.empty() && id.size() <= 63 && IsLower(id.front()) &&
         AllOf(id, [](char c) {
           return IsAlpha(c) || IsDigit(c) || c == '.' || c == '-';
         });
}

bool IsRuleId(absl::string_view id) {
  return !id.empty() && id.size() <= 63 &&
         (IsLower(id.front()) || IsDigit(id.front())) && AllOf(id, [](char c) {
           return IsLower(c) || IsDigit(c) || c == '.' || c == '-';
         });
}

constexpr char kSecretRule[] =
    "an id must match [A-Za-z0-9_.-]{1,255} and be neither '.' nor '..'";
constexpr char kProjectRule[] =
    "a project id must match [a-z][a-z0-9-]{1,61}[a-z0-9]";
constexpr char kVersionRule[] =
    "a version must be a number from 1 without leading zeros, a stage, an "
    "alias or 'latest'";
constexpr char kKeyVersionRule[] =
    "a key's version must be a number from 1 without leading zeros";
constexpr char kRoleRule[] = "a role id must match [a-z][a-zA-Z0-9.-]{0,62}";
constexpr char kRuleRule[] = "an id must match [a-z0-9][a-z0-9.-]{0,62}";

// A step down the tree: under `parent` (absent: at the top), the segment
// `name` is followed by an id that gives a resource of `kind`.
struct Collection {
  absl::optional<ResourceKind> parent;
  absl::string_view name;
  ResourceKind kind;
  bool (*is_valid)(absl::string_view);
  const char* rule;
};

using K = ResourceKind;

constexpr Collection kCollections[] = {
    {absl::nullopt, "projects", K::kProject, IsProjectId, kProjectRule},
    {absl::nullopt, "roles", K::kRole, IsRoleId, kRoleRule},
    {K::kProject, "secrets", K::kSecret, IsSecretId, kSecretRule},
    {K::kSecret, "versions", K::kSecretVersion, IsNumberOrAlias, kVersionRule},
    {K::kProject, "keys", K::kKey, IsSecretId, kSecretRule},
    {K::kKey, "versions", K::kKeyVersion, IsNumber, kKeyVersionRule},
    {K::kProject, "connectors", K::kConnector, IsRuleId, kRuleRule},
    {K::kProject, "rotations", K::kRotation, IsRuleId, kRuleRule},
    {K::kProject, "roles", K::kRole, IsRoleId, kRoleRule},
    {K::kProject, "bindings", K::kBinding, IsRuleId, kRuleRule},
    {K::kProject, "denyRules", K::kDenyRule, IsRuleId, kRuleRule},
    {K::kSystem, "roles", K::kRole, IsRoleId, kRoleRule},
    {K::kSystem, "bindings", K::kBinding, IsRuleId, kRuleRule},
    {K::kSystem, "denyRules", K::kDenyRule, IsRuleId, kRuleRule},
};

const Collection* FindCollection(absl::optional<ResourceKind> parent,
                                 absl::string_view name) {
  for (const Collection& collection : kCollections) {
    if (collection.parent == parent && collection.name == name) {
      return &collection;
    }
  }
  return nullptr;
}

// Cuts the first segment off `*rest`, with the slash after it. The caller
// has refused empty segments and a slash at the end.
absl::string_view TakeSegment(absl::string_view* rest) {
  const size_t slash = rest->find('/');
  const absl::string_view segment = rest->substr(0, slash);
  *rest = slash == absl::string_view::npos ? absl::string_view()
                                           : rest->substr(slash + 1);
  return segment;
}

constexpr absl::string_view kSystemText = "system";

}  // namespace

absl::StatusOr<ResourceName> ResourceName::Parse(absl::string_view name,
                                                 absl::string_view field) {
  if (name.empty()) return FieldError(field, "must not be empty");
  if (name.size() > kMaxLength) {
    return FieldError(field, "must be at most 512 bytes long");
  }
  if (name.front() == '/' || name.back() == '/' ||
      absl::StrContains(name, "//")) {
    return FieldError(field, "must be a full resource name");
  }
  ResourceName result(name);
  absl::string_view rest = result.text_;
  absl::optional<ResourceKind> kind;
  const auto slice = [&result](absl::string_view part) {
    return Slice{static_cast<size_t>(part.data() - result.text_.data()),
                 part.size()};
  };
  if (rest == kSystemText || absl::StartsWith(rest, "system/")) {
    kind = ResourceKind::kSystem;
    result.id_ = slice(TakeSegment(&rest));
  }
  while (!rest.empty()) {
    const Collection* collection = FindCollection(kind, TakeSegment(&rest));
    if (collection == nullptr || rest.empty()) {
      return FieldError(field, "must be a full resource name");
    }
    const absl::string_view id = TakeSegment(&rest);
    if (!collection->is_valid(id)) return FieldError(field, collection->rule);
    kind = collection->kind;
    result.id_ = slice(id);
    if (*kind == ResourceKind::kProject) {
      result.project_ = result.id_;
    } else if (result.middle_.length == 0) {
      result.middle_ = result.id_;
    }
  }
  result.kind_ = *kind;
  return result;
}

ResourceName ResourceName::System() {
  ResourceName result(kSystemText);
  result.id_ = {0, kSystemText.size()};
  return result;
}

absl::StatusOr<ResourceName> ResourceName::Child(
    absl::string_view collection, absl::string_view id,
    absl::string_view field) const {
  // A project is listed under `system` and yet not named by it.
  absl::optional<ResourceKind> parent = kind_;
  std::string prefix = absl::StrCat(text_, "/");
  if (kind_ == ResourceKind::kSystem && collection == "projects") {
    parent = absl::nullopt;
    prefix.clear();
  }
  const Collection* found = FindCollection(parent, collection);
  if (found == nullptr) return FieldError(field, "has the wrong parent");
  if (!found->is_valid(id)) return FieldError(field, found->rule);
  return Parse(absl::StrCat(prefix, collection, "/", id), field);
}

absl::StatusOr<ResourceName> ResourceName::Version(int64_t number) const {
  return Child("versions", absl::StrCat(number), "version");
}

absl::string_view ResourceName::secret() const {
  return kind_ == ResourceKind::kSecret || kind_ == ResourceKind::kSecretVersion
             ? View(middle_)
             : absl::string_view();
}

absl::string_view ResourceName::key() const {
  return kind_ == ResourceKind::kKey || kind_ == ResourceKind::kKeyVersion
             ? View(middle_)
             : absl::string_view();
}

absl::string_view ResourceName::version() const {
  return kind_ == ResourceKind::kSecretVersion ||
                 kind_ == ResourceKind::kKeyVersion
             ? View(id_)
             : absl::string_view();
}

absl::optional<int64_t> ResourceName::version_number() const {
  int64_t number = 0;
  if (!IsNumber(version()) || !absl::SimpleAtoi(version(), &number)) {
    return absl::nullopt;
  }
  return number;
}

absl::optional<ResourceName> ResourceName::parent() const {
  if (kind_ == ResourceKind::kSystem) return absl::nullopt;
  // Without the last two segments, the collection and the id. What is left of
  // a well-formed name is empty or well formed.
  const absl::string_view text = text_;
  const size_t collection = text.rfind('/', id_.offset - 2);
  if (collection == absl::string_view::npos) return System();
  return Parse(text.substr(0, collection)).value();
}

bool ResourceName::IsAtOrBelow(const ResourceName& ancestor) const {
  if (ancestor.kind_ == ResourceKind::kSystem) return true;
  return text_ == ancestor.text_ || (text_.size() > ancestor.text_.size() &&
                                     text_[ancestor.text_.size()] == '/' &&
                                     absl::StartsWith(text_, ancestor.text_));
}

}  // namespace keyward
