// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/credential.h"

namespace keyward::auth {

absl::string_view AuthenticationMethodName(AuthenticationMethod method) {
  switch (method) {
    case AuthenticationMethod::kMutualTls:
      return "mtls";
    case AuthenticationMethod::kJwt:
      return "jwt";
    case AuthenticationMethod::kForwarded:
      return "forwarded";
    case AuthenticationMethod::kLocal:
      return "local";
  }
  return "";
}

}  // namespace keyward::auth
