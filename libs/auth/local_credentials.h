// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_LOCAL_CREDENTIALS_H_
#define KEYWARD_LIBS_AUTH_LOCAL_CREDENTIALS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/auth/credential.h"

namespace keyward::auth {

// Credentials of services that are part of this very process, where there is
// no wire on which to prove anything. Visible to the composition of standalone
// alone: in five processes a service proves itself by its certificate.
class LocalCredentials {
 public:
  // system:SERVICE, which never expires. INVALID_ARGUMENT as
  // Principal::System.
  static absl::StatusOr<Credential> ForService(absl::string_view service);
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_LOCAL_CREDENTIALS_H_
