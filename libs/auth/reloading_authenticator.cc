// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reloading_authenticator.h"

#include <utility>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/repeated_field.h"
#include "libs/auth/jwk_set.h"
#include "libs/auth/proxy_list.h"

namespace keyward::auth {
namespace {

using ::google::protobuf::RepeatedPtrField;

std::vector<AuthSettings::Domain> DomainsOf(
    const RepeatedPtrField<config::v1::TrustDomainConfig>& configs) {
  std::vector<AuthSettings::Domain> domains;
  for (const config::v1::TrustDomainConfig& config : configs) {
    domains.push_back({config.name(), config.bundle_file()});
  }
  return domains;
}

std::vector<AuthSettings::Issuer> IssuersOf(
    const RepeatedPtrField<config::v1::JwtIssuerConfig>& configs) {
  std::vector<AuthSettings::Issuer> issuers;
  for (const config::v1::JwtIssuerConfig& config : configs) {
    AuthSettings::Issuer issuer;
    issuer.issuer.id = config.id();
    issuer.issuer.issuer = config.issuer();
    issuer.issuer.audiences = {config.audiences().begin(),
                               config.audiences().end()};
    issuer.issuer.algorithms = {config.algorithms().begin(),
                                config.algorithms().end()};
    issuer.issuer.leeway = absl::Seconds(config.leeway().seconds()) +
                           absl::Nanoseconds(config.leeway().nanos());
    issuer.jwks_file = config.jwks_file();
    issuers.push_back(std::move(issuer));
  }
  return issuers;
}

// Bundles, key sets, the trusted proxies: the order in which Apply takes them.
std::vector<ReloadableFile> FilesOf(const AuthSettings& settings) {
  std::vector<ReloadableFile> files;
  for (const AuthSettings::Domain& domain : settings.trust_domains) {
    files.push_back({domain.bundle_file, TrustBundles::kMaxBundleBytes});
  }
  for (const AuthSettings::Issuer& issuer : settings.jwt_issuers) {
    files.push_back({issuer.jwks_file, JwkSet::kMaxBytes});
  }
  if (!settings.trusted_proxies_file.empty()) {
    files.push_back({settings.trusted_proxies_file, kMaxProxyListBytes});
  }
  return files;
}

absl::StatusOr<AuthConfig> ConfigOf(const AuthSettings& settings,
                                    const std::vector<FileContent>& contents) {
  AuthConfig config;
  size_t next = 0;
  for (const AuthSettings::Domain& domain : settings.trust_domains) {
    config.trust_domains.push_back(
        {domain.name, std::string(contents[next++].ExposeBytes())});
  }
  for (const AuthSettings::Issuer& issuer : settings.jwt_issuers) {
    config.jwt_issuers.push_back(issuer.issuer);
    config.jwt_issuers.back().jwks =
        std::string(contents[next++].ExposeBytes());
  }
  config.service_identities = settings.service_identities;
  config.internal_services = settings.internal_services;
  if (!settings.trusted_proxies_file.empty()) {
    absl::StatusOr<std::vector<std::string>> proxies =
        ParseProxyList(contents[next++].ExposeBytes());
    if (!proxies.ok()) return proxies.status();
    config.trusted_proxies = *std::move(proxies);
  }
  return config;
}

AuthSettings WorkloadSettings(
    const RepeatedPtrField<config::v1::TrustDomainConfig>& domains) {
  AuthSettings settings;
  settings.trust_domains = DomainsOf(domains);
  return settings;
}

}  // namespace

AuthSettings AuthSettingsOf(const config::v1::StandaloneConfig& config) {
  AuthSettings settings;
  settings.trust_domains = DomainsOf(config.trust_domains());
  settings.jwt_issuers = IssuersOf(config.jwt_issuers());
  settings.trusted_proxies_file =
      config.forwarded_client_cert().trusted_proxies_file();
  return settings;
}

AuthSettings AuthSettingsOf(const config::v1::GatewayConfig& config) {
  AuthSettings settings;
  settings.trust_domains = DomainsOf(config.trust_domains());
  settings.jwt_issuers = IssuersOf(config.jwt_issuers());
  settings.service_identities = {config.service_identities().begin(),
                                 config.service_identities().end()};
  settings.trusted_proxies_file =
      config.forwarded_client_cert().trusted_proxies_file();
  settings.internal_services = {
      config.store().spiffe_id(), config.policy().spiffe_id(),
      config.rotation().spiffe_id(), config.audit().spiffe_id()};
  return settings;
}

AuthSettings AuthSettingsOf(const config::v1::StoreConfig& config) {
  return WorkloadSettings(config.trust_domains());
}

AuthSettings AuthSettingsOf(const config::v1::PolicyConfig& config) {
  return WorkloadSettings(config.trust_domains());
}

AuthSettings AuthSettingsOf(const config::v1::AuditConfig& config) {
  return WorkloadSettings(config.trust_domains());
}

AuthSettings AuthSettingsOf(const config::v1::RotationConfig& config) {
  return WorkloadSettings(config.trust_domains());
}

ReloadingAuthenticator::ReloadingAuthenticator(AuthSettings settings,
                                               size_t cached_credentials,
                                               const Clock* clock)
    : settings_(std::move(settings)),
      cached_credentials_(cached_credentials),
      clock_(clock) {}

absl::StatusOr<std::unique_ptr<ReloadingAuthenticator>>
ReloadingAuthenticator::Create(AuthSettings settings, size_t cached_credentials,
                               const Clock* clock) {
  auto self =
      std::unique_ptr<ReloadingAuthenticator>(new ReloadingAuthenticator(
          std::move(settings), cached_credentials, clock));
  auto files = ReloadableFiles::Create(
      FilesOf(self->settings_), clock,
      [raw = self.get()](const std::vector<FileContent>& contents) {
        return raw->Apply(contents);
      });
  if (!files.ok()) return files.status();
  self->files_ = *std::move(files);
  return self;
}

absl::Status ReloadingAuthenticator::Apply(
    const std::vector<FileContent>& contents) {
  absl::StatusOr<AuthConfig> config = ConfigOf(settings_, contents);
  if (!config.ok()) return config.status();
  if (authenticator_ != nullptr) {
    return authenticator_->Update(*std::move(config));
  }
  auto made =
      Authenticator::Create(*std::move(config), cached_credentials_, clock_);
  if (!made.ok()) return made.status();
  authenticator_ = *std::move(made);
  return absl::OkStatus();
}

}  // namespace keyward::auth
