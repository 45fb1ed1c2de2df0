// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_ENTRY_VALIDATION_H_
#define KEYWARD_LIBS_POLICY_ENTRY_VALIDATION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/policy/actions.h"
#include "proto/keyward/policy/v1/policy.pb.h"

namespace keyward::policy {

// Whether an entry may become part of a policy, judged by itself. What it
// refers to, and whether its writer may grant it, is for the policy service to
// judge, inside the change.
//
// Every error is INVALID_ARGUMENT that gives the field's path below `field`
// (such as "bindings[3].role") and the rule, never the value. Unknown fields
// are refused: they may be a condition of a later release, and an entry
// without its condition would say something else. Pure functions.

inline constexpr int kMaxRoleActions = 128;
inline constexpr int kMaxRulePrincipals = 64;
inline constexpr int kMaxRuleCredentialIds = 64;
inline constexpr size_t kMaxCredentialIdBytes = 256;
inline constexpr size_t kMaxDescriptionChars = 256;
inline constexpr size_t kMaxDisplayNameChars = 128;

// `parent`, here and below, is `system` or a project's name; the entry's name
// must be one of its kind directly under it.
absl::Status ValidateRole(const v1::Role& role, absl::string_view parent,
                          const ActionCatalog& catalog,
                          absl::string_view field);

// The role must be built-in, of `system` or of `parent`; whether it exists is
// not looked at, except for built-in ones. The resource must lie at or below
// `parent`. Principals are canonical names that an authenticator can give out,
// each once; `system:` is Keyward itself and cannot be bound.
absl::Status ValidateBinding(const v1::Binding& binding,
                             absl::string_view parent, absl::string_view field);

// As a binding, but `*` may stand for everyone and for every action, and a
// credential's id may be named instead of a principal.
absl::Status ValidateDenyRule(const v1::DenyRule& rule,
                              absl::string_view parent,
                              const ActionCatalog& catalog,
                              absl::string_view field);

// OK for a canonical principal that can be bound.
absl::Status ValidatePrincipal(absl::string_view principal,
                               absl::string_view field);

// OK for at most `max_chars` characters without control characters, which
// would reprogram the terminal of whoever reads the policy.
absl::Status ValidateText(absl::string_view text, size_t max_chars,
                          absl::string_view field);

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_ENTRY_VALIDATION_H_
