// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/message_decoder.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "libs/base/proto_time.h"
#include "libs/config/scalar_decoder.h"
#include "libs/config/text.h"
#include "proto/keyward/config/v1/field_rule.pb.h"

namespace keyward::config {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;
using Kind = YamlNode::Kind;

// Longest part of a key that a message repeats.
constexpr size_t kShownKey = 64;

const v1::FieldRule& RuleOf(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::rule);
}

bool IsDuration(const FieldDescriptor& field) {
  return field.message_type() == google::protobuf::Duration::descriptor();
}

// Whether the field holds one nested message, which always exists.
bool IsSection(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         !field.is_repeated() && !IsDuration(field);
}

std::string Join(absl::string_view path, absl::string_view key) {
  const std::string shown = absl::CEscape(key.substr(0, kShownKey));
  return path.empty() ? shown : absl::StrCat(path, ".", shown);
}

absl::Status Refuse(absl::string_view where, absl::string_view path,
                    absl::string_view rule) {
  return absl::InvalidArgumentError(
      path.empty() ? absl::StrCat(where, ": ", rule)
                   : absl::StrCat(where, ": ", path, ": ", rule));
}

void MarkFromSchema(YamlNode* node) {
  node->from_schema = true;
  for (YamlNode& item : node->items) MarkFromSchema(&item);
  for (YamlEntry& entry : node->entries) MarkFromSchema(&entry.value);
}

YamlNode SchemaText(absl::string_view text, absl::string_view where) {
  YamlNode node;
  node.kind = Kind::kUnparsed;
  node.scalar = std::string(text);
  node.where = std::string(where);
  node.from_schema = true;
  return node;
}

// The decoding of one file. The schema is finite and not recursive, so the
// recursion below is as deep as the schema.
class Decoder {
 public:
  explicit Decoder(absl::string_view home) : home_(home) {}

  // Fills `message`, all defaults included, from the map `node`.
  absl::Status FillMessage(const YamlNode& node, const std::string& path,
                           Message* message) const {
    absl::StatusOr<YamlNode> map = Composite(node, path, Kind::kMap);
    if (!map.ok()) return map.status();
    const Descriptor& type = *message->GetDescriptor();
    absl::Status status = CheckKeys(*map, path, type);
    for (int i = 0; status.ok() && i < type.field_count(); ++i) {
      status = FillField(*map, Join(path, type.field(i)->name()),
                         *type.field(i), message);
    }
    return status;
  }

 private:
  static absl::Status CheckKeys(const YamlNode& map, const std::string& path,
                                const Descriptor& type) {
    std::vector<std::string> known;
    for (int i = 0; i < type.field_count(); ++i) {
      known.push_back(type.field(i)->name());
    }
    for (const YamlEntry& entry : map.entries) {
      if (type.FindFieldByName(entry.key) != nullptr) continue;
      const std::string nearest = Nearest(entry.key, known);
      return Refuse(
          entry.where, Join(path, entry.key),
          nearest.empty()
              ? "unknown key"
              : absl::StrCat("unknown key; did you mean \"", nearest, "\"?"));
    }
    return absl::OkStatus();
  }

  absl::Status FillField(const YamlNode& map, const std::string& path,
                         const FieldDescriptor& field, Message* message) const {
    const YamlNode* named = map.Find(field.name());
    const v1::FieldRule& rule = RuleOf(field);
    if (named != nullptr && named->kind == Kind::kNull) {
      return Refuse(named->where, path,
                    "has no value; give it one or remove the key");
    }
    if (IsSection(field)) return FillSection(map, path, field, message);
    if (named != nullptr) return FillValue(*named, path, field, message);
    if (rule.required()) return Refuse(map.where, path, "is required");
    if (rule.default_value().empty()) return absl::OkStatus();
    return FillValue(SchemaText(rule.default_value(), "default"), path, field,
                     message);
  }

  absl::Status FillSection(const YamlNode& map, const std::string& path,
                           const FieldDescriptor& field,
                           Message* message) const {
    YamlNode section;
    section.kind = Kind::kMap;
    section.where = map.where;
    if (const YamlNode* named = map.Find(field.name()); named != nullptr) {
      absl::StatusOr<YamlNode> value = Composite(*named, path, Kind::kMap);
      if (!value.ok()) return value.status();
      section = *std::move(value);
    }
    for (const v1::Preset& preset : RuleOf(field).presets()) {
      absl::Status status =
          SetAtPath(preset.path(), SchemaText(preset.value(), "default"),
                    /*only_if_absent=*/true, &section);
      if (!status.ok()) return status;
    }
    return FillMessage(
        section, path,
        message->GetReflection()->MutableMessage(message, &field));
  }

