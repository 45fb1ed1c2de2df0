// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/database_credentials.h"

#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "nlohmann/json.hpp"

namespace keyward::store {
namespace {

constexpr const char* kRequired[] = {"engine", "host", "port", "username",
                                     "password"};

bool IsMember(absl::string_view name) {
  for (const char* const required : kRequired) {
    if (name == required) return true;
  }
  return name == "database" || name == "params";
}

// Receives the parser's events and looks at each once; false stops it. Depth 1
// is inside the object, depth 2 inside params.
class Checker : public nlohmann::json_sax<nlohmann::json> {
 public:
  absl::Status Result() const {
    if (!error_.empty()) return FieldError("payload.data", error_);
    for (const char* const required : kRequired) {
      if (members_.count(required) == 0) {
        return FieldError("payload.data",
                          absl::StrCat("lacks the member ", required));
      }
    }
    return absl::OkStatus();
  }

  bool null() override { return Wrong(); }
  bool boolean(bool) override { return Wrong(); }
  bool number_float(number_float_t, const string_t&) override {
    return Wrong();
  }
  bool binary(binary_t&) override { return Wrong(); }
  bool start_array(std::size_t) override { return Wrong(); }
  bool end_array() override { return Wrong(); }

  bool number_integer(number_integer_t value) override {
    return Port(value > 0 ? static_cast<uint64_t>(value) : 0);
  }
  bool number_unsigned(number_unsigned_t value) override { return Port(value); }

  bool string(string_t& value) override {
    if (depth_ == 2) return true;
    if (depth_ == 0 || member_ == "port" || member_ == "params") {
      return Wrong();
    }
    return !value.empty() || member_ == "database" || Wrong();
  }

  bool start_object(std::size_t) override {
    if (depth_ == 1 && member_ != "params") return Wrong();
    if (depth_ == 2) return Wrong();
    ++depth_;
    return true;
  }

  bool end_object() override {
    --depth_;
    return true;
  }

  bool key(string_t& name) override {
    if (depth_ == 2) {
      return params_.insert(name).second || Refuse("names a parameter twice");
    }
    if (!IsMember(name)) return Refuse("has a member that is not known");
    member_ = name;
    return members_.insert(name).second ||
           Refuse(absl::StrCat("has the member ", name, " twice"));
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse("is not well-formed JSON");
  }

 private:
  bool Refuse(std::string rule) {
    error_ = std::move(rule);
    return false;
  }

  // What came is not of the kind that its place demands.
  bool Wrong() {
    if (depth_ == 0) return Refuse("must be a JSON object");
    if (member_ == "params") {
      return Refuse("the member params must be an object of strings");
    }
    if (member_ == "port") {
      return Refuse("the member port must be an integer from 1 to 65535");
    }
    return Refuse(absl::StrCat("the member ", member_, " must be a ",
                               member_ == "database" ? "" : "non-empty ",
                               "string"));
  }

  bool Port(uint64_t value) {
    return (depth_ == 1 && member_ == "port" && value >= 1 && value <= 65535) ||
           Wrong();
  }

  int depth_ = 0;
  std::string member_;
  std::set<std::string> members_;
  std::set<std::string> params_;
  std::string error_;
};

}  // namespace

absl::Status CheckDatabaseCredentials(absl::string_view text) {
  Checker checker;
  nlohmann::json::sax_parse(text.begin(), text.end(), &checker);
  return checker.Result();
}

}  // namespace keyward::store
