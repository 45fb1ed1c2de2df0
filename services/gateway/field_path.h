// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A path of fields in a message, such as "secret.name", compiled once from an
// access option and then followed in every request.

#ifndef KEYWARD_SERVICES_GATEWAY_FIELD_PATH_H_
#define KEYWARD_SERVICES_GATEWAY_FIELD_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace keyward::gateway {

// A value type. Thread-safe once compiled. The descriptors must outlive it;
// those of linked-in contracts live as long as the process.
class FieldPath {
 public:
  // The empty path, which names nothing.
  FieldPath() = default;

  // The path `path` below `type`. INVALID_ARGUMENT if a step names no field,
  // or steps into something that is not one message.
  static absl::StatusOr<FieldPath> Compile(
      const google::protobuf::Descriptor* type, absl::string_view path);

  bool empty() const { return steps_.empty(); }
  const std::string& text() const { return text_; }
  // The last field. Not for the empty path.
  const google::protobuf::FieldDescriptor* field() const {
    return steps_.back();
  }

  // The string at the path; empty where a message on the way is not set. The
  // last field must be a singular string.
  std::string GetString(const google::protobuf::Message& message) const;

  // The strings at the path, whose last field must be a repeated string.
  std::vector<std::string> GetStrings(
      const google::protobuf::Message& message) const;

  // Whether the field is set: a message or a field of a oneof is present, a
  // plain field is not its default, a repeated one is not empty.
  bool IsSet(const google::protobuf::Message& message) const;

 private:
  // The message that holds the last field; null if one on the way is not set.
  const google::protobuf::Message* Holder(
      const google::protobuf::Message& message) const;

  std::string text_;
  std::vector<const google::protobuf::FieldDescriptor*> steps_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_FIELD_PATH_H_