  absl::Status FillValue(const YamlNode& node, const std::string& path,
                         const FieldDescriptor& field, Message* message) const {
    if (field.is_map()) return FillMap(node, path, field, message);
    if (field.is_repeated()) return FillList(node, path, field, message);
    return FillScalar(node, path, field, message);
  }

  absl::Status FillList(const YamlNode& node, const std::string& path,
                        const FieldDescriptor& field, Message* message) const {
    absl::StatusOr<YamlNode> list = Composite(node, path, Kind::kSequence);
    if (!list.ok()) return list.status();
    absl::Status status = CheckCount(*list, list->items.size(), path, field);
    for (size_t i = 0; status.ok() && i < list->items.size(); ++i) {
      const std::string item_path = absl::StrCat(path, "[", i, "]");
      status = FillElement(list->items[i], item_path, field, message);
    }
    return status;
  }

  absl::Status FillElement(const YamlNode& item, const std::string& path,
                           const FieldDescriptor& field,
                           Message* message) const {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return FillMessage(item, path,
                         message->GetReflection()->AddMessage(message, &field));
    }
    return FillScalar(item, path, field, message);
  }

  absl::Status FillMap(const YamlNode& node, const std::string& path,
                       const FieldDescriptor& field, Message* message) const {
    absl::StatusOr<YamlNode> map = Composite(node, path, Kind::kMap);
    if (!map.ok()) return map.status();
    absl::Status status = CheckCount(*map, map->entries.size(), path, field);
    for (const YamlEntry& entry : map->entries) {
      if (status.ok()) status = FillEntry(entry, path, field, message);
    }
    return status;
  }

  absl::Status FillEntry(const YamlEntry& entry, const std::string& path,
                         const FieldDescriptor& field, Message* message) const {
    const std::string entry_path = Join(path, entry.key);
    absl::Status key = CheckPattern(entry.key, RuleOf(field));
    if (!key.ok()) {
      return Refuse(entry.where, entry_path,
                    absl::StrCat("the key ", key.message()));
    }
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    Message* added = message->GetReflection()->AddMessage(message, &field);
    added->GetReflection()->SetString(added, field.message_type()->map_key(),
                                      entry.key);
    if (value_field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return FillMessage(
          entry.value, entry_path,
          added->GetReflection()->MutableMessage(added, &value_field));
    }
    return FillScalar(entry.value, entry_path, value_field, added);
  }

  // Sets a singular scalar field, or adds to a list of them.
  absl::Status FillScalar(const YamlNode& node, const std::string& path,
                          const FieldDescriptor& field,
                          Message* message) const {
    if (node.kind != Kind::kScalar && node.kind != Kind::kUnparsed) {
      return Refuse(node.where, path, "must be a single value");
    }
    std::string text = node.scalar;
    if (node.from_schema) {
      text = absl::StrReplaceAll(text, {{"{home}", home_}});
    }
    absl::Status status =
        Store({text, node.quoted}, RuleOf(field), field, message);
    if (status.ok()) return status;
    return Refuse(node.where, path, status.message());
  }

  static absl::Status Store(ScalarText scalar, const v1::FieldRule& rule,
                            const FieldDescriptor& field, Message* message);

  static absl::Status CheckCount(const YamlNode& node, size_t count,
                                 const std::string& path,
                                 const FieldDescriptor& field) {
    const v1::FieldRule& rule = RuleOf(field);
    if (count > rule.max_items()) {
      return Refuse(
          node.where, path,
          absl::StrCat("must have at most ", rule.max_items(), " elements"));
    }
    if (count == 0 && rule.required()) {
      return Refuse(node.where, path, "must have at least one element");
    }
    return absl::OkStatus();
  }

  // `node` as a map or list: itself, or its text parsed.
  static absl::StatusOr<YamlNode> Composite(const YamlNode& node,
                                            const std::string& path,
                                            Kind kind) {
    absl::StatusOr<YamlNode> value = node;
    if (node.kind == Kind::kUnparsed) {
      value = ParseYaml(node.scalar, node.where);
      if (!value.ok()) return value;
      if (node.from_schema) MarkFromSchema(&*value);
    }
    if (value->kind == kind) return value;
    return Refuse(node.where, path,
                  kind == Kind::kMap ? "must be a section (key: value lines)"
                                     : "must be a list");
  }

  const std::string home_;
};

