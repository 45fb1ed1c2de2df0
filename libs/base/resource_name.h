// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_RESOURCE_NAME_H_
#define KEYWARD_LIBS_BASE_RESOURCE_NAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace keyward {

// What a resource name names.
enum class ResourceKind {
  kSystem,         // system
  kProject,        // projects/P
  kSecret,         // projects/P/secrets/S
  kSecretVersion,  // projects/P/secrets/S/versions/V
  kKey,            // projects/P/keys/K
  kKeyVersion,     // projects/P/keys/K/versions/N
  kConnector,      // projects/P/connectors/C
  kRotation,       // projects/P/rotations/R
  kRole,           // roles/R, system/roles/R, projects/P/roles/R
  kBinding,        // system/bindings/B, projects/P/bindings/B
  kDenyRule,       // system/denyRules/D, projects/P/denyRules/D
};

// A resource name that is known to be well formed.
//
// Names are decided on, recorded and bound into ciphertexts, so there is
// exactly one spelling of each: nothing is trimmed, decoded, folded to lower
// case or otherwise made to fit, and what does not match is refused. Two
// spellings of one resource would be a way around a deny rule.
//
// Segments (RE2 syntax):
//   project             [a-z][a-z0-9-]{1,61}[a-z0-9]
//   secret, key         [A-Za-z0-9_.-]{1,255}, but neither "." nor ".."
//   version of a secret a number from 1 to 2^63-1 without leading zeros, or a
//                       stage, alias or "latest": [A-Za-z][A-Za-z0-9_-]{0,62}
//   version of a key    a number as above
//   role                [a-z][a-zA-Z0-9.-]{0,62}
//   binding, deny rule, connector, rotation   [a-z0-9][a-z0-9.-]{0,62}
//
// A value type; safe for concurrent use as a const object.
class ResourceName {
 public:
  // The longest name that can be well formed is shorter than this; longer
  // input is refused before it is looked at.
  static constexpr size_t kMaxLength = 512;

  // The resource that `name` names. INVALID_ARGUMENT about `field` (the path
  // of the request's field) otherwise; the message gives the rule that is
  // broken and never the name, into which people paste secrets.
  static absl::StatusOr<ResourceName> Parse(absl::string_view name,
                                            absl::string_view field = "name");

  // `system`, which stands above all projects.
  static ResourceName System();

  // The child `id` in `collection` ("secrets", "versions", ...), as a create
  // request names it. INVALID_ARGUMENT about `field` if this resource has no
  // such collection or the id is not well formed; an id with a slash, which
  // could name something deeper, is not.
  absl::StatusOr<ResourceName> Child(absl::string_view collection,
                                     absl::string_view id,
                                     absl::string_view field) const;

  // The child version with this number, of a secret or a key.
  // INVALID_ARGUMENT if this is neither or the number is not positive.
  absl::StatusOr<ResourceName> Version(int64_t number) const;

  ResourceKind kind() const { return kind_; }

  // The project's id; empty for `system`, for what lies directly under it and
  // for built-in roles. The views of this class live as long as the object
  // and are invalidated by assigning to it or moving from it.
  absl::string_view project() const { return View(project_); }

  // The ids of the secret or the key that this is, or is a version of; empty
  // for other kinds.
  absl::string_view secret() const;
  absl::string_view key() const;

  // The version's segment as it was written; empty for other kinds.
  absl::string_view version() const;

  // The version's number; absent for other kinds and if the segment is a
  // stage, an alias or "latest".
  absl::optional<int64_t> version_number() const;

  // The last segment: the resource's id within its collection; "system" for
  // `system`.
  absl::string_view id() const { return View(id_); }

  // The resource one step up, whose bindings reach down to this one: a
  // version's is its secret or key, a secret's its project, a project's and a
  // built-in role's `system`. Absent for `system`.
  absl::optional<ResourceName> parent() const;

  // True if `ancestor` is this resource or lies on its way up to `system`.
  bool IsAtOrBelow(const ResourceName& ancestor) const;

  // The one spelling; Parse() of it gives an equal object.
  const std::string& ToString() const { return text_; }

  friend bool operator==(const ResourceName& a, const ResourceName& b) {
    return a.text_ == b.text_;
  }
  friend bool operator!=(const ResourceName& a, const ResourceName& b) {
    return a.text_ != b.text_;
  }
  friend bool operator<(const ResourceName& a, const ResourceName& b) {
    return a.text_ < b.text_;
  }
  template <typename HashState>
  friend HashState AbslHashValue(HashState state, const ResourceName& name) {
    return HashState::combine(std::move(state), name.text_);
  }

 private:
  // A part of text_, which stays valid when the object is moved.
  struct Slice {
    size_t offset = 0;
    size_t length = 0;
  };

  explicit ResourceName(absl::string_view name) : text_(name) {}

  absl::string_view View(Slice slice) const {
    return absl::string_view(text_).substr(slice.offset, slice.length);
  }

  ResourceKind kind_ = ResourceKind::kSystem;
  std::string text_;
  Slice project_;
  Slice middle_;  // The secret, key or other resource below the project.
  Slice id_;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_RESOURCE_NAME_H_
