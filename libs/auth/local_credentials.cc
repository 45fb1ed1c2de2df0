// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/local_credentials.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace keyward::auth {

absl::StatusOr<Credential> LocalCredentials::ForService(
    absl::string_view service) {
  absl::StatusOr<Principal> principal = Principal::System(service);
  if (!principal.ok()) return principal.status();
  return Credential(CredentialMint(), *std::move(principal),
                    AuthenticationMethod::kLocal,
                    absl::StrCat("local:", service), absl::InfiniteFuture());
}

}  // namespace keyward::auth