// Hands a decoded value to `set`, or the reason why there is none to the
// caller.
template <typename T, typename Set>
absl::Status Assign(absl::StatusOr<T> value, Set set) {
  if (value.ok()) set(*std::move(value));
  return value.status();
}

absl::Status StoreDuration(ScalarText scalar, const v1::FieldRule& rule,
                           const FieldDescriptor& field, Message* message) {
  return Assign(DecodeDuration(scalar, rule), [&](absl::Duration duration) {
    message->GetReflection()
        ->MutableMessage(message, &field)
        ->CopyFrom(ToProtoDuration(duration));
  });
}

absl::Status Decoder::Store(ScalarText scalar, const v1::FieldRule& rule,
                            const FieldDescriptor& field, Message* message) {
  const Reflection* r = message->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return Assign(DecodeString(scalar, rule), [&](std::string value) {
        if (field.is_repeated()) {
          r->AddString(message, &field, std::move(value));
        } else {
          r->SetString(message, &field, std::move(value));
        }
      });
    case FieldDescriptor::CPPTYPE_BOOL:
      return Assign(DecodeBool(scalar),
                    [&](bool value) { r->SetBool(message, &field, value); });
    case FieldDescriptor::CPPTYPE_ENUM:
      return Assign(DecodeEnum(scalar, *field.enum_type()), [&](int value) {
        r->SetEnumValue(message, &field, value);
      });
    case FieldDescriptor::CPPTYPE_INT32:
      return Assign(DecodeSigned(scalar, std::numeric_limits<int32_t>::min(),
                                 std::numeric_limits<int32_t>::max(), rule),
                    [&](int64_t value) {
                      r->SetInt32(message, &field, static_cast<int32_t>(value));
                    });
    case FieldDescriptor::CPPTYPE_INT64:
      return Assign(
          DecodeSigned(scalar, std::numeric_limits<int64_t>::min(),
                       std::numeric_limits<int64_t>::max(), rule),
          [&](int64_t value) { r->SetInt64(message, &field, value); });
    case FieldDescriptor::CPPTYPE_UINT32:
      return Assign(
          DecodeUnsigned(scalar, std::numeric_limits<uint32_t>::max(), rule),
          [&](uint64_t value) {
            r->SetUInt32(message, &field, static_cast<uint32_t>(value));
          });
    case FieldDescriptor::CPPTYPE_UINT64:
      return Assign(
          DecodeUnsigned(scalar, std::numeric_limits<uint64_t>::max(), rule),
          [&](uint64_t value) { r->SetUInt64(message, &field, value); });
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return StoreDuration(scalar, rule, field, message);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;  // The schema has none: rates and sizes are whole numbers.
  }
  return absl::InvalidArgumentError("has a type that a file cannot express");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> DecodeMessage(const YamlNode& root,
                                                       const Message& prototype,
                                                       absl::string_view home) {
  std::unique_ptr<Message> message(prototype.New());
  absl::Status status = Decoder(home).FillMessage(root, "", message.get());
  if (!status.ok()) return status;
  return message;
}

absl::Status SetAtPath(absl::string_view path, YamlNode value,
                       bool only_if_absent, YamlNode* root) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  YamlNode* node = root;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || parts.size() > kMaxYamlDepth) {
      return Refuse(value.where, "", "not a path of keys joined by dots");
    }
    if (node->kind != Kind::kMap) {
      // The file's fault if it is the file's value, and then at its place.
      return Refuse(node->where,
                    absl::StrJoin(parts.begin(), parts.begin() + i, "."),
                    "must be a map of keys and values");
    }
    YamlNode* next = node->Find(parts[i]);
    const bool last = i + 1 == parts.size();
    if (next != nullptr && last && only_if_absent) return absl::OkStatus();
    if (next == nullptr) {
      YamlEntry entry;
      entry.key = std::string(parts[i]);
      entry.where = value.where;
      entry.value.kind = Kind::kMap;
      entry.value.where = value.where;
      node->entries.push_back(std::move(entry));
      next = &node->entries.back().value;
    }
    node = next;
  }
  *node = std::move(value);
  return absl::OkStatus();
}

}  // namespace keyward::config
