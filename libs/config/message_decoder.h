// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Turns a configuration file's tree into the protocol buffer message that is
// its schema, by the message's descriptor and the rules that its fields carry
// (proto/keyward/config/v1/field_rule.proto).
//
// How types are written:
//   message                  a map; every key must be a field
//   map<string, T>           a map
//   repeated T               a list
//   string                   any scalar
//   bool                     true or false
//   integers                 decimal digits, with a format BYTE_SIZE "64KiB"
//   enum                     the value's last word in lower case: info
//   google.protobuf.Duration "10s", "1h30m"

#ifndef KEYWARD_LIBS_CONFIG_MESSAGE_DECODER_H_
#define KEYWARD_LIBS_CONFIG_MESSAGE_DECODER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "libs/config/yaml_tree.h"

namespace keyward::config {

// Decodes `root` into a new message of `prototype`'s type. Every field that the
// tree does not name gets its default, recursively, so that readers of the
// message never ask whether a field is set; a list or map that it names
// replaces the default whole.
//
// `home` stands for {home} in defaults.
//
// INVALID_ARGUMENT, naming position and key, for: a key that is no field (with
// the nearest one that is), a value of the wrong type or outside its rule, a
// required field that is missing, a key without a value. The first one found;
// messages never repeat a value.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> DecodeMessage(
    const YamlNode& root, const google::protobuf::Message& prototype,
    absl::string_view home);

// Puts `text` at the place that `path` ("listen.tls.cert_file") names below
// `root`, making the maps on the way, in place of what stood there; with
// `only_if_absent`, only if nothing stood there. The text is read when its
// field's type is known.
//
// INVALID_ARGUMENT if the path is empty, has an empty part or more than
// kMaxYamlDepth parts, or leads through something that is not a map.
absl::Status SetAtPath(absl::string_view path, YamlNode value,
                       bool only_if_absent, YamlNode* root);

}  // namespace keyward::config

#endif  // KEYWARD_LIBS_CONFIG_MESSAGE_DECODER_H_
