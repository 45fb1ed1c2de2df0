// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/stage_changes.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/call_target.h"
#include "services/store/etag.h"
#include "services/store/plan_steps.h"
#include "services/store/request_ids.h"
#include "services/store/resolve_version.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::secrets::v1::PromoteSecretVersionRequest;
using keyward::secrets::v1::PromoteSecretVersionResponse;
using keyward::secrets::v1::RollbackSecretRequest;
using keyward::secrets::v1::RollbackSecretResponse;

absl::Status CheckEnabled(const VersionRecord& version) {
  switch (version.state()) {
    case keyward::secrets::v1::VERSION_STATE_ENABLED:
      return absl::OkStatus();
    case keyward::secrets::v1::VERSION_STATE_DESTROYED:
      return MakeError(absl::StatusCode::kFailedPrecondition, kVersionDestroyed,
                       "the version is destroyed");
    default:
      return MakeError(absl::StatusCode::kFailedPrecondition, kVersionDisabled,
                       "the version is not enabled");
  }
}

// Makes the version that `segment` names current. `Response` has a field
// `secret`.
template <typename Response>
absl::StatusOr<ChangePlan> PlanMove(const StoreParts& parts,
                                    const PlannedCall& call,
                                    const ResourceName& name,
                                    const std::string& segment,
                                    const std::string& etag, absl::Time now) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  SecretRecord& record = secret->record;
  absl::Status status = CheckEtag("etag", etag, SecretEtag(record));
  if (status.ok()) status = CheckNotDeleted(record);
  if (!status.ok()) return status;
  if (segment == kPreviousName && record.previous_version() == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kNoPreviousVersion,
                     "the secret has no previous version");
  }
  const absl::StatusOr<int64_t> number = ResolveVersion(record, segment);
  if (!number.ok()) return number.status();
  const auto version = LoadVersion(*parts.kv, record.uid(), *number);
  if (!version.ok()) return version.status();
  status = CheckEnabled(version->record);
  if (!status.ok()) return status;

  ChangePlan plan;
  plan.preconditions.push_back(version->Unchanged());
  plan.resource = absl::StrCat(record.name(), "/versions/", *number);
  if (record.current_version() == *number) {
    plan.preconditions.push_back(secret->Unchanged());
  } else {
    MakeCurrent(*number, &record);
    Touch(now, &record);
    Replace(*secret, &plan);
    plan.event =
        ChangeEvent{record.name(), *number,
                    keyward::secrets::v1::SECRET_EVENT_KIND_VERSION_PROMOTED};
  }
  auto response = std::make_unique<Response>();
  *response->mutable_secret() = ViewSecret(record);
  plan.response = std::move(response);
  return plan;
}

}  // namespace

absl::StatusOr<Planner> StageChanges::Promote(
    const rpc::CallContext& context,
    const PromoteSecretVersionRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecretVersion);
  if (!name.ok()) return name.status();
  if (!name->version_number().has_value() && name->version() != kPendingName) {
    return FieldError("name",
                      "must name the version by its number or as pending");
  }
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanMove<PromoteSecretVersionResponse>(
        *parts, call, name, std::string(name.version()), request.etag(), now);
  });
}

absl::StatusOr<Planner> StageChanges::Rollback(
    const rpc::CallContext& context,
    const RollbackSecretRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanMove<RollbackSecretResponse>(*parts, call, name, kPreviousName,
                                            request.etag(), now);
  });
}

}  // namespace keyward::store
