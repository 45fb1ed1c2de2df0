// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_RELOADING_AUTHENTICATOR_H_
#define KEYWARD_LIBS_AUTH_RELOADING_AUTHENTICATOR_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/authenticator.h"
#include "libs/auth/reloadable_files.h"
#include "libs/base/clock.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::auth {

// An authenticator's configuration with file names where an AuthConfig has
// their contents.
struct AuthSettings {
  struct Domain {
    std::string name;
    std::string bundle_file;
  };
  struct Issuer {
    // With an empty `jwks`.
    JwtIssuer issuer;
    std::string jwks_file;
  };
  std::vector<Domain> trust_domains;
  std::vector<Issuer> jwt_issuers;
  std::map<std::string, std::string> service_identities;
  // Empty: no proxy is trusted.
  std::string trusted_proxies_file;
  std::vector<std::string> internal_services;
};

// The settings in a service's configuration. Internal services know neither
// tokens nor proxies nor service identities: their callers are workloads.
AuthSettings AuthSettingsOf(const config::v1::StandaloneConfig& config);
AuthSettings AuthSettingsOf(const config::v1::GatewayConfig& config);
AuthSettings AuthSettingsOf(const config::v1::StoreConfig& config);
AuthSettings AuthSettingsOf(const config::v1::PolicyConfig& config);
AuthSettings AuthSettingsOf(const config::v1::AuditConfig& config);
AuthSettings AuthSettingsOf(const config::v1::RotationConfig& config);

// An authenticator that takes up changed bundles, key sets and trusted proxies
// when its files are polled, and keeps the last good ones otherwise.
//
// Thread-safe, as its parts are.
class ReloadingAuthenticator {
 public:
  // Reads the files. Any error of ReloadableFiles::Create or of
  // Authenticator::Create. `clock` is not owned and must outlive this.
  static absl::StatusOr<std::unique_ptr<ReloadingAuthenticator>> Create(
      AuthSettings settings, size_t cached_credentials, const Clock* clock);

  // Owned by this and valid as long.
  Authenticator* authenticator() { return authenticator_.get(); }
  // For a ReloadRunner. A poll that applies new files has updated the
  // authenticator when it returns.
  ReloadableFiles* files() { return files_.get(); }

 private:
  ReloadingAuthenticator(AuthSettings settings, size_t cached_credentials,
                         const Clock* clock);

  // Makes the authenticator from the first contents, updates it with later.
  absl::Status Apply(const std::vector<FileContent>& contents);

  const AuthSettings settings_;
  const size_t cached_credentials_;
  const Clock* const clock_;
  // Set in Create, before anyone else has this object, and never again.
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<ReloadableFiles> files_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_RELOADING_AUTHENTICATOR_H_
