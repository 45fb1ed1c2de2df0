// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Names, in policies, requests and certificates: two spellings of one resource
// or one caller would be a way around a deny rule. The grammars stand here a
// second time, as regular expressions. The input is up to three lines.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/auth/principal.h"
#include "libs/auth/spiffe_id.h"
#include "libs/base/hex.h"
#include "libs/base/resource_name.h"
#include "libs/policy/scope.h"
#include "re2/re2.h"
#include "services/cli/names.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using auth::Principal;
using policy::Scope;

// The grammar of names, but for the lengths of segments and the greatest
// number.
std::string NamePattern() {
  const std::string secret = "[A-Za-z0-9_.-]+";
  const std::string number = "([1-9][0-9]*)";
  const std::string alias = "[A-Za-z][A-Za-z0-9_-]{0,62}";
  const std::string role = "roles/[a-z][a-zA-Z0-9.-]{0,62}";
  const std::string rule = "/[a-z0-9][a-z0-9.-]{0,62}";
  const std::string policy =
      absl::StrCat("bindings", rule, "|denyRules", rule, "|", role);
  return absl::StrCat("system(?:/(?:", policy, "))?|", role,
                      "|projects/[a-z][a-z0-9-]{1,61}[a-z0-9](?:/(?:", policy,
                      "|connectors", rule, "|rotations", rule, "|secrets/",
                      secret, "(?:/versions/(?:", number, "|", alias,
                      "))?|keys/", secret, "(?:/versions/", number, ")?))?");
}

constexpr char kSpiffeIds[] =
    "spiffe://[a-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]+)+";

bool Matches(absl::string_view text, const RE2& pattern, std::string* a,
             std::string* b) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern, a,
                        b);
}

// Of text that is a number: at most 2^63-1.
bool FitsInt64(absl::string_view digits) {
  constexpr absl::string_view kMost = "9223372036854775807";
  return digits.size() < kMost.size() ||
         (digits.size() == kMost.size() && digits <= kMost);
}

bool IsResourceName(absl::string_view text) {
  static const RE2& pattern = *new RE2(NamePattern(), RE2::Latin1);
  FUZZ_CHECK(pattern.ok());
  std::string secret_version;
  std::string key_version;
  if (text.size() > ResourceName::kMaxLength ||
      !Matches(text, pattern, &secret_version, &key_version)) {
    return false;
  }
  for (absl::string_view segment : absl::StrSplit(text, '/')) {
    if (segment.size() > 255 || segment == "." || segment == "..") return false;
  }
  return FitsInt64(secret_version) && FitsInt64(key_version);
}

bool IsSpiffeId(absl::string_view text) {
  static const RE2& pattern = *new RE2(kSpiffeIds, RE2::Latin1);
  if (text.size() > auth::SpiffeId::kMaxBytes ||
      !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern)) {
    return false;
  }
  const absl::string_view path = text.substr(sizeof("spiffe://") - 1);
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i] == "." || segments[i] == "..") return false;
  }
  return true;
}

// The way from a name up to `system`, and down again by one step.
void CheckWayUp(const ResourceName& name) {
  const absl::optional<ResourceName> parent = name.parent();
  FUZZ_CHECK(parent.has_value() == (name.kind() != ResourceKind::kSystem));
  if (!parent.has_value()) return;
  FUZZ_CHECK(name.IsAtOrBelow(*parent));
  FUZZ_CHECK(!parent->IsAtOrBelow(name));
  FUZZ_CHECK(parent->ToString().size() < name.ToString().size() ||
             parent->kind() == ResourceKind::kSystem);
  // A built-in role's parent is `system`, which has roles of its own.
  if (!absl::StartsWith(name.ToString(), "roles/")) {
    std::vector<std::string> segments = absl::StrSplit(name.ToString(), '/');
    const auto again =
        parent->Child(segments[segments.size() - 2], name.id(), "name");
    FUZZ_CHECK(again.ok() && *again == name);
  }
  CheckWayUp(*parent);
}

void CheckResourceName(absl::string_view text) {
  const absl::StatusOr<ResourceName> name = ResourceName::Parse(text);
  FUZZ_CHECK(name.ok() == IsResourceName(text));
  if (!name.ok()) {
    FUZZ_CHECK(!absl::StrContains(name.status().message(), kCanary));
    return;
  }
  FUZZ_CHECK(name->ToString() == text);
  FUZZ_CHECK(name->IsAtOrBelow(*name));
  FUZZ_CHECK(name->IsAtOrBelow(ResourceName::System()));
  if (name->version_number().has_value()) {
    FUZZ_CHECK(absl::StrCat(*name->version_number()) == name->version());
  }
  CheckWayUp(*name);
}

std::string Unescaped(absl::string_view escaped) {
  std::string text;
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '%') {
      text.push_back(escaped[i]);
      continue;
    }
    text += HexDecode(escaped.substr(i + 1, 2)).value();
    i += 2;
  }
  return text;
}

