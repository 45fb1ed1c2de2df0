// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_NAMES_H_
#define KEYWARD_SERVICES_CLI_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"

namespace keyward::cli {

// Names as people write them: in full, or short within the project in use. A
// text with a slash is a full name, one without is an id; an id never has a
// slash, so no text is both. Errors are UsageErrors, which do not repeat the
// text.
//
// Pure functions; `project` is a project's id.

// "db-password" or "projects/P/secrets/db-password".
absl::StatusOr<ResourceName> SecretName(absl::string_view project,
                                        absl::string_view text);

// A secret's version: the secret as above, `version` a number, a stage, an
// alias or "latest". The secret may be given as a version's full name instead,
// if `version` is empty.
absl::StatusOr<std::string> VersionName(absl::string_view project,
                                        absl::string_view secret,
                                        absl::string_view version);

// A secret or one version of it, as `run` takes it: "NAME", "NAME:VERSION" (an
// id has no colon) or a full name of either.
absl::StatusOr<std::string> SecretReference(absl::string_view project,
                                            absl::string_view text);

// "default" or "projects/P/keys/default".
absl::StatusOr<ResourceName> KeyName(absl::string_view project,
                                     absl::string_view text);

// "payments" or "projects/payments".
absl::StatusOr<ResourceName> ProjectName(absl::string_view text);

// What a policy is about: "system", a full name, or what lies below the
// project: "secrets/db-password", "secrets/payments-*". Prefixes are not
// checked here any further: the gateway does that.
absl::StatusOr<std::string> PolicyResource(absl::string_view project,
                                           absl::string_view text);

// The parent of a policy: "system", or a project as in ProjectName.
absl::StatusOr<std::string> PolicyParent(absl::string_view text);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_NAMES_H_
