// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_SCOPE_H_
#define KEYWARD_LIBS_POLICY_SCOPE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"

namespace keyward::policy {

// Where a binding or a deny rule holds: one resource and everything below it,
// or every resource whose name begins with a prefix and everything below them.
//
//   system                                everything
//   projects/P                            a project and all in it
//   projects/P/secrets/S                  a secret and its versions; likewise
//                                         keys, connectors, rotations
//   projects/PART*                        projects whose id begins with PART
//   projects/P/secrets/PART*              likewise; PART may be empty
//
// A version cannot be a scope. It has several names (its number, a stage, an
// alias, `latest`), and a deny rule on one of them would be passed by calling
// it by another.
//
// Scopes form a tree: of two, one covers the other or they have nothing in
// common.
//
// A value type; safe for concurrent use as a const object.
class Scope {
 public:
  // Reads the text above. INVALID_ARGUMENT about `field` otherwise; the
  // message gives the rule and never the text.
  static absl::StatusOr<Scope> Parse(absl::string_view text,
                                     absl::string_view field);

  // The scope of exactly this resource and what is below it, versions
  // included.
  static Scope Of(const ResourceName& resource);

  bool is_prefix() const { return is_prefix_; }

  // The resource's name, or the prefix without its `*`.
  const std::string& text() const { return text_; }

  // As Parse reads it.
  std::string ToString() const;

  // The scope holds for `resource`.
  bool Contains(const ResourceName& resource) const;

  // The scope holds for everything that `other` holds for.
  bool Covers(const Scope& other) const;

  // There can be a resource that both hold for.
  bool Overlaps(const Scope& other) const {
    return Covers(other) || other.Covers(*this);
  }

 private:
  Scope(std::string text, bool is_prefix)
      : text_(std::move(text)), is_prefix_(is_prefix) {}

  std::string text_;
  bool is_prefix_;
};

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_SCOPE_H_
