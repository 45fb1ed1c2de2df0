// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The filter of ListSecrets. Its grammar stands here a second time, as regular
// expressions, and so does what it means.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "re2/re2.h"
#include "services/store/secret_filter.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using keyward::internal::store::v1::SecretRecord;
using store::SecretFilter;

constexpr char kSpaces[] = R"([ \t\n\v\f\r]*)";
constexpr char kAnd[] = R"([ \t\n\v\f\r]*AND[ \t\n\v\f\r])";

// One term: a label's key and value, a label's key, a type, a name.
std::string TermPattern() {
  const std::string equals = absl::StrCat(kSpaces, "=", kSpaces);
  const std::string word = "([A-Za-z0-9_.-]+)";
  const std::string string = R"re("([^"\\]*)")re";
  return absl::StrCat(kSpaces, "(?:labels\\.", word, equals, string,
                      "|labels:", word, "|type", equals, word, "|name", equals,
                      string, ")");
}

struct Term {
  std::string label;
  std::string value;
  std::string present;
  std::string type;
  std::string name;
};

// The terms of a filter; false if it is none.
bool ParseReference(absl::string_view text, std::vector<Term>* terms) {
  static const RE2& term_pattern = *new RE2(TermPattern(), RE2::Latin1);
  static const RE2& and_pattern = *new RE2(kAnd, RE2::Latin1);
  static const RE2& space_pattern = *new RE2(kSpaces, RE2::Latin1);
  FUZZ_CHECK(term_pattern.ok() && and_pattern.ok());
  re2::StringPiece rest(text.data(), text.size());
  if (RE2::FullMatch(rest, space_pattern)) return true;
  while (true) {
    Term term;
    if (!RE2::Consume(&rest, term_pattern, &term.label, &term.value,
                      &term.present, &term.type, &term.name)) {
      return false;
    }
    terms->push_back(std::move(term));
    if (RE2::FullMatch(rest, space_pattern)) return true;
    if (!RE2::Consume(&rest, and_pattern)) return false;
  }
}

// Whether the term can be; and if so whether the secret has it.
bool IsMeaningful(const Term& term) {
  auto type = keyward::secrets::v1::SECRET_TYPE_UNSPECIFIED;
  if (!term.type.empty()) {
    return keyward::secrets::v1::SecretType_Parse("SECRET_TYPE_" + term.type,
                                                  &type) &&
           type != keyward::secrets::v1::SECRET_TYPE_UNSPECIFIED;
  }
  const size_t star = term.name.find('*');
  return star == std::string::npos || star + 1 == term.name.size();
}

bool Has(const SecretRecord& secret, const Term& term) {
  if (!term.label.empty()) {
    const auto found = secret.labels().find(term.label);
    return found != secret.labels().end() && found->second == term.value;
  }
  if (!term.present.empty()) return secret.labels().contains(term.present);
  if (!term.type.empty()) {
    return "SECRET_TYPE_" + term.type ==
           keyward::secrets::v1::SecretType_Name(secret.type());
  }
  absl::string_view id = secret.name();
  absl::ConsumePrefix(&id, "projects/p/secrets/");
  absl::string_view prefix = term.name;
  return absl::ConsumeSuffix(&prefix, "*") ? absl::StartsWith(id, prefix)
                                           : id == prefix;
}

const std::vector<SecretRecord>& Secrets() {
  static const std::vector<SecretRecord>& secrets = *[] {
    auto* const made = new std::vector<SecretRecord>(3);
    (*made)[0].set_name("projects/p/secrets/payments-db");
    (*made)[0].set_type(keyward::secrets::v1::SECRET_TYPE_API_KEY);
    (*(*made)[0].mutable_labels())["env"] = "prod";
    (*(*made)[0].mutable_labels())["a.b-c"] = "";
    (*made)[1].set_name("projects/p/secrets/p");
    (*made)[1].set_type(keyward::secrets::v1::SECRET_TYPE_OPAQUE);
    (*(*made)[1].mutable_labels())["env"] = "test";
    (*made)[2].set_name("projects/p/secrets/AND");
    (*made)[2].set_type(keyward::secrets::v1::SECRET_TYPE_SSH_KEY);
    return made;
  }();
  return secrets;
}

void CheckFilter(absl::string_view text) {
  const absl::StatusOr<SecretFilter> filter = SecretFilter::Parse(text);
  std::vector<Term> terms;
  bool good = text.size() <= SecretFilter::kMaxBytes &&
              ParseReference(text, &terms) &&
              terms.size() <= SecretFilter::kMaxTerms;
  for (const Term& term : terms) good = good && IsMeaningful(term);
  FUZZ_CHECK(filter.ok() == good);
  if (!filter.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(filter.status()));
    FUZZ_CHECK(!absl::StrContains(filter.status().message(), kCanary));
    return;
  }
  for (const SecretRecord& secret : Secrets()) {
    bool all = true;
    for (const Term& term : terms) all = all && Has(secret, term);
    FUZZ_CHECK(filter->Matches(secret) == all);
    // A scan that begins at the prefix misses nothing.
    FUZZ_CHECK(!all ||
               absl::StartsWith(secret.name(),
                                "projects/p/secrets/" + filter->id_prefix()));
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyward::fuzz::CheckFilter(keyward::fuzz::Text(data, size));
  return 0;
}
