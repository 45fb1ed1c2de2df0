// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/json_output.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "libs/rpc/sensitive.h"

namespace keyward::cli {
namespace {

// Bytes that are no UTF-8 become U+FFFD; without this the library throws.
std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/true,
                   Json::error_handler_t::replace) +
         "\n";
}

}  // namespace

absl::StatusOr<Json> ToJson(const google::protobuf::Message& message) {
  const auto* type = message.GetDescriptor();
  if (rpc::HasSensitiveFields(type)) {
    return absl::InternalError(
        absl::StrCat(type->full_name(), " can hold a secret; not printed"));
  }
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat(type->full_name(), " cannot be written as JSON"));
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InternalError(
        absl::StrCat(type->full_name(), " cannot be written as JSON"));
  }
  return json;
}

std::string JsonText(const Json& json) { return Dump(json, 2); }

std::string JsonLine(const Json& json) { return Dump(json, -1); }

}  // namespace keyward::cli
