// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/entry_validation.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/principal.h"
#include "libs/base/error.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/policy_model.h"
#include "libs/policy/scope.h"

namespace keyward::policy {
namespace {

constexpr char kEveryone[] = "*";
constexpr char kEveryAction[] = "*";

std::string Path(absl::string_view field, absl::string_view name) {
  return absl::StrCat(field, ".", name);
}

std::string Element(absl::string_view field, absl::string_view name, int i) {
  return absl::StrCat(field, ".", name, "[", i, "]");
}

absl::Status ValidateName(absl::string_view name, ResourceKind kind,
                          absl::string_view parent, absl::string_view field) {
  const absl::StatusOr<ResourceName> parsed = ResourceName::Parse(name, field);
  if (!parsed.ok()) return parsed.status();
  if (parsed->kind() != kind || ParentOf(name) != parent) {
    return FieldError(field, "must be the name of such an entry under parent");
  }
  return absl::OkStatus();
}

absl::Status ValidateResource(absl::string_view resource,
                              absl::string_view parent,
                              absl::string_view field) {
  const absl::StatusOr<Scope> scope = Scope::Parse(resource, field);
  if (!scope.ok()) return scope.status();
  const absl::StatusOr<ResourceName> above = ResourceName::Parse(parent);
  if (!above.ok()) return above.status();
  if (!Scope::Of(*above).Covers(*scope)) {
    return FieldError(field, "must lie at or below parent");
  }
  return absl::OkStatus();
}

template <typename Values>
absl::Status ValidateDistinct(const Values& values, int least, int most,
                              absl::string_view field) {
  if (values.size() < least || values.size() > most) {
    return FieldError(
        field, absl::StrCat("must have ", least, " to ", most, " elements"));
  }
  const absl::flat_hash_set<absl::string_view> distinct(values.begin(),
                                                        values.end());
  if (distinct.size() != static_cast<size_t>(values.size())) {
    return FieldError(field, "must not name anything twice");
  }
  return absl::OkStatus();
}

template <typename Entry>
absl::Status ValidateActions(const Entry& entry, const ActionCatalog& catalog,
                             bool allow_every, absl::string_view field) {
  absl::Status status = ValidateDistinct(entry.actions(), 1, kMaxRoleActions,
                                         Path(field, "actions"));
  for (int i = 0; status.ok() && i < entry.actions_size(); ++i) {
    if (allow_every && entry.actions(i) == kEveryAction) continue;
    status =
        catalog.ValidatePattern(entry.actions(i), Element(field, "actions", i));
  }
  return status;
}

template <typename Entry>
absl::Status ValidatePrincipals(const Entry& entry, int least,
                                bool allow_everyone, absl::string_view field) {
  absl::Status status = ValidateDistinct(
      entry.principals(), least, kMaxRulePrincipals, Path(field, "principals"));
  for (int i = 0; status.ok() && i < entry.principals_size(); ++i) {
    if (allow_everyone && entry.principals(i) == kEveryone) continue;
    status =
        ValidatePrincipal(entry.principals(i), Element(field, "principals", i));
  }
  return status;
}

template <typename Entry>
absl::Status ValidateExpireTime(const Entry& entry, absl::string_view field) {
  if (!entry.has_expire_time() || IsValidTimestamp(entry.expire_time())) {
    return absl::OkStatus();
  }
  return FieldError(Path(field, "expire_time"), "must be a valid timestamp");
}

template <typename Entry>
absl::Status ValidateNoUnknownFields(const Entry& entry,
                                     absl::string_view field) {
  if (!HasUnknownFields(entry)) return absl::OkStatus();
  return FieldError(field, "must have no field that the server does not know");
}

absl::Status ValidateRoleOfBinding(absl::string_view role,
                                   absl::string_view parent,
                                   absl::string_view field) {
  const absl::StatusOr<ResourceName> parsed = ResourceName::Parse(role, field);
  if (!parsed.ok()) return parsed.status();
  const absl::string_view owner = ParentOf(role);
  const bool in_reach = parsed->kind() == ResourceKind::kRole &&
                        (owner.empty() ? FindBuiltinRole(role) != nullptr
                                       : owner == "system" || owner == parent);
  if (in_reach) return absl::OkStatus();
  return FieldError(field,
                    "must be a built-in role, or a role of system or of the "
                    "binding's own project");
}

absl::Status ValidateCredentialIds(const v1::DenyRule& rule,
                                   absl::string_view field) {
  absl::Status status =
      ValidateDistinct(rule.credential_ids(), 0, kMaxRuleCredentialIds,
                       Path(field, "credential_ids"));
  for (int i = 0; status.ok() && i < rule.credential_ids_size(); ++i) {
    const std::string& id = rule.credential_ids(i);
    if (id.empty() || id.size() > kMaxCredentialIdBytes ||
        !std::all_of(id.begin(), id.end(),
                     [](char c) { return c > ' ' && c < 0x7f; })) {
      status = FieldError(Element(field, "credential_ids", i),
                          "must be 1 to 256 printable ASCII characters without "
                          "spaces");
    }
  }
  return status;
}

}  // namespace

absl::Status ValidatePrincipal(absl::string_view principal,
                               absl::string_view field) {
  const absl::StatusOr<auth::Principal> parsed =
      auth::Principal::Parse(principal);
  if (!parsed.ok()) {
    return FieldError(field,
                      "must be a principal in canonical form, such as "
                      "'spiffe://example.org/payments'");
  }
  if (parsed->kind() == auth::Principal::Kind::kSystem) {
    return FieldError(field, "must not be one of Keyward's own services");
  }
  return absl::OkStatus();
}

absl::Status ValidateText(absl::string_view text, size_t max_chars,
                          absl::string_view field) {
  size_t chars = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return FieldError(field, "must have no control characters");
    }
    // Every byte of UTF-8 but the continuations begins a character.
    if ((byte & 0xc0) != 0x80) ++chars;
  }
  if (chars <= max_chars) return absl::OkStatus();
  return FieldError(
      field, absl::StrCat("must have at most ", max_chars, " characters"));
}

