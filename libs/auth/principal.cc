// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/principal.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keyward::auth {
namespace {

// A DNS label, as Kubernetes namespaces are.
constexpr size_t kMaxLabel = 63;
// A DNS subdomain, as Kubernetes service accounts' names are.
constexpr size_t kMaxSubdomain = 253;

constexpr char kHexDigits[] = "0123456789ABCDEF";

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

bool IsAlphanumeric(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

bool IsUnescaped(char c) {
  return IsAlphanumeric(c) || absl::StrContains("-._~@:/|+=,;!", c);
}

bool IsLowerOrDigit(char c) {
  return IsAlphanumeric(c) &&
         !absl::ascii_isupper(static_cast<unsigned char>(c));
}

// [a-z0-9][a-z0-9-]*, and with `dots` also ".".
bool IsId(absl::string_view id, size_t max_bytes, bool dots) {
  return !id.empty() && id.size() <= max_bytes && IsLowerOrDigit(id[0]) &&
         std::all_of(id.begin(), id.end(), [dots](char c) {
           return IsLowerOrDigit(c) || c == '-' || (dots && c == '.');
         });
}

// The value of an upper-case hexadecimal digit, or -1.
int HexValue(char c) {
  const absl::string_view digits(kHexDigits);
  const size_t at = digits.find(c);
  return at == absl::string_view::npos ? -1 : static_cast<int>(at);
}

// Whether `text` is what EscapeForeignText makes of some text that is not
// empty.
bool IsEscapedText(absl::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!IsUnescaped(text[i])) return false;
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return false;
    // A character that needed no escape would give the caller a second name.
    if (IsUnescaped(static_cast<char>(high * 16 + low))) return false;
    i += 2;
  }
  return true;
}

// ID:TEXT, the tail of oidc: and x509: names.
bool IsIdAndText(absl::string_view tail) {
  const size_t colon = tail.find(':');
  return colon != absl::string_view::npos &&
         IsId(tail.substr(0, colon), kMaxLabel, /*dots=*/false) &&
         IsEscapedText(tail.substr(colon + 1));
}

bool IsKubernetesTail(absl::string_view tail) {
  const std::vector<absl::string_view> parts = absl::StrSplit(tail, ':');
  return parts.size() == 3 && IsId(parts[0], kMaxLabel, false) &&
         IsId(parts[1], kMaxLabel, false) &&
         IsId(parts[2], kMaxSubdomain, /*dots=*/true);
}

bool IsServiceName(absl::string_view name) {
  return IsId(name, kMaxLabel, /*dots=*/false) &&
         !absl::ascii_isdigit(static_cast<unsigned char>(name[0]));
}

}  // namespace

std::string EscapeForeignText(absl::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (IsUnescaped(c)) {
      escaped += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    escaped += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return escaped;
}

absl::StatusOr<Principal> Principal::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return Broken("a principal must be at most 256 bytes");
  }
  if (absl::StartsWith(text, "spiffe:")) {
    absl::StatusOr<SpiffeId> id = SpiffeId::Parse(text);
    if (!id.ok()) return id.status();
    return Spiffe(*id);
  }
  absl::string_view tail = text;
  if (absl::ConsumePrefix(&tail, "oidc:")) {
    if (IsIdAndText(tail)) return Principal(Kind::kOidc, std::string(text));
    return Broken("must be oidc:ISSUER_ID:SUBJECT, the subject escaped");
  }
  if (absl::ConsumePrefix(&tail, "k8s:")) {
    if (IsKubernetesTail(tail)) {
      return Principal(Kind::kKubernetes, std::string(text));
    }
    return Broken("must be k8s:CLUSTER_ID:NAMESPACE:SERVICE_ACCOUNT");
  }
  if (absl::ConsumePrefix(&tail, "x509:")) {
    if (IsIdAndText(tail)) return Principal(Kind::kX509, std::string(text));
    return Broken("must be x509:CA_ID:NAME, the name escaped");
  }
  if (absl::ConsumePrefix(&tail, "system:")) return System(tail);
  return Broken(
      "a principal must begin with spiffe://, oidc:, k8s:, x509: or system:");
}

Principal Principal::Spiffe(const SpiffeId& id) {
  return Principal(Kind::kSpiffe, id.ToString());
}

absl::StatusOr<Principal> Principal::Oidc(absl::string_view issuer_id,
                                          absl::string_view subject) {
  if (!IsId(issuer_id, kMaxLabel, /*dots=*/false)) {
    return Broken(
        "an issuer's id must be 1 to 63 of a-z 0-9 -, not starting "
        "with -");
  }
  if (subject.empty()) return Broken("the subject must not be empty");
  // Before it is escaped, so that a hostile subject costs no memory.
  if (subject.size() > kMaxBytes) return Broken("the subject is too long");
  std::string text =
      absl::StrCat("oidc:", issuer_id, ":", EscapeForeignText(subject));
  if (text.size() > kMaxBytes) return Broken("the subject is too long");
  return Principal(Kind::kOidc, std::move(text));
}

absl::StatusOr<Principal> Principal::System(absl::string_view service) {
  if (!IsServiceName(service)) {
    return Broken(
        "a service's name must be 1 to 63 of a-z 0-9 -, starting "
        "with a letter");
  }
  return Principal(Kind::kSystem, absl::StrCat("system:", service));
}

}  // namespace keyward::auth
