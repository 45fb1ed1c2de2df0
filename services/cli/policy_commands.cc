// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/policy_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/file_util.h"
#include "libs/config/yaml_tree.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/names.h"
#include "services/cli/policy_file.h"
#include "services/cli/printable.h"
#include "services/cli/value_source.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using policy::v1::ApplyPolicyRequest;
using policy::v1::ApplyPolicyResponse;
using policy::v1::Binding;
using policy::v1::DenyRule;
using policy::v1::ExplainAccessRequest;
using policy::v1::ExplainAccessResponse;
using policy::v1::GetPolicyRequest;
using policy::v1::GetPolicyResponse;
using policy::v1::Role;

struct ApplyOptions {
  std::string file;
  bool prune = false;
  bool dry_run = false;
};

// The whole policy of one parent. A page of another revision is ABORTED by the
// gateway, so the pages fit together.
absl::StatusOr<GetPolicyResponse> GetAll(const std::string& parent,
                                         Session& session) {
  GetPolicyRequest request;
  request.set_parent(parent);
  return session.List<GetPolicyResponse>(
      std::move(request), 0, [](const GetPolicyResponse& page) -> int64_t {
        return page.roles_size() + page.bindings_size() +
               page.deny_rules_size();
      });
}

absl::StatusOr<std::string> ReadText(const std::string& path,
                                     Session& session) {
  if (path != "-") return ReadFileBounded(path, config::kMaxYamlBytes);
  absl::StatusOr<crypto::SecretBuffer> text = ReadAll(
      session.environment().in_fd, config::kMaxYamlBytes, "standard input");
  if (!text.ok()) return text.status();
  return std::string(text->ExposeSecret().data(), text->size());
}

std::string ShowApplied(const std::vector<std::string>& changes,
                        const ApplyPolicyResponse& applied, bool dry_run) {
  std::string text;
  for (const std::string& line : changes) {
    absl::StrAppend(&text, Printable(line), "\n");
  }
  absl::StrAppend(&text, applied.added(), " added, ", applied.changed(),
                  " changed, ", applied.removed(), " removed; ");
  if (dry_run) return absl::StrCat(text, "nothing was changed (--dry-run)\n");
  return absl::StrCat(text, "policy revision ", applied.revision(),
                      " is in force\n");
}

absl::Status Apply(const ApplyOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> text = ReadText(options.file, session);
  if (!text.ok()) return text.status();
  absl::StatusOr<ApplyPolicyRequest> request =
      ParsePolicyFile(*text, options.file, *project);
  if (!request.ok()) return request.status();
  request->set_replace_all(options.prune);
  request->set_validate_only(options.dry_run);
  absl::StatusOr<GetPolicyResponse> before = GetAll(request->parent(), session);
  std::vector<std::string> changes;
  if (before.ok()) {
    // What is shown is what happens: nobody else's change in between.
    if (request->etag().empty()) request->set_etag(before->etag());
    changes = DescribeChanges(*before, *request);
  } else if (!absl::IsPermissionDenied(before.status())) {
    return before.status();
  }
  auto applied = session.Call<ApplyPolicyResponse>(*std::move(request));
  if (!applied.ok()) return applied.status();
  return session.Print(*applied, [&] {
    return ShowApplied(changes, *applied, options.dry_run);
  });
}

void AddApply(CLI::App* policy, Command* chosen) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command = policy->add_subcommand(
      "apply", "Add or replace the entries of a file, all or nothing");
  command->add_option("-f,--file", options->file, "A YAML file, or -")
      ->required();
  command->add_flag("--prune", options->prune,
                    "Also remove the parent's entries that the file has not");
  command->add_flag("--dry-run", options->dry_run,
                    "Check everything, show what would change, change nothing");
  command->footer(
      "A file:\n"
      "  parent: projects/default\n"
      "  bindings:\n"
      "    - name: payments-read\n"
      "      role: secrets.accessor\n"
      "      principals: [\"spiffe://keyward.internal/workload/payments\"]\n"
      "      resource: secrets/payments-*\n"
      "Also `roles` (name, actions) and `denyRules` (name, principals,\n"
      "credentialIds, actions, resource). `policy get --yaml` writes one.\n"
      "Examples:\n"
      "  keyward policy apply -f policy.yaml --dry-run\n"
      "  keyward policy apply -f policy.yaml --prune");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Apply(*options, session); };
  });
}

