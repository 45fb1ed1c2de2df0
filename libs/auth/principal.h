// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_PRINCIPAL_H_
#define KEYWARD_LIBS_AUTH_PRINCIPAL_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/auth/spiffe_id.h"

namespace keyward::auth {

// The name of a caller, in policy, in records and between services. Its prefix
// says what proves it:
//
//   spiffe://TRUST_DOMAIN/PATH              an X.509 chain to that domain's CA
//   oidc:ISSUER_ID:SUBJECT                  a token of a configured issuer
//   k8s:CLUSTER_ID:NAMESPACE:SERVICE_ACCOUNT  a token of a configured cluster
//   x509:CA_ID:NAME                         a plain certificate, mapped
//   system:SERVICE                          Keyward itself
//
// A Principal is a name, not a proof: policy and records name callers too. What
// was proven is a Credential, which only authenticators can make.
//
// The form is canonical: one caller has one text, and a text means one caller.
// SUBJECT and NAME come from outside and may be anything; each byte other than
// A-Z a-z 0-9 - . _ ~ @ : / | + = , ; ! becomes %XX (upper case). So a token
// whose subject reads "spiffe://corp/admin" is oidc:ISSUER:spiffe://corp/admin
// and never spiffe://corp/admin, one with a line feed in it breaks no log, and
// no subject can pass for one of another issuer, since an issuer's id has no
// colon.
//
// A plain, immutable value; compare with ==.
class Principal {
 public:
  enum class Kind { kSpiffe, kOidc, kKubernetes, kX509, kSystem };

  // The whole text. Longer names are refused and never cut: two callers must
  // not become one by cutting.
  static constexpr size_t kMaxBytes = 256;

  // Reads a name in canonical form. INVALID_ARGUMENT, naming the rule, for
  // everything else, over-escaped and lower-case %xx forms included.
  static absl::StatusOr<Principal> Parse(absl::string_view text);

  // A workload.
  static Principal Spiffe(const SpiffeId& id);

  // A token's subject. INVALID_ARGUMENT if `issuer_id` is not
  // [a-z0-9][a-z0-9-]* of at most 63 bytes, the subject is empty, or the whole
  // too long.
  static absl::StatusOr<Principal> Oidc(absl::string_view issuer_id,
                                        absl::string_view subject);

  // One of Keyward's services. INVALID_ARGUMENT if `service` is not
  // [a-z][a-z0-9-]* of at most 63 bytes.
  static absl::StatusOr<Principal> System(absl::string_view service);

  Kind kind() const { return kind_; }
  const std::string& ToString() const { return text_; }

  friend bool operator==(const Principal& a, const Principal& b) {
    return a.text_ == b.text_;
  }
  friend bool operator!=(const Principal& a, const Principal& b) {
    return !(a == b);
  }
  friend bool operator<(const Principal& a, const Principal& b) {
    return a.text_ < b.text_;
  }
  template <typename H>
  friend H AbslHashValue(H h, const Principal& p) {
    return H::combine(std::move(h), p.text_);
  }

 private:
  Principal(Kind kind, std::string text)
      : kind_(kind), text_(std::move(text)) {}

  Kind kind_;
  std::string text_;
};

// The escaping of SUBJECT and NAME, which credential ids use as well.
std::string EscapeForeignText(absl::string_view text);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_PRINCIPAL_H_
