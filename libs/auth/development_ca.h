// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_DEVELOPMENT_CA_H_
#define KEYWARD_LIBS_AUTH_DEVELOPMENT_CA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/crypto/certificate_authority.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"

namespace keyward::auth {

// The trust domain of the development CA.
inline constexpr char kDevelopmentTrustDomain[] = "keyward.internal";

// How long what first start issues is valid, and what people issue unless they
// say otherwise.
inline constexpr absl::Duration kCaLifetime = absl::Hours(24 * 3650);
inline constexpr absl::Duration kServiceLifetime = absl::Hours(24 * 90);
inline constexpr absl::Duration kAdministratorLifetime = absl::Hours(24 * 90);
inline constexpr absl::Duration kWorkloadLifetime = absl::Hours(24);

// The development CA as it lies in a home: keys/ca.pem, and keys/ca.key, which
// is wrapped by the root key. Issuing is offline: it reads these files, takes
// no lock and needs no running service, so it makes no audit record; an
// identity's first use does.
//
// Immutable; safe for concurrent use. Does not own `random`, which must
// outlive it.
class DevelopmentCa {
 public:
  // What an identity is for; it is the first segment of its path.
  enum class Kind { kWorkload, kService, kUser };

  // Makes a CA in `keys_folder`. ALREADY_EXISTS if its certificate is there: a
  // CA is never replaced, since every identity that it issued would end. A key
  // without a certificate is what an earlier attempt left that was cut short,
  // by a crash or a power cut: it gets its certificate. Errors of Open for it.
  static absl::StatusOr<std::unique_ptr<DevelopmentCa>> Create(
      const std::string& keys_folder, crypto::Seal& seal, absl::Time now,
      crypto::RandomSource* random);

  // The CA in `keys_folder`. NOT_FOUND if there is none, FAILED_PRECONDITION
  // if its key is readable by others, DATA_LOSS if it does not open under this
  // root key.
  static absl::StatusOr<std::unique_ptr<DevelopmentCa>> Open(
      const std::string& keys_folder, crypto::Seal& seal,
      crypto::RandomSource* random);

  // Issues spiffe://keyward.internal/KIND/NAME and writes it to
  // `folder`/NAME.pem (0644) and `folder`/NAME.key (0600), replacing what was
  // there; the folder is made private if it is missing. Services also get the
  // names localhost, 127.0.0.1 and ::1, by which clients that know no SPIFFE
  // check a server. Returns the SPIFFE id.
  //
  // INVALID_ARGUMENT about `name` unless it is [a-z0-9-]{1,63}, about `ttl`
  // unless it is a minute to 398 days; errors of the file system.
  absl::StatusOr<std::string> IssueTo(const std::string& folder, Kind kind,
                                      absl::string_view name,
                                      absl::Duration ttl, absl::Time now) const;

  const std::string& certificate_pem() const {
    return authority_->certificate_pem();
  }

 private:
  DevelopmentCa(std::unique_ptr<crypto::CertificateAuthority> authority,
                crypto::RandomSource* random)
      : authority_(std::move(authority)), random_(random) {}

  const std::unique_ptr<crypto::CertificateAuthority> authority_;
  crypto::RandomSource* const random_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_DEVELOPMENT_CA_H_