struct GetOptions {
  std::string parent;
  bool yaml = false;
};

std::string ShowPolicy(const GetPolicyResponse& policy) {
  Table table({"kind", "name", "principals", "what", "resource", "until"});
  for (const Role& role : policy.roles()) {
    table.Add({"role", LastSegment(role.name()), "",
               absl::StrJoin(role.actions(), ", "), "", ""});
  }
  for (const Binding& binding : policy.bindings()) {
    table.Add({"binding", LastSegment(binding.name()),
               absl::StrJoin(binding.principals(), ", "), binding.role(),
               binding.resource(), ShowTime(binding.expire_time())});
  }
  for (const DenyRule& rule : policy.deny_rules()) {
    std::vector<std::string> whom(rule.principals().begin(),
                                  rule.principals().end());
    whom.insert(whom.end(), rule.credential_ids().begin(),
                rule.credential_ids().end());
    table.Add({"deny", LastSegment(rule.name()), absl::StrJoin(whom, ", "),
               absl::StrJoin(rule.actions(), ", "), rule.resource(),
               ShowTime(rule.expire_time())});
  }
  return absl::StrCat(table.ToString(), "\nrevision ", policy.revision(),
                      ", etag ", Printable(policy.etag()), "\n");
}

absl::Status Get(const GetOptions& options, Session& session) {
  if (options.yaml && session.json()) {
    return UsageError("give --yaml or --output json, not both");
  }
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> parent =
      PolicyParent(options.parent.empty() ? *project : options.parent);
  if (!parent.ok()) return parent.status();
  absl::StatusOr<GetPolicyResponse> all = GetAll(*parent, session);
  if (!all.ok()) return all.status();
  return session.Print(*all, [&] {
    return options.yaml ? FormatPolicyFile(*parent, *all) : ShowPolicy(*all);
  });
}

void AddGet(CLI::App* policy, Command* chosen) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = policy->add_subcommand(
      "get", "Show roles, bindings and deny rules of one parent");
  command->add_option("PARENT", options->parent,
                      "system or a project; the project in use otherwise");
  command->add_flag("--yaml", options->yaml, "As a file for `policy apply`");
  command->footer(
      "Examples:\n"
      "  keyward policy get system\n"
      "  keyward policy get --yaml > policy.yaml");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Get(*options, session); };
  });
}

struct ExplainOptions {
  std::string principal;
  std::string action;
  std::string resource;
  std::string credential;
};

std::string ShowExplanation(const ExplainAccessResponse& answer) {
  Fields fields;
  fields.Add("answer", answer.allowed() ? "allowed" : "refused");
  fields.Add("because", answer.explanation());
  fields.Add("rule", answer.rule());
  fields.Add("role", answer.role());
  fields.Add("revision", absl::StrCat(answer.revision()));
  return fields.ToString();
}

absl::Status Explain(const ExplainOptions& options, Session& session) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> resource =
      PolicyResource(*project, options.resource);
  if (!resource.ok()) return resource.status();
  ExplainAccessRequest request;
  request.set_principal(options.principal);
  request.set_action(options.action);
  request.set_resource(*resource);
  request.set_credential_id(options.credential);
  auto answer = session.Call<ExplainAccessResponse>(request);
  if (!answer.ok()) return answer.status();
  return session.Print(*answer, [&] { return ShowExplanation(*answer); });
}

void AddExplain(CLI::App* policy, Command* chosen) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = policy->add_subcommand(
      "explain", "Say which rule decides, or what is missing");
  command->add_option("--principal", options->principal, "Who")->required();
  command
      ->add_option("--action", options->action, "What, such as secrets.access")
      ->required();
  command
      ->add_option("--resource", options->resource,
                   "On what, such as secrets/db-password")
      ->required();
  command->add_option("--credential", options->credential,
                      "With which credential, as the audit log names it");
  command->footer(
      "Example:\n"
      "  keyward policy explain --principal "
      "spiffe://keyward.internal/workload/web \\\n"
      "      --action secrets.access --resource secrets/db-password");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return Explain(*options, session);
    };
  });
}

}  // namespace

void AddPolicyCommands(CLI::App* policy, Command* chosen) {
  AddApply(policy, chosen);
  AddGet(policy, chosen);
  AddExplain(policy, chosen);
}

}  // namespace keyward::cli
