// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_EXPLANATION_H_
#define KEYWARD_LIBS_POLICY_EXPLANATION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/evaluator.h"

namespace keyward::policy {

struct Explanation {
  Decision decision;
  // One sentence for people: which rule decided, or what is missing. It names
  // rules, so it is for callers who hold policy.explain; the one who was
  // refused gets DeniedError (evaluator.h).
  std::string sentence;
};

// Why PolicySnapshot::Decide answers as it does. When nothing allows, the
// sentence names the binding that comes nearest: an expired one of the
// principal that would have allowed, else the roles that have the action.
// When a deny rule would refuse and does not bind an administrator, the
// sentence names that too. Linear in the principal's bindings.
Explanation Explain(const PolicySnapshot& snapshot, const Caller& caller,
                    absl::string_view action, const ResourceName& resource,
                    absl::Time now);

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_EXPLANATION_H_