absl::Status ValidateRole(const v1::Role& role, absl::string_view parent,
                          const ActionCatalog& catalog,
                          absl::string_view field) {
  absl::Status status = ValidateNoUnknownFields(role, field);
  if (status.ok()) {
    status = ValidateName(role.name(), ResourceKind::kRole, parent,
                          Path(field, "name"));
  }
  if (status.ok()) {
    status = ValidateActions(role, catalog, /*allow_every=*/false, field);
  }
  if (status.ok()) {
    status = ValidateText(role.description(), kMaxDescriptionChars,
                          Path(field, "description"));
  }
  return status;
}

absl::Status ValidateBinding(const v1::Binding& binding,
                             absl::string_view parent,
                             absl::string_view field) {
  absl::Status status = ValidateNoUnknownFields(binding, field);
  if (status.ok()) {
    status = ValidateName(binding.name(), ResourceKind::kBinding, parent,
                          Path(field, "name"));
  }
  if (status.ok()) {
    status = ValidateRoleOfBinding(binding.role(), parent, Path(field, "role"));
  }
  if (status.ok()) {
    status = ValidatePrincipals(binding, 1, /*allow_everyone=*/false, field);
  }
  if (status.ok()) {
    status =
        ValidateResource(binding.resource(), parent, Path(field, "resource"));
  }
  if (status.ok()) status = ValidateExpireTime(binding, field);
  if (status.ok()) {
    status = ValidateText(binding.description(), kMaxDescriptionChars,
                          Path(field, "description"));
  }
  return status;
}

absl::Status ValidateDenyRule(const v1::DenyRule& rule,
                              absl::string_view parent,
                              const ActionCatalog& catalog,
                              absl::string_view field) {
  absl::Status status = ValidateNoUnknownFields(rule, field);
  if (status.ok()) {
    status = ValidateName(rule.name(), ResourceKind::kDenyRule, parent,
                          Path(field, "name"));
  }
  if (status.ok() && rule.principals().empty() &&
      rule.credential_ids().empty()) {
    status = FieldError(Path(field, "principals"),
                        "must name whom the rule refuses, unless "
                        "credential_ids does");
  }
  if (status.ok()) {
    status = ValidatePrincipals(rule, 0, /*allow_everyone=*/true, field);
  }
  if (status.ok()) status = ValidateCredentialIds(rule, field);
  if (status.ok()) {
    status = ValidateActions(rule, catalog, /*allow_every=*/true, field);
  }
  if (status.ok()) {
    status = ValidateResource(rule.resource(), parent, Path(field, "resource"));
  }
  if (status.ok()) status = ValidateExpireTime(rule, field);
  if (status.ok()) {
    status = ValidateText(rule.description(), kMaxDescriptionChars,
                          Path(field, "description"));
  }
  return status;
}

}  // namespace keyward::policy
