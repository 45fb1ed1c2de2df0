// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/scalar_decoder.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "libs/config/text.h"
#include "re2/re2.h"

namespace keyward::config {
namespace {

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

absl::Status OutOfBounds(const v1::FieldRule& rule) {
  if (rule.maximum().empty()) {
    return Broken(absl::StrCat("must be at least ", rule.minimum()));
  }
  if (rule.minimum().empty()) {
    return Broken(absl::StrCat("must be at most ", rule.maximum()));
  }
  return Broken(absl::StrCat("must be between ", rule.minimum(), " and ",
                             rule.maximum()));
}

// Checks `value` against the rule's bounds, which `parse` reads.
template <typename T, typename Parse>
absl::StatusOr<T> Bounded(T value, const v1::FieldRule& rule, Parse parse) {
  if (!rule.minimum().empty()) {
    absl::StatusOr<T> minimum = parse(rule.minimum());
    if (!minimum.ok() || value < *minimum) return OutOfBounds(rule);
  }
  if (!rule.maximum().empty()) {
    absl::StatusOr<T> maximum = parse(rule.maximum());
    if (!maximum.ok() || value > *maximum) return OutOfBounds(rule);
  }
  return value;
}

// Decimal digits with an optional sign. SimpleAtoi alone would also take
// blanks around them.
template <typename T>
absl::StatusOr<T> ParseInteger(absl::string_view text) {
  absl::string_view digits = text;
  absl::ConsumePrefix(&digits, "-");
  const bool plain =
      !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  T value = 0;
  if (!plain || !absl::SimpleAtoi(text, &value)) {
    return Broken("must be a whole number");
  }
  return value;
}

absl::Status CheckFormat(absl::string_view text, v1::ValueFormat format) {
  // An empty value means "none" where the field is optional; the pattern and
  // `required` are for fields where it is not.
  if (text.empty()) return absl::OkStatus();
  if (format == v1::VALUE_FORMAT_HOST_PORT) return CheckHostPort(text);
  if (format == v1::VALUE_FORMAT_PATH) return CheckPath(text);
  return absl::OkStatus();
}

// "LOG_LEVEL_" for LogLevel: what buf's lint makes every value start with.
std::string EnumPrefix(const google::protobuf::EnumDescriptor& type) {
  std::string prefix;
  for (char c : type.name()) {
    const bool upper = absl::ascii_isupper(static_cast<unsigned char>(c));
    if (upper && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + "_";
}

}  // namespace

absl::Status CheckPattern(absl::string_view text, const v1::FieldRule& rule) {
  if (rule.pattern().empty()) return absl::OkStatus();
  const re2::StringPiece piece(text.data(), text.size());
  if (RE2::FullMatch(piece, RE2(rule.pattern(), RE2::Quiet))) {
    return absl::OkStatus();
  }
  return Broken(absl::StrCat("must be ", rule.pattern_meaning()));
}

absl::StatusOr<std::string> DecodeString(ScalarText scalar,
                                         const v1::FieldRule& rule) {
  if (scalar.text.size() > kMaxStringBytes) {
    return Broken(absl::StrCat("must be at most ", kMaxStringBytes, " bytes"));
  }
  absl::Status status = CheckPattern(scalar.text, rule);
  if (status.ok()) status = CheckFormat(scalar.text, rule.format());
  if (!status.ok()) return status;
  return std::string(scalar.text);
}

absl::StatusOr<bool> DecodeBool(ScalarText scalar) {
  // Not YAML 1.1's yes, on and y: "no" is also a country.
  if (!scalar.quoted && scalar.text == "true") return true;
  if (!scalar.quoted && scalar.text == "false") return false;
  return Broken("must be true or false");
}

absl::StatusOr<int64_t> DecodeSigned(ScalarText scalar, int64_t least,
                                     int64_t greatest,
                                     const v1::FieldRule& rule) {
  if (scalar.quoted) return Broken("must be a whole number, without quotes");
  absl::StatusOr<int64_t> value = ParseInteger<int64_t>(scalar.text);
  if (!value.ok()) return value;
  if (*value < least || *value > greatest) {
    return Broken(absl::StrCat("must be between ", least, " and ", greatest));
  }
  return Bounded(*value, rule, ParseInteger<int64_t>);
}

absl::StatusOr<uint64_t> DecodeUnsigned(ScalarText scalar, uint64_t greatest,
                                        const v1::FieldRule& rule) {
  const bool size = rule.format() == v1::VALUE_FORMAT_BYTE_SIZE;
  if (scalar.quoted && !size) {
    return Broken("must be a whole number, without quotes");
  }
  const auto parse = size ? ParseByteSize : ParseInteger<uint64_t>;
  absl::StatusOr<uint64_t> value = parse(scalar.text);
  if (!value.ok()) return value;
  if (*value > greatest) {
    return Broken(absl::StrCat("must be at most ", greatest));
  }
  return Bounded(*value, rule, parse);
}

absl::StatusOr<absl::Duration> DecodeDuration(ScalarText scalar,
                                              const v1::FieldRule& rule) {
  absl::StatusOr<absl::Duration> value = ParseDuration(scalar.text);
  if (!value.ok()) return value;
  return Bounded(*value, rule, ParseDuration);
}

absl::StatusOr<int> DecodeEnum(ScalarText scalar,
                               const google::protobuf::EnumDescriptor& type) {
  const std::string prefix = EnumPrefix(type);
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) continue;
    std::string name =
        absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix));
    if (name == scalar.text) return value.number();
    names.push_back(std::move(name));
  }
  return Broken(absl::StrCat("must be one of ", absl::StrJoin(names, ", ")));
}

}  // namespace keyward::config