void CheckPrincipal(absl::string_view text) {
  const auto id = auth::SpiffeId::Parse(text);
  FUZZ_CHECK(id.ok() == IsSpiffeId(text));
  if (id.ok()) {
    FUZZ_CHECK(absl::StrCat("spiffe://", id->trust_domain(), id->path()) ==
               text);
    FUZZ_CHECK(auth::CheckTrustDomain(id->trust_domain()).ok());
  }
  const absl::StatusOr<Principal> principal = Principal::Parse(text);
  const bool is_spiffe = absl::StartsWith(text, "spiffe:");
  FUZZ_CHECK(!is_spiffe || principal.ok() == id.ok());
  if (principal.ok()) {
    FUZZ_CHECK(principal->ToString() == text);
    FUZZ_CHECK(text.size() <= Principal::kMaxBytes);
    for (const char c : text) FUZZ_CHECK(c > ' ' && c < 0x7f);
    FUZZ_CHECK(is_spiffe == (principal->kind() == Principal::Kind::kSpiffe));
  }
  // Whatever a token's subject is, it stays one of its issuer's, and no two
  // subjects become one.
  const absl::StatusOr<Principal> subject = Principal::Oidc("issuer", text);
  if (!subject.ok()) return;
  const absl::StatusOr<Principal> again = Principal::Parse(subject->ToString());
  FUZZ_CHECK(again.ok() && *again == *subject);
  FUZZ_CHECK(again->kind() == Principal::Kind::kOidc);
  FUZZ_CHECK(Unescaped(absl::string_view(subject->ToString())
                           .substr(sizeof("oidc:issuer:") - 1)) == text);
}

void CheckScopes(const std::vector<absl::string_view>& lines) {
  std::vector<Scope> scopes;
  std::vector<ResourceName> names;
  for (const absl::string_view line : lines) {
    const absl::StatusOr<Scope> scope = Scope::Parse(line, "resource");
    const absl::StatusOr<ResourceName> name = ResourceName::Parse(line);
    if (name.ok()) {
      names.push_back(*name);
      FUZZ_CHECK(Scope::Of(*name).Contains(*name));
      // The longest prefix of a name that can be one holds for it.
      const auto prefix = Scope::Parse(absl::StrCat(line, "*"), "resource");
      if (prefix.ok()) FUZZ_CHECK(prefix->Contains(*name));
    }
    if (!scope.ok()) {
      FUZZ_CHECK(!absl::StrContains(scope.status().message(), kCanary));
      continue;
    }
    FUZZ_CHECK(scope->ToString() == line);
    FUZZ_CHECK(scope->Covers(*scope));
    FUZZ_CHECK(scope->is_prefix() || name.ok());
    scopes.push_back(*scope);
  }
  // Scopes form a tree.
  for (const Scope& a : scopes) {
    for (const Scope& b : scopes) {
      for (const ResourceName& name : names) {
        if (a.Covers(b) && b.Contains(name)) FUZZ_CHECK(a.Contains(name));
        if (a.Contains(name) && b.Contains(name)) FUZZ_CHECK(a.Overlaps(b));
      }
    }
  }
}

// What people type is a name in full, or an id and nothing more.
void CheckTyped(absl::string_view text) {
  const bool full = absl::StrContains(text, '/');
  const auto secret = cli::SecretName("default", text);
  if (secret.ok()) {
    FUZZ_CHECK(secret->kind() == ResourceKind::kSecret);
    FUZZ_CHECK(secret->ToString() ==
               (full ? std::string(text)
                     : absl::StrCat("projects/default/secrets/", text)));
  }
  const auto key = cli::KeyName("default", text);
  if (key.ok()) FUZZ_CHECK(key->kind() == ResourceKind::kKey);
  const auto project = cli::ProjectName(text);
  if (project.ok()) FUZZ_CHECK(project->kind() == ResourceKind::kProject);
  const auto reference = cli::SecretReference("default", text);
  if (reference.ok()) FUZZ_CHECK(IsResourceName(*reference));
  const auto version = cli::VersionName("default", "secret", text);
  if (version.ok()) {
    FUZZ_CHECK(*version ==
               absl::StrCat("projects/default/secrets/secret/versions/", text));
    FUZZ_CHECK(IsResourceName(*version));
  }
  const auto parent = cli::PolicyParent(text);
  if (parent.ok()) FUZZ_CHECK(IsResourceName(*parent));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const std::vector<absl::string_view> lines =
      absl::StrSplit(Text(data, size), absl::MaxSplits('\n', 2));
  for (const absl::string_view line : lines) {
    CheckResourceName(line);
    CheckPrincipal(line);
    CheckTyped(line);
  }
  CheckScopes(lines);
  return 0;
}
