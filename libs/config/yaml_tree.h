// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The subset of YAML that a configuration file may use, as a tree that knows
// where each value stands.
//
// The subset is block and flow maps and lists, and scalars. Left out on
// purpose:
//  - anchors, aliases and merge keys: nine lines of them expand to gigabytes,
//    and a reviewer who reads one section cannot see what it inherits;
//  - tags: they change what a value means without changing how it looks;
//  - several documents in a file: only one of them would count;
//  - duplicate keys: the reader sees the first, the program the last.

#ifndef KEYWARD_LIBS_CONFIG_YAML_TREE_H_
#define KEYWARD_LIBS_CONFIG_YAML_TREE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::config {

// A file that is larger was not written by hand.
inline constexpr size_t kMaxYamlBytes = size_t{1} << 20;
// The schema is five levels deep; the parser below us recurses for each level.
inline constexpr size_t kMaxYamlDepth = 16;
// Keeps "[,,,,..." within memory that is proportional to a real file's.
inline constexpr size_t kMaxYamlNodes = 20000;

struct YamlEntry;

// One value of the file. A plain value type.
struct YamlNode {
  enum class Kind {
    kNull,      // a key with nothing behind it
    kScalar,    // `scalar`, `quoted`
    kSequence,  // `items`
    kMap,       // `entries`, in the file's order, keys distinct
    kUnparsed,  // `scalar` is text whose syntax the field's type decides: a
                // whole value if the field is a scalar, YAML otherwise
  };

  Kind kind = Kind::kNull;
  std::string scalar;
  // Whether the file had the scalar in quotes, which makes it a string.
  bool quoted = false;
  // Whether the value comes from the schema, where {home} is replaced. In a
  // file it is not: a path that contains braces stays what it says.
  bool from_schema = false;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;
  // For messages: "keyward.yaml:3:7" (line and column from 1) or the name of
  // the flag.
  std::string where;

  // The value of `key` in a map; nullptr if there is none or this is no map.
  // Valid as long as the map is not changed.
  const YamlNode* Find(absl::string_view key) const;
  YamlNode* Find(absl::string_view key);
};

// A key with its value.
struct YamlEntry {
  std::string key;
  std::string where;  // of the key
  YamlNode value;
};

// Parses one document. `origin` names the source in every message. Bytes
// without any value (empty, only comments) are an empty map, so that an empty
// file is a valid configuration.
//
// INVALID_ARGUMENT, with the position, for everything else: malformed YAML,
// what the subset leaves out, text that is not UTF-8 or has control characters,
// and more than the bounds above. Messages name keys, never values: people
// paste passwords into the wrong line. Pure: safe on hostile bytes from any
// thread.
absl::StatusOr<YamlNode> ParseYaml(absl::string_view bytes,
                                   absl::string_view origin);

}  // namespace keyward::config

#endif  // KEYWARD_LIBS_CONFIG_YAML_TREE_H_
