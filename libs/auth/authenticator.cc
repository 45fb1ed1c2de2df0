// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/authenticator.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/auth/certificate_authenticator.h"
#include "libs/auth/forwarded_authenticator.h"
#include "libs/auth/jwt.h"
#include "libs/auth/spiffe_id.h"
#include "libs/auth/xfcc.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {
namespace {

absl::Status Refuse(absl::string_view reason) {
  return MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                   reason);
}

// Digests of tokens and of certificates are of different kinds, so that no text
// can be taken for both.
crypto::Sha256Digest DigestOf(absl::string_view kind, absl::string_view text) {
  return crypto::Sha256({kind, text});
}

bool HasDomain(const std::vector<TrustDomain>& domains,
               absl::string_view name) {
  for (const TrustDomain& domain : domains) {
    if (domain.name == name) return true;
  }
  return false;
}

using ServiceMap = std::map<std::string, Principal, std::less<>>;

absl::StatusOr<ServiceMap> MapServices(const AuthConfig& config) {
  if (config.service_identities.size() > Authenticator::kMaxServiceIdentities) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", Authenticator::kMaxServiceIdentities,
                     " service identities"));
  }
  ServiceMap services;
  for (const auto& [text, name] : config.service_identities) {
    absl::StatusOr<SpiffeId> id = SpiffeId::Parse(text);
    if (!id.ok()) return id.status();
    // It would never match: a mistake that shows only when a service fails.
    if (!HasDomain(config.trust_domains, id->trust_domain())) {
      return absl::InvalidArgumentError(
          absl::StrCat("the service identity ", text,
                       " is of a trust domain that is not configured"));
    }
    absl::StatusOr<Principal> principal = Principal::System(name);
    if (!principal.ok()) return principal.status();
    services.emplace(text, *std::move(principal));
  }
  return services;
}

ForwardedAuthenticator::Config ForwardingOf(const AuthConfig& config) {
  ForwardedAuthenticator::Config forwarding;
  forwarding.proxies = config.trusted_proxies;
  forwarding.services = config.internal_services;
  for (const auto& [id, name] : config.service_identities) {
    forwarding.services.push_back(id);
  }
  for (const TrustDomain& domain : config.trust_domains) {
    forwarding.trust_domains.insert(domain.name);
  }
  return forwarding;
}

}  // namespace

struct Authenticator::Rules {
  uint64_t generation;
  CertificateAuthenticator certificates;
  std::unique_ptr<JwtAuthenticator> tokens;
  ServiceMap services;
  ForwardedAuthenticator forwarded;

  static absl::StatusOr<std::shared_ptr<Rules>> Make(AuthConfig config) {
    absl::StatusOr<ServiceMap> services = MapServices(config);
    if (!services.ok()) return services.status();
    auto forwarded = ForwardedAuthenticator::Create(ForwardingOf(config));
    if (!forwarded.ok()) return forwarded.status();
    auto bundles = TrustBundles::Create(std::move(config.trust_domains));
    if (!bundles.ok()) return bundles.status();
    auto tokens = JwtAuthenticator::Create(std::move(config.jwt_issuers));
    if (!tokens.ok()) return tokens.status();
    return std::shared_ptr<Rules>(new Rules{
        1, CertificateAuthenticator(*std::move(bundles)), *std::move(tokens),
        *std::move(services), *std::move(forwarded)});
  }
};

Authenticator::Authenticator(std::shared_ptr<const Rules> rules,
                             size_t cached_credentials, const Clock* clock)
    : clock_(clock), cache_(cached_credentials), rules_(std::move(rules)) {}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(
    AuthConfig config, size_t cached_credentials, const Clock* clock) {
  auto rules = Rules::Make(std::move(config));
  if (!rules.ok()) return rules.status();
  return std::unique_ptr<Authenticator>(
      new Authenticator(*std::move(rules), cached_credentials, clock));
}

absl::Status Authenticator::Update(AuthConfig config) {
  auto rules = Rules::Make(std::move(config));
  if (!rules.ok()) return rules.status();
  MutexLock lock(&mu_);
  (*rules)->generation = rules_->generation + 1;
  rules_ = *std::move(rules);
  generation_.store(rules_->generation, std::memory_order_release);
  return absl::OkStatus();
}

std::shared_ptr<const Authenticator::Rules> Authenticator::rules() const {
  MutexLock lock(&mu_);
  return rules_;
}

absl::StatusOr<Credential> Authenticator::Authenticate(
    const RequestCredentials& request) {
  const std::shared_ptr<const Rules> rules = this->rules();
  if (request.authorization.size() > 1) {
    return Refuse("more than one authorization header");
  }
  if (!request.authorization.empty()) {
    return VerifyBearer(*rules, request.authorization[0]);
  }
  if (!request.certificate_pem.empty()) return VerifyPeer(*rules, request);
  return Refuse(
      "no credential: connect with a client certificate, or send "
      "\"authorization: Bearer TOKEN\"");
}

