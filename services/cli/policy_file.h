// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_POLICY_FILE_H_
#define KEYWARD_SERVICES_CLI_POLICY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"

namespace keyward::cli {

// The policy of one parent as a YAML file that people keep under review:
//
//   parent: projects/default          # or system; the project in use otherwise
//   roles:
//     - name: deployer
//       actions: [secrets.access, "versions.*"]
//       description: What the pipeline does.
//   bindings:
//     - name: payments-read
//       role: secrets.accessor        # built-in, or one of this file's parent
//       principals: ["spiffe://keyward.internal/workload/payments-api"]
//       resource: secrets/payments-*  # below the parent; full names work too
//       expireTime: 2027-01-01T00:00:00Z
//   denyRules:
//     - name: stolen-laptop
//       principals: ["*"]
//       credentialIds: ["sha256:..."]
//       actions: ["*"]
//       resource: projects/default
//
// Names are ids, or full names under the parent. An unknown key is an error: a
// misspelt one in a deny rule would refuse nothing.

// The request that adds or replaces the entries of `text`; `origin` names it
// in messages. `project` is the project in use. INVALID_ARGUMENT with the
// position otherwise; whether principals, actions and roles exist is for the
// gateway to say.
absl::StatusOr<policy::v1::ApplyPolicyRequest> ParsePolicyFile(
    absl::string_view text, absl::string_view origin,
    absl::string_view project);

// A policy in that form, such that ParsePolicyFile reads it back.
std::string FormatPolicyFile(absl::string_view parent,
                             const policy::v1::GetPolicyResponse& policy);

// The full name of a role that may be given short: "secrets.accessor" is
// "roles/secrets.accessor", any other id a role of `parent`.
std::string RoleName(absl::string_view parent, absl::string_view text);

// What applying `request` to `before` changes, a line for each entry: "+ ...",
// "~ ..." or "- ...". Entries that stay as they are have none.
std::vector<std::string> DescribeChanges(
    const policy::v1::GetPolicyResponse& before,
    const policy::v1::ApplyPolicyRequest& request);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_POLICY_FILE_H_
