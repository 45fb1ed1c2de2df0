// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/forwarded_authenticator.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/auth/forwarded_certificate.h"
#include "libs/auth/spiffe_id.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::auth {
namespace {

// What the development CA issues to services, and to nobody else.
constexpr char kDevelopmentServices[] = "spiffe://keyward.internal/service/";

absl::Status Refuse(absl::string_view reason) {
  return MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                   absl::StrCat("x-forwarded-client-cert: ", reason));
}

absl::Status Invalid(absl::string_view proxy, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("the trusted proxy ", proxy, " ", rule));
}

// Of a proxy that a certificate has proven.
std::string ProxyCredentialId(const Credential& proxy) {
  return absl::StrCat("proxy:", absl::StripPrefix(proxy.id(), "certificate:"));
}

}  // namespace

absl::StatusOr<ForwardedAuthenticator> ForwardedAuthenticator::Create(
    Config config) {
  if (config.proxies.size() > kMaxProxies) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxProxies, " trusted proxies"));
  }
  ForwardedAuthenticator made(std::move(config));
  for (const std::string& proxy : made.proxies_) {
    const absl::StatusOr<SpiffeId> id = SpiffeId::Parse(proxy);
    if (!id.ok()) return id.status();
    // It would never be believed: a mistake that shows only when calls fail.
    if (made.trust_domains_.count(id->trust_domain()) == 0) {
      return Invalid(proxy, "is of a trust domain that is not configured");
    }
    if (made.IsService(proxy)) {
      return Invalid(proxy, "is one of Keyward's own services");
    }
  }
  return made;
}

bool ForwardedAuthenticator::IsService(absl::string_view id) const {
  return services_.count(id) > 0 || absl::StartsWith(id, kDevelopmentServices);
}

bool ForwardedAuthenticator::IsProxy(const Principal& principal) const {
  return proxies_.count(principal.ToString()) > 0;
}

absl::StatusOr<Credential> ForwardedAuthenticator::Authenticate(
    const Credential& proxy, absl::Span<const std::string> headers,
    absl::Time now) const {
  const std::string& proxy_id = proxy.principal().ToString();
  if (headers.empty()) {
    return Refuse(
        "missing; this connection is a trusted proxy's, which is no caller "
        "itself");
  }
  // Which of two is the proxy's, and which its client's, nobody can tell.
  if (headers.size() > 1) return Refuse("sent more than once");
  absl::StatusOr<ForwardedCertificate> caller =
      ReadForwardedCertificate(headers[0], proxy_id);
  if (!caller.ok()) return Refuse(caller.status().message());
  if (trust_domains_.count(caller->id.trust_domain()) == 0) {
    return Refuse("the caller's trust domain is not configured here");
  }
  Principal principal = Principal::Spiffe(caller->id);
  // A caller that is a proxy may stand for anyone: a chain of proxies, of
  // which the first is not known to have replaced the header.
  if (IsProxy(principal)) return Refuse("the caller is a proxy");
  if (IsService(principal.ToString())) {
    return Refuse("the caller is one of Keyward's own services");
  }
  if (now < caller->not_before || now >= caller->not_after) {
    return Refuse("the caller's certificate is expired, or not valid yet");
  }
  std::string id = caller->sha256.empty()
                       ? ProxyCredentialId(proxy)
                       : absl::StrCat("certificate:", caller->sha256);
  return Credential(CredentialMint(), std::move(principal),
                    AuthenticationMethod::kForwarded, std::move(id),
                    std::min(proxy.expire_time(), caller->not_after), nullptr,
                    proxy_id);
}

}  // namespace keyward::auth
