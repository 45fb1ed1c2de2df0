// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The keys and certificates of an installation on one machine: made at first
// start, opened at every other.

#ifndef KEYWARD_SERVICES_STANDALONE_HOME_H_
#define KEYWARD_SERVICES_STANDALONE_HOME_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"

namespace keyward::standalone {

// Where things are. See the folders in the README.
struct HomePaths {
  std::string keys_folder;            // ca.pem, ca.key
  std::string tls_folder;             // what first start issues
  std::string root_key;               // the root key's file
  std::string data_folder;            // one folder a service below it
  std::vector<std::string> services;  // below data_folder

  // The layout of `home`, whose root key and data may lie elsewhere.
  static HomePaths Of(const std::string& home, std::string root_key,
                      std::string data_folder);
};

// Opens the home, and makes what first start makes: the root key, the
// development CA, an identity for each service (90 days) and that of the
// administrator, spiffe://keyward.internal/user/admin (90 days). Returns the
// seal of the root key. `random` must outlive it.
//
// A root key is made only when there is no data yet: with data, a missing key
// is FAILED_PRECONDITION and the message says to restore it, since a new one
// would open nothing. Identities of this CA that end within 30 days are issued
// again, so that a restart keeps an installation running; where there is no
// CA, certificates are the operator's own. Errors of the key file and of the
// CA's as libs/crypto/root_key.h and libs/auth/development_ca.h have them.
absl::StatusOr<std::unique_ptr<crypto::Seal>> OpenHome(
    const HomePaths& paths, const Clock& clock, crypto::RandomSource* random);

}  // namespace keyward::standalone

#endif  // KEYWARD_SERVICES_STANDALONE_HOME_H_
