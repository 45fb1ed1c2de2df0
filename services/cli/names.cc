// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/names.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

bool IsFull(absl::string_view text) { return absl::StrContains(text, '/'); }

// `text` in full, or below `prefix`, if it is a name of `kind`.
absl::StatusOr<ResourceName> Resolve(absl::string_view prefix,
                                     absl::string_view text, ResourceKind kind,
                                     absl::string_view what) {
  absl::StatusOr<ResourceName> name = ResourceName::Parse(
      IsFull(text) ? std::string(text) : absl::StrCat(prefix, text), what);
  if (!name.ok()) return UsageError(name.status().message());
  if (name->kind() == kind) return name;
  return UsageError(
      absl::StrCat("this is the name of something else, not a ", what));
}

absl::StatusOr<std::string> CheckedVersion(const ResourceName& secret,
                                           absl::string_view version) {
  absl::StatusOr<ResourceName> name =
      secret.Child("versions", version, "version");
  if (!name.ok()) return UsageError(name.status().message());
  return name->ToString();
}

}  // namespace

absl::StatusOr<ResourceName> SecretName(absl::string_view project,
                                        absl::string_view text) {
  return Resolve(absl::StrCat("projects/", project, "/secrets/"), text,
                 ResourceKind::kSecret, "secret");
}

absl::StatusOr<std::string> VersionName(absl::string_view project,
                                        absl::string_view secret,
                                        absl::string_view version) {
  if (version.empty() && IsFull(secret)) {
    absl::StatusOr<ResourceName> full = ResourceName::Parse(secret, "version");
    if (full.ok() && full->kind() == ResourceKind::kSecretVersion) {
      return full->ToString();
    }
  }
  absl::StatusOr<ResourceName> name = SecretName(project, secret);
  if (!name.ok()) return name.status();
  if (version.empty()) return UsageError("say which version");
  return CheckedVersion(*name, version);
}

absl::StatusOr<std::string> SecretReference(absl::string_view project,
                                            absl::string_view text) {
  if (IsFull(text)) {
    absl::StatusOr<ResourceName> full = ResourceName::Parse(text, "secret");
    if (!full.ok()) return UsageError(full.status().message());
    if (full->kind() != ResourceKind::kSecret &&
        full->kind() != ResourceKind::kSecretVersion) {
      return UsageError("this is the name of something else, not a secret");
    }
    return full->ToString();
  }
  const size_t colon = text.find(':');
  absl::StatusOr<ResourceName> name =
      SecretName(project, text.substr(0, colon));
  if (!name.ok()) return name.status();
  if (colon == absl::string_view::npos) return name->ToString();
  return CheckedVersion(*name, text.substr(colon + 1));
}

absl::StatusOr<ResourceName> KeyName(absl::string_view project,
                                     absl::string_view text) {
  return Resolve(absl::StrCat("projects/", project, "/keys/"), text,
                 ResourceKind::kKey, "key");
}

absl::StatusOr<ResourceName> ProjectName(absl::string_view text) {
  return Resolve("projects/", text, ResourceKind::kProject, "project");
}

absl::StatusOr<std::string> PolicyResource(absl::string_view project,
                                           absl::string_view text) {
  if (text == "system" || absl::StartsWith(text, "projects/")) {
    return std::string(text);
  }
  if (absl::StartsWith(text, "secrets/") || absl::StartsWith(text, "keys/")) {
    return absl::StrCat("projects/", project, "/", text);
  }
  return UsageError(
      "a resource is system, a full name such as projects/default, or what "
      "lies in the project, such as secrets/db-password or "
      "secrets/payments-*");
}

absl::StatusOr<std::string> PolicyParent(absl::string_view text) {
  if (text == "system") return std::string(text);
  absl::StatusOr<ResourceName> project = ProjectName(text);
  if (!project.ok()) return project.status();
  return project->ToString();
}

}  // namespace keyward::cli
