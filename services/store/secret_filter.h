// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SECRET_FILTER_H_
#define KEYWARD_SERVICES_STORE_SECRET_FILTER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {

// The filter of ListSecrets: the part of AIP-160 that can be answered item by
// item without surprises.
//
//   filter = [ term { "AND" term } ]
//   term   = "labels." KEY "=" STRING     the label has this value
//          | "labels:" KEY                the label exists
//          | "type" "=" TYPE              OPAQUE, API_KEY, ...
//          | "name" "=" STRING            the id, or a prefix of it that ends
//                                         in "*"
//   STRING = '"' characters without '"' and '\' '"'
//
// Spaces may stand between all of these. An empty filter matches everything.
//
// A value; safe for concurrent use as a const object.
class SecretFilter {
 public:
  // The longest filter, and the most terms: what one page examines is bounded
  // by their product.
  static constexpr size_t kMaxBytes = 1024;
  static constexpr size_t kMaxTerms = 16;

  // The grammar in one line, which every refusal quotes.
  static constexpr char kGrammar[] =
      "must be terms joined by AND: labels.KEY = \"VALUE\", labels:KEY, "
      "type = TYPE, name = \"PREFIX*\"";

  // INVALID_ARGUMENT about `filter`, quoting the grammar, for anything else.
  static absl::StatusOr<SecretFilter> Parse(absl::string_view text);

  bool Matches(const keyward::internal::store::v1::SecretRecord& secret) const;

  // What the ids of all matches begin with: the scan can begin and end there.
  const std::string& id_prefix() const { return id_prefix_; }

 private:
  struct Label {
    std::string key;
    bool any_value = false;
    std::string value;
  };
  struct Name {
    std::string text;
    bool prefix = false;
  };

  friend class FilterParser;

  std::vector<Label> labels_;
  std::vector<int> types_;
  std::vector<Name> names_;
  std::string id_prefix_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SECRET_FILTER_H_
