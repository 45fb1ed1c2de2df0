// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_filter.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/error.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;

absl::Status Refusal() { return FieldError("filter", SecretFilter::kGrammar); }

bool IsKeyCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '-' || c == '.';
}

absl::string_view IdOf(const SecretRecord& secret) {
  const absl::string_view name = secret.name();
  return name.substr(name.rfind('/') + 1);
}

}  // namespace

// Reads one filter from left to right. Lives for one call of Parse.
class FilterParser {
 public:
  explicit FilterParser(absl::string_view text) : rest_(text) {}

  absl::StatusOr<SecretFilter> Run() {
    SkipSpaces();
    for (size_t terms = 0; !rest_.empty(); ++terms) {
      if (terms == SecretFilter::kMaxTerms) {
        return FieldError("filter",
                          absl::StrCat("must have at most ",
                                       SecretFilter::kMaxTerms, " terms"));
      }
      if (terms > 0 && !TakeAnd()) return Refusal();
      if (!TakeTerm()) return Refusal();
      SkipSpaces();
    }
    for (const SecretFilter::Name& name : filter_.names_) {
      if (name.text.size() > filter_.id_prefix_.size()) {
        filter_.id_prefix_ = name.text;
      }
    }
    return std::move(filter_);
  }

 private:
  void SkipSpaces() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  bool Take(absl::string_view token) {
    SkipSpaces();
    return absl::ConsumePrefix(&rest_, token);
  }

  // AND is a word: "ANDlabels" is not.
  bool TakeAnd() {
    return Take("AND") && !rest_.empty() &&
           absl::ascii_isspace(static_cast<unsigned char>(rest_.front()));
  }

  absl::string_view TakeWord() {
    size_t length = 0;
    while (length < rest_.size() && IsKeyCharacter(rest_[length])) ++length;
    const absl::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

  bool TakeString(std::string* value) {
    if (!Take("\"")) return false;
    const size_t end = rest_.find_first_of("\"\\");
    if (end == absl::string_view::npos || rest_[end] != '"') return false;
    *value = std::string(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool TakeTerm() {
    if (Take("labels.")) return TakeLabelValue();
    if (Take("labels:")) return TakeLabelPresence();
    if (Take("type")) return TakeType();
    if (Take("name")) return TakeName();
    return false;
  }

  bool TakeLabelValue() {
    SecretFilter::Label label;
    label.key = std::string(TakeWord());
    if (label.key.empty() || !Take("=") || !TakeString(&label.value)) {
      return false;
    }
    filter_.labels_.push_back(std::move(label));
    return true;
  }

  bool TakeLabelPresence() {
    SecretFilter::Label label;
    label.any_value = true;
    label.key = std::string(TakeWord());
    if (label.key.empty()) return false;
    filter_.labels_.push_back(std::move(label));
    return true;
  }

  bool TakeType() {
    if (!Take("=")) return false;
    SkipSpaces();
    keyward::secrets::v1::SecretType type;
    const std::string name = absl::StrCat("SECRET_TYPE_", TakeWord());
    if (!keyward::secrets::v1::SecretType_Parse(name, &type) ||
        type == keyward::secrets::v1::SECRET_TYPE_UNSPECIFIED) {
      return false;
    }
    filter_.types_.push_back(type);
    return true;
  }

  bool TakeName() {
    SecretFilter::Name name;
    if (!Take("=") || !TakeString(&name.text)) return false;
    if (!name.text.empty() && name.text.back() == '*') {
      name.prefix = true;
      name.text.pop_back();
    }
    if (absl::StrContains(name.text, '*')) return false;
    filter_.names_.push_back(std::move(name));
    return true;
  }

  absl::string_view rest_;
  SecretFilter filter_;
};

absl::StatusOr<SecretFilter> SecretFilter::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return FieldError("filter",
                      absl::StrCat("must have at most ", kMaxBytes, " bytes"));
  }
  return FilterParser(text).Run();
}

bool SecretFilter::Matches(const SecretRecord& secret) const {
  for (const Label& label : labels_) {
    const auto found = secret.labels().find(label.key);
    if (found == secret.labels().end()) return false;
    if (!label.any_value && found->second != label.value) return false;
  }
  for (const int type : types_) {
    if (secret.type() != type) return false;
  }
  const absl::string_view id = IdOf(secret);
  for (const Name& name : names_) {
    if (name.prefix ? !absl::StartsWith(id, name.text) : id != name.text) {
      return false;
    }
  }
  return true;
}

}  // namespace keyward::store
