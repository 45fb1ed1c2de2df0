// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_FORWARDED_AUTHENTICATOR_H_
#define KEYWARD_LIBS_AUTH_FORWARDED_AUTHENTICATOR_H_

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/auth/credential.h"
#include "libs/auth/principal.h"

namespace keyward::auth {

// Proves callers by the word of a trusted proxy: one that has ended the
// caller's TLS, verified its certificate, and says in x-forwarded-client-cert
// whose it was.
//
// Whoever trusts a proxy lets it name any caller of every trust domain that is
// configured. What it may not do, whatever it says, is be a caller itself, or
// name another proxy or one of Keyward's own services: those prove themselves
// in a handshake with us or not at all.
//
// Immutable; safe for concurrent use.
class ForwardedAuthenticator {
 public:
  static constexpr size_t kMaxProxies = 64;

  struct Config {
    // SPIFFE ids.
    std::vector<std::string> proxies;
    // SPIFFE ids of Keyward's own services. Those of the development domain,
    // spiffe://keyward.internal/service/..., need not be named.
    std::vector<std::string> services;
    // The trust domains that are configured.
    std::set<std::string, std::less<>> trust_domains;
  };

  // INVALID_ARGUMENT for more than kMaxProxies proxies, and for one that is not
  // a workload's SPIFFE id, is of a domain that is not configured, or is a
  // service of Keyward's.
  static absl::StatusOr<ForwardedAuthenticator> Create(Config config);

  // Whether it is a trusted proxy's. Its own credential must then not be used
  // for a request: it speaks for others.
  bool IsProxy(const Principal& principal) const;

  // The caller that `proxy`, whose certificate has proven it to be a trusted
  // proxy, names in `headers`: the values of x-forwarded-client-cert. The
  // credential ends with the proxy's or, if Cert tells when, with the caller's
  // certificate, whichever is first.
  //
  // UNAUTHENTICATED, with a reason that repeats nothing of the header, for no
  // header or more than one; what ReadForwardedCertificate refuses; a
  // certificate that is not valid at `now`; a caller that no proxy may name,
  // or of a trust domain that is not configured.
  absl::StatusOr<Credential> Authenticate(const Credential& proxy,
                                          absl::Span<const std::string> headers,
                                          absl::Time now) const;

 private:
  explicit ForwardedAuthenticator(Config config)
      : proxies_(config.proxies.begin(), config.proxies.end()),
        services_(config.services.begin(), config.services.end()),
        trust_domains_(std::move(config.trust_domains)) {}

  bool IsService(absl::string_view id) const;

  std::set<std::string, std::less<>> proxies_;
  std::set<std::string, std::less<>> services_;
  std::set<std::string, std::less<>> trust_domains_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_FORWARDED_AUTHENTICATOR_H_
