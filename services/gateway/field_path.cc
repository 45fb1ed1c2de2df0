// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/field_path.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace keyward::gateway {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::StatusOr<FieldPath> FieldPath::Compile(const Descriptor* type,
                                             absl::string_view path) {
  FieldPath compiled;
  compiled.text_ = std::string(path);
  const Descriptor* at = type;
  for (absl::string_view step : absl::StrSplit(path, '.')) {
    if (at == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("field path ", path, " steps into a field of ",
                       type->full_name(), " that is not one message"));
    }
    const FieldDescriptor* field = at->FindFieldByName(std::string(step));
    if (field == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "field path ", path, ": ", at->full_name(), " has no field ", step));
    }
    compiled.steps_.push_back(field);
    const bool one_message =
        !field->is_repeated() &&
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    at = one_message ? field->message_type() : nullptr;
  }
  return compiled;
}

const Message* FieldPath::Holder(const Message& message) const {
  const Message* at = &message;
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    const Reflection* reflection = at->GetReflection();
    if (!reflection->HasField(*at, steps_[i])) return nullptr;
    at = &reflection->GetMessage(*at, steps_[i]);
  }
  return at;
}

std::string FieldPath::GetString(const Message& message) const {
  const Message* holder = Holder(message);
  if (holder == nullptr) return "";
  return holder->GetReflection()->GetString(*holder, field());
}

std::vector<std::string> FieldPath::GetStrings(const Message& message) const {
  std::vector<std::string> values;
  const Message* holder = Holder(message);
  if (holder == nullptr) return values;
  const Reflection* reflection = holder->GetReflection();
  const int size = reflection->FieldSize(*holder, field());
  values.reserve(size);
  for (int i = 0; i < size; ++i) {
    values.push_back(reflection->GetRepeatedString(*holder, field(), i));
  }
  return values;
}

bool FieldPath::IsSet(const Message& message) const {
  const Message* holder = Holder(message);
  if (holder == nullptr) return false;
  const Reflection* reflection = holder->GetReflection();
  if (field()->is_repeated())
    return reflection->FieldSize(*holder, field()) > 0;
  // For a plain proto3 field HasField means "is not its default".
  return reflection->HasField(*holder, field());
}

}  // namespace keyward::gateway
