// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/grant_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/hex.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/sha256.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/policy_file.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using policy::v1::ApplyPolicyRequest;
using policy::v1::ApplyPolicyResponse;
using policy::v1::Binding;

// 48 bits tell the bindings of one parent apart, of which there are thousands.
constexpr size_t kDigestBytes = 6;

// "system", or the project of a resource below one.
absl::StatusOr<std::string> ParentOf(absl::string_view resource) {
  if (resource == "system") return std::string(resource);
  const size_t project = resource.find('/') + 1;
  const absl::string_view head =
      resource.substr(0, resource.find('/', project));
  absl::StatusOr<ResourceName> name = ResourceName::Parse(head, "resource");
  if (!name.ok() || name->kind() != ResourceKind::kProject) {
    return UsageError("the resource is in no project that could be one");
  }
  return name->ToString();
}

// The parent of an entry's full name, such as "projects/P/bindings/B".
absl::StatusOr<std::string> ParentOfEntry(absl::string_view name) {
  absl::StatusOr<ResourceName> entry = ResourceName::Parse(name, "NAME");
  const bool removable = entry.ok() && entry->parent().has_value() &&
                         (entry->kind() == ResourceKind::kBinding ||
                          entry->kind() == ResourceKind::kDenyRule ||
                          entry->kind() == ResourceKind::kRole);
  if (!removable) {
    return UsageError(
        "give a binding's id, or the full name of a binding, a role or a deny "
        "rule");
  }
  return entry->parent()->ToString();
}

struct GrantOptions {
  std::string principal;
  std::string role;
  std::string resource;
  std::string expires;
  std::string description;
};

absl::Status Grant(const GrantOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<Binding> binding =
      GrantBinding(*project, options.principal, options.role, options.resource);
  if (!binding.ok()) return binding.status();
  if (!options.expires.empty()) {
    absl::StatusOr<absl::Time> time =
        ParseTime("--expires", options.expires, session.Now(), false);
    if (!time.ok()) return time.status();
    *binding->mutable_expire_time() = ToTimestamp(*time);
  }
  binding->set_description(options.description);
  ApplyPolicyRequest request;
  absl::StatusOr<std::string> parent = ParentOfEntry(binding->name());
  if (!parent.ok()) return parent.status();
  request.set_parent(*parent);
  *request.add_bindings() = *binding;
  auto applied = session.Call<ApplyPolicyResponse>(std::move(request));
  if (!applied.ok()) return applied.status();
  return session.Print(*applied, [&] {
    return absl::StrCat("granted ", Printable(binding->role()), " on ",
                        Printable(binding->resource()), " to ",
                        Printable(options.principal), "\n", "policy revision ",
                        applied->revision(),
                        " is in force; `keyward policy revoke ",
                        binding->name(), "` takes it back\n");
  });
}

void AddGrant(CLI::App* policy, Command* chosen) {
  auto options = std::make_shared<GrantOptions>();
  CLI::App* command = policy->add_subcommand(
      "grant", "Give one principal one role on one resource");
  command->add_option("PRINCIPAL", options->principal, "Who")->required();
  command
      ->add_option("ROLE", options->role,
                   "A built-in role, such as secrets.accessor, or one of "
                   "the resource's project")
      ->required();
  command
      ->add_option("RESOURCE", options->resource,
                   "system, projects/P, secrets/NAME or secrets/PREFIX-*")
      ->required();
  command->add_option("--expires", options->expires,
                      "When it ends: 24h, or a time");
  command->add_option("--description", options->description, "What it is for");
  command->footer(
      "Examples:\n"
      "  keyward policy grant spiffe://keyward.internal/workload/payments-api "
      "\\\n      secrets.accessor 'secrets/payments-*'\n"
      "  keyward policy grant oidc:corp:alice project.admin projects/payments "
      "--expires 8h");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Grant(*options, session); };
  });
}

// The full name of what `words` ask to remove: NAME, or PRINCIPAL ROLE
// RESOURCE as they were granted.
absl::StatusOr<std::string> NameToRemove(const std::vector<std::string>& words,
                                         const std::string& project) {
  if (words.size() == 3) {
    absl::StatusOr<Binding> binding =
        GrantBinding(project, words[0], words[1], words[2]);
    if (!binding.ok()) return binding.status();
    return binding->name();
  }
  if (words.size() != 1) {
    return UsageError("give a binding's name, or PRINCIPAL ROLE RESOURCE");
  }
  if (absl::StrContains(words[0], '/')) return words[0];
  return absl::StrCat("projects/", project, "/bindings/", words[0]);
}

absl::Status Revoke(const std::vector<std::string>& words, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> name = NameToRemove(words, *project);
  if (!name.ok()) return name.status();
  absl::StatusOr<std::string> parent = ParentOfEntry(*name);
  if (!parent.ok()) return parent.status();
  ApplyPolicyRequest request;
  request.set_parent(*parent);
  request.add_removed(*name);
  auto applied = session.Call<ApplyPolicyResponse>(request);
  if (absl::IsNotFound(applied.status())) {
    return WithHint(applied.status(),
                    "`keyward policy get` shows the bindings that there are");
  }
  if (!applied.ok()) return applied.status();
  return session.Print(*applied, [&] {
    return absl::StrCat("removed ", *name, "\npolicy revision ",
                        applied->revision(), " is in force\n");
  });
}

void AddRevoke(CLI::App* policy, Command* chosen) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = policy->add_subcommand(
      "revoke", "Remove a binding; in force everywhere when this returns");
  command
      ->add_option("NAME", *words,
                   "The binding's name, or the words of the grant")
      ->required()
      ->option_text("| PRINCIPAL ROLE RESOURCE");
  command->footer(
      "Examples:\n"
      "  keyward policy revoke grant-1f3a5b7c9d0e\n"
      "  keyward policy revoke "
      "spiffe://keyward.internal/workload/payments-api \\\n"
      "      secrets.accessor 'secrets/payments-*'");
  command->callback([words, chosen] {
    *chosen = [words](Session& session) { return Revoke(*words, session); };
  });
}

}  // namespace

absl::StatusOr<Binding> GrantBinding(absl::string_view project,
                                     const std::string& principal,
                                     absl::string_view role,
                                     absl::string_view resource) {
  absl::StatusOr<std::string> full = PolicyResource(project, resource);
  if (!full.ok()) return full.status();
  absl::StatusOr<std::string> parent = ParentOf(*full);
  if (!parent.ok()) return parent.status();
  Binding binding;
  binding.set_role(RoleName(*parent, role));
  binding.add_principals(principal);
  binding.set_resource(*full);
  const crypto::Sha256Digest digest = crypto::Sha256(
      {principal, "\n", binding.role(), "\n", binding.resource()});
  binding.set_name(
      absl::StrCat(*parent, "/bindings/grant-",
                   HexEncode(crypto::AsBytes(digest).substr(0, kDigestBytes))));
  return binding;
}

void AddGrantCommands(CLI::App* policy, Command* chosen) {
  AddGrant(policy, chosen);
  AddRevoke(policy, chosen);
}

}  // namespace keyward::cli
