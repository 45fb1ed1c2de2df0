// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_SPIFFE_ID_H_
#define KEYWARD_LIBS_AUTH_SPIFFE_ID_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::auth {

// The SPIFFE id of a workload: spiffe://TRUST_DOMAIN/PATH, by the SPIFFE-ID
// standard. A plain, immutable value.
//
// Only the standard's own form is accepted. Anything that merely means the
// same (an upper-case scheme or domain, percent-encoding, "//" or "." in the
// path, a port) is refused and never normalized: policy compares ids byte for
// byte, and two spellings of one workload would be two principals to it.
class SpiffeId {
 public:
  // The whole id. The standard lets ids grow to 2048 bytes; ours must fit into
  // an audit record of 2 KiB with everything else.
  static constexpr size_t kMaxBytes = 256;
  // The standard's bound for a trust domain.
  static constexpr size_t kMaxTrustDomainBytes = 255;

  // INVALID_ARGUMENT, naming the rule but not the text, unless `text` is the id
  // of a workload. A trust domain's own id (without a path) is not: it names
  // authorities, which never authenticate.
  static absl::StatusOr<SpiffeId> Parse(absl::string_view text);

  absl::string_view trust_domain() const {
    return absl::string_view(text_).substr(kSchemeBytes, domain_bytes_);
  }
  // From the "/" on.
  absl::string_view path() const {
    return absl::string_view(text_).substr(kSchemeBytes + domain_bytes_);
  }
  const std::string& ToString() const { return text_; }

 private:
  static constexpr size_t kSchemeBytes = sizeof("spiffe://") - 1;

  SpiffeId(std::string text, size_t domain_bytes)
      : text_(std::move(text)), domain_bytes_(domain_bytes) {}

  std::string text_;
  size_t domain_bytes_;
};

// INVALID_ARGUMENT unless `name` is a trust domain's name: 1 to 255 of
// [a-z0-9._-].
absl::Status CheckTrustDomain(absl::string_view name);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_SPIFFE_ID_H_
