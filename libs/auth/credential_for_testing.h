// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_CREDENTIAL_FOR_TESTING_H_
#define KEYWARD_LIBS_AUTH_CREDENTIAL_FOR_TESTING_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/auth/credential.h"

namespace keyward::auth {

// Credentials out of nothing, for tests of what comes after authentication. The
// build makes this a testonly target: no program can link it.
class CredentialForTesting {
 public:
  // Crashes the test if `principal` is not a principal's name.
  static Credential Make(
      absl::string_view principal,
      AuthenticationMethod method = AuthenticationMethod::kMutualTls,
      std::string id = "certificate:00",
      absl::Time expire_time = absl::InfiniteFuture(),
      std::string forwarded_by = "") {
    return Credential(CredentialMint(), Principal::Parse(principal).value(),
                      method, std::move(id), expire_time, nullptr,
                      std::move(forwarded_by));
  }
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_CREDENTIAL_FOR_TESTING_H_