absl::StatusOr<Credential> Authenticator::Reauthenticate(
    const Credential& credential, const RequestCredentials& request) {
  const std::shared_ptr<const Rules> rules = this->rules();
  switch (credential.method()) {
    case AuthenticationMethod::kLocal:
      return credential;
    case AuthenticationMethod::kJwt:
      return rules->tokens->Reauthenticate(credential, clock_->Now());
    case AuthenticationMethod::kMutualTls:
    case AuthenticationMethod::kForwarded:
      break;
  }
  absl::StatusOr<Credential> again = VerifyPeer(*rules, request);
  if (!again.ok()) return again;
  if (credential.method() == AuthenticationMethod::kForwarded &&
      again->method() != AuthenticationMethod::kForwarded) {
    return Refuse(
        "x-forwarded-client-cert: its sender is no trusted proxy any more");
  }
  if (again->principal().ToString() != credential.principal().ToString()) {
    return Refuse("certificate: it proves another principal now");
  }
  return again;
}

absl::StatusOr<Credential> Authenticator::VerifyBearer(
    const Rules& rules, absl::string_view header) {
  static constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(header, kScheme)) {
    return Refuse("the authorization header must be \"Bearer TOKEN\"");
  }
  const absl::string_view token = header.substr(kScheme.size());
  // Before it is hashed: a hostile megabyte should cost nothing.
  if (token.size() > kMaxTokenBytes) {
    return Refuse(
        absl::StrCat("bearer token: longer than ", kMaxTokenBytes, " bytes"));
  }
  const crypto::Sha256Digest digest = DigestOf("token:", token);
  const absl::Time now = clock_->Now();
  if (auto cached = cache_.Find(digest, rules.generation, now)) {
    return *std::move(cached);
  }
  absl::StatusOr<Credential> credential =
      rules.tokens->Authenticate(token, now);
  if (credential.ok()) cache_.Insert(digest, rules.generation, *credential);
  return credential;
}

absl::StatusOr<Credential> Authenticator::VerifyPeer(
    const Rules& rules, const RequestCredentials& request) {
  absl::StatusOr<Credential> peer = VerifyCertificate(rules, request);
  if (!peer.ok() || !rules.forwarded.IsProxy(peer->principal())) return peer;
  return VerifyForwarded(rules, *peer, request.forwarded_client_cert);
}

absl::StatusOr<Credential> Authenticator::VerifyForwarded(
    const Rules& rules, const Credential& proxy,
    absl::Span<const std::string> headers) {
  const absl::Time now = clock_->Now();
  // What is refused without a look is not worth a hash.
  if (headers.size() != 1 || headers[0].size() > kMaxXfccBytes) {
    return rules.forwarded.Authenticate(proxy, headers, now);
  }
  // The same header of another proxy may be refused. Ids of certificates are of
  // one length: no two pairs make one text.
  const crypto::Sha256Digest digest =
      crypto::Sha256({"forwarded:", proxy.id(), headers[0]});
  if (auto cached = cache_.Find(digest, rules.generation, now)) {
    return *std::move(cached);
  }
  absl::StatusOr<Credential> caller =
      rules.forwarded.Authenticate(proxy, headers, now);
  if (caller.ok()) cache_.Insert(digest, rules.generation, *caller);
  return caller;
}

absl::StatusOr<Credential> Authenticator::VerifyCertificate(
    const Rules& rules, const RequestCredentials& request) {
  if (request.session_resumed) {
    return Refuse("a resumed TLS session proves nothing; connect anew");
  }
  if (request.certificate_pem.size() >
      CertificateAuthenticator::kMaxLeafBytes) {
    return Refuse("certificate: too long");
  }
  const crypto::Sha256Digest digest =
      DigestOf("certificate:", request.certificate_pem);
  const absl::Time now = clock_->Now();
  if (auto cached = cache_.Find(digest, rules.generation, now)) {
    return *std::move(cached);
  }
  absl::StatusOr<Credential> credential = rules.certificates.Authenticate(
      request.certificate_pem, request.chain_pem, now);
  if (!credential.ok()) return credential;
  const auto service = rules.services.find(credential->principal().ToString());
  if (service != rules.services.end()) {
    credential =
        Credential(CredentialMint(), service->second, credential->method(),
                   credential->id(), credential->expire_time());
  }
  cache_.Insert(digest, rules.generation, *credential);
  return credential;
}

}  // namespace keyward::auth
