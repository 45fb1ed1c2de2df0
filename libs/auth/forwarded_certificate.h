// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_FORWARDED_CERTIFICATE_H_
#define KEYWARD_LIBS_AUTH_FORWARDED_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/auth/spiffe_id.h"

namespace keyward::auth {

// Whose certificate a proxy says it has verified.
struct ForwardedCertificate {
  SpiffeId id;
  // SHA-256 of the certificate (DER), lower-case hexadecimal; empty if the
  // proxy tells neither Hash nor Cert.
  std::string sha256;
  // Valid from the first of these moments until before the second; all times if
  // the proxy does not tell Cert.
  absl::Time not_before = absl::InfinitePast();
  absl::Time not_after = absl::InfiniteFuture();
};

// Reads the x-forwarded-client-cert of a proxy whose SPIFFE id is `proxy_id`.
// Nothing is verified, since the proxy has done it, but all that it tells must
// agree. INVALID_ARGUMENT, with the rule and nothing of the text, for
//  - what ParseXfcc refuses;
//  - more than one element. A proxy that appends to what its client sent lets
//    the client write the first ones, and readers differ in which they take:
//    a trusted proxy must replace the header (Envoy's SANITIZE_SET);
//  - By, Hash, Cert, Chain, Subject or URI more than once;
//  - By that is not `proxy_id`: the header was made by another proxy;
//  - Hash that is not SHA-256 in hexadecimal, or not of Cert;
//  - Cert that ReadWorkloadCertificate refuses once its percent-encoding is
//    undone;
//  - no caller: neither Cert nor URI, a URI that is not a workload's SPIFFE id,
//    or another one than the certificate's.
// Chain, Subject and DNS say nothing that counts.
absl::StatusOr<ForwardedCertificate> ReadForwardedCertificate(
    absl::string_view header, absl::string_view proxy_id);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_FORWARDED_CERTIFICATE_H_
