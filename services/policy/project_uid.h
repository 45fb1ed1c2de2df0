// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_PROJECT_UID_H_
#define KEYWARD_SERVICES_POLICY_PROJECT_UID_H_

#include <string>

#include "absl/status/statusor.h"
#include "libs/crypto/random.h"

namespace keyward::policy_service {

// A project's uid: random, so that a project never gets what belonged to
// another one of its name, in this installation or a restored one. Errors of
// `random`.
inline absl::StatusOr<std::string> NewProjectUid(crypto::RandomSource& random) {
  return crypto::NewUuid(random);
}

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_PROJECT_UID_H_
