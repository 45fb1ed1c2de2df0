// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Policies as clients send them and as they travel to gateways. The input is a
// serialized ApplyPolicyRequest, or messages of a stream of snapshots.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "libs/auth/principal.h"
#include "libs/base/resource_name.h"
#include "libs/policy/entry_validation.h"
#include "libs/policy/evaluator.h"
#include "libs/policy/policy_model.h"
#include "libs/policy/public_actions.h"
#include "libs/policy/scope.h"
#include "libs/policy/snapshot_codec.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using policy::ActionCatalog;
using policy::PolicyEntry;
using policy::PolicyState;
using policy::Scope;
using policy::v1::ApplyPolicyRequest;

const std::shared_ptr<const ActionCatalog>& Catalog() {
  static const auto& catalog = *new std::shared_ptr<const ActionCatalog>(
      policy::PublicActions().value());
  return catalog;
}

template <typename Entry>
void CheckScope(const Entry& entry, const std::string& parent) {
  const auto scope = Scope::Parse(entry.resource(), "resource");
  const auto above = ResourceName::Parse(parent);
  FUZZ_CHECK(scope.ok() && above.ok());
  FUZZ_CHECK(Scope::Of(*above).Covers(*scope));
  FUZZ_CHECK(absl::StartsWith(entry.name(), parent + "/"));
  for (const std::string& principal : entry.principals()) {
    if (principal == "*") continue;
    const auto parsed = auth::Principal::Parse(principal);
    FUZZ_CHECK(parsed.ok() && parsed->ToString() == principal);
    FUZZ_CHECK(parsed->kind() != auth::Principal::Kind::kSystem);
  }
}

void CheckRefusal(const absl::Status& status) {
  FUZZ_CHECK(absl::IsInvalidArgument(status));
  FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
}

// What is valid can be stored, sent, and decided under; and comes out as it
// went in.
void CheckState(const PolicyState& state) {
  policy::SnapshotAssembler assembler;
  std::shared_ptr<const PolicyState> whole;
  for (const policy::SnapshotChunk& chunk : policy::EncodeSnapshot(state)) {
    policy::PolicyUpdate update;
    *update.mutable_chunk() = chunk;
    auto taken = assembler.Take(update);
    FUZZ_CHECK(taken.ok());
    whole = *taken;
  }
  FUZZ_CHECK(whole != nullptr && whole->revision() == state.revision());
  FUZZ_CHECK(whole->size() == state.size());
  const auto before = state.Entries();
  const auto after = whole->Entries();
  for (size_t i = 0; i < before.size(); ++i) {
    FUZZ_CHECK(before[i].SerializeAsString() == after[i].SerializeAsString());
  }
  FUZZ_CHECK(policy::PolicySnapshot::Compile(whole, Catalog()).ok());
}

void CheckRequest(const ApplyPolicyRequest& request) {
  const std::string& parent = request.parent();
  const auto name = ResourceName::Parse(parent);
  if (!name.ok() || (name->kind() != ResourceKind::kSystem &&
                     name->kind() != ResourceKind::kProject)) {
    return;
  }
  PolicyState state;
  state.set_revision(1);
  const auto put = [&state](PolicyEntry entry) {
    FUZZ_CHECK(state.Put(std::move(entry)).ok());
  };
  for (const auto& role : request.roles()) {
    const auto valid = policy::ValidateRole(role, parent, *Catalog(), "roles");
    if (!valid.ok()) return CheckRefusal(valid);
    FUZZ_CHECK(absl::StartsWith(role.name(), parent + "/roles/"));
    PolicyEntry entry;
    *entry.mutable_role() = role;
    put(entry);
  }
  for (const auto& binding : request.bindings()) {
    const auto valid = policy::ValidateBinding(binding, parent, "bindings");
    if (!valid.ok()) return CheckRefusal(valid);
    CheckScope(binding, parent);
    // Nobody is given something by being nobody in particular.
    for (const std::string& principal : binding.principals()) {
      FUZZ_CHECK(principal != "*");
    }
    PolicyEntry entry;
    *entry.mutable_binding() = binding;
    put(entry);
  }
  for (const auto& rule : request.deny_rules()) {
    const auto valid =
        policy::ValidateDenyRule(rule, parent, *Catalog(), "deny_rules");
    if (!valid.ok()) return CheckRefusal(valid);
    CheckScope(rule, parent);
    PolicyEntry entry;
    *entry.mutable_deny_rule() = rule;
    put(entry);
  }
  CheckState(state);
}

// A stream from a peer: each message after its length in two bytes.
void CheckStream(Choices choices) {
  policy::SnapshotAssembler assembler;
  uint64_t revision = 0;
  bool broken = false;
  while (!choices.empty()) {
    const absl::string_view bytes = choices.Bytes(choices.Below(65536));
    policy::PolicyUpdate update;
    if (!update.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      continue;
    }
    const auto taken = assembler.Take(update);
    FUZZ_CHECK(!broken || !taken.ok());
    broken = !taken.ok();
    if (broken) {
      FUZZ_CHECK(absl::IsFailedPrecondition(taken.status()));
    } else if (*taken != nullptr) {
      FUZZ_CHECK((*taken)->revision() == assembler.revision());
      // A delta is the next revision; a whole snapshot may be any.
      FUZZ_CHECK(!update.has_delta() || assembler.revision() == revision + 1);
      policy::PolicySnapshot::Compile(*taken, Catalog()).IgnoreError();
    }
    revision = assembler.revision();
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  ApplyPolicyRequest request;
  if (request.ParseFromArray(text.data(), static_cast<int>(text.size()))) {
    CheckRequest(request);
  }
  CheckStream(Choices(text));
  return 0;
}
