// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/version_changes.h"

#include <memory>
#include <utility>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/call_target.h"
#include "services/store/etag.h"
#include "services/store/plan_steps.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/resolve_version.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::secrets::v1::AddSecretVersionRequest;
using keyward::secrets::v1::AddSecretVersionResponse;
using keyward::secrets::v1::DestroySecretVersionRequest;
using keyward::secrets::v1::DestroySecretVersionResponse;
using keyward::secrets::v1::DisableSecretVersionRequest;
using keyward::secrets::v1::DisableSecretVersionResponse;
using keyward::secrets::v1::EnableSecretVersionRequest;
using keyward::secrets::v1::EnableSecretVersionResponse;
using keyward::secrets::v1::SecretEventKind;
using keyward::secrets::v1::VersionState;

absl::StatusOr<NewValue> AddedValue(const AddSecretVersionRequest& request,
                                    crypto::RandomSource& random) {
  switch (request.value_case()) {
    case AddSecretVersionRequest::kPayload:
      return NewValue::FromPayload(request.payload());
    case AddSecretVersionRequest::kGenerate:
      return NewValue::Generate(request.generate(), random);
    case AddSecretVersionRequest::VALUE_NOT_SET:
      break;
  }
  return FieldError("payload", "must be given, or generate");
}

// Gives version `number` the stage that the request asks for.
absl::Status PlaceVersion(keyward::secrets::v1::Stage stage, int64_t number,
                          SecretRecord* secret) {
  if (stage != keyward::secrets::v1::STAGE_PENDING) {
    MakeCurrent(number, secret);
    return absl::OkStatus();
  }
  if (secret->pending_version() != 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kVersionPending,
                     "another version is pending; promote or destroy it first");
  }
  secret->set_pending_version(number);
  return absl::OkStatus();
}

absl::StatusOr<ChangePlan> PlanAdd(const StoreParts& parts,
                                   const PlannedCall& call,
                                   const AddSecretVersionRequest& request,
                                   const ResourceName& name,
                                   const NewValue& value, absl::Time now) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  SecretRecord& record = secret->record;
  absl::Status status = CheckEtag("etag", request.etag(), SecretEtag(record));
  if (status.ok()) status = CheckNotDeleted(record);
  if (status.ok()) {
    status = PlaceVersion(request.stage(), record.next_version(), &record);
  }
  if (!status.ok()) return status;

  ChangePlan plan;
  const absl::StatusOr<KeyRecord> key =
      UseKey(parts, call.project_uid, record.key_name(), now, &plan);
  if (!key.ok()) return key.status();
  const absl::StatusOr<VersionRecord> version =
      AddVersion(parts, *key, value, now, &record, &plan);
  if (!version.ok()) return version.status();
  Touch(now, &record);
  Replace(*secret, &plan);
  auto response = std::make_unique<AddSecretVersionResponse>();
  *response->mutable_version() = ViewVersion(record, *version);
  response->set_secret_etag(SecretEtag(record));
  plan.resource = response->version().name();
  plan.response = std::move(response);
  plan.event =
      ChangeEvent{record.name(), version->number(),
                  keyward::secrets::v1::SECRET_EVENT_KIND_VERSION_ADDED};
  return plan;
}

// A version by its number with its secret.
struct VersionInPlan {
  Loaded<SecretRecord> secret;
  Loaded<VersionRecord> version;
};

absl::StatusOr<VersionInPlan> LoadVersionForChange(const StoreParts& parts,
                                                   const PlannedCall& call,
                                                   const ResourceName& name,
                                                   const std::string& etag) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  auto version =
      LoadVersion(*parts.kv, secret->record.uid(), *name.version_number());
  if (!version.ok()) return version.status();
  absl::Status status = CheckEtag("etag", etag, VersionEtag(version->record));
  if (status.ok()) status = CheckNotDeleted(secret->record);
  if (!status.ok()) return status;
  return VersionInPlan{*std::move(secret), *std::move(version)};
}

// The plan's frame once the records are as they shall be: the answer, and what
// it rests on. `Response` has a field `version`.
template <typename Response>
ChangePlan FinishVersionPlan(const VersionInPlan& loaded) {
  ChangePlan plan;
  auto response = std::make_unique<Response>();
  *response->mutable_version() =
      ViewVersion(loaded.secret.record, loaded.version.record);
  plan.resource = response->version().name();
  plan.response = std::move(response);
  return plan;
}

// Enable and disable.
template <typename Response>
absl::StatusOr<ChangePlan> PlanState(const StoreParts& parts,
                                     const PlannedCall& call,
                                     const ResourceName& name,
                                     const std::string& etag,
                                     VersionState state, SecretEventKind kind) {
  auto loaded = LoadVersionForChange(parts, call, name, etag);
  if (!loaded.ok()) return loaded.status();
  VersionRecord& version = loaded->version.record;
  if (version.state() == keyward::secrets::v1::VERSION_STATE_DESTROYED) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kVersionDestroyed,
                     "the version is destroyed, which nothing undoes");
  }
  const bool moves = version.state() != state;
  if (moves) {
    version.set_state(state);
    version.set_scheduled_destroy_time(0);
    version.set_generation(version.generation() + 1);
  }
  ChangePlan plan = FinishVersionPlan<Response>(*loaded);
  plan.preconditions.push_back(loaded->secret.Unchanged());
  if (!moves) {
    plan.preconditions.push_back(loaded->version.Unchanged());
    return plan;
  }
  Replace(loaded->version, &plan);
  plan.event =
      ChangeEvent{loaded->secret.record.name(), version.number(), kind};
  return plan;
}

void Shred(absl::Time now, VersionRecord* version) {
  version->set_state(keyward::secrets::v1::VERSION_STATE_DESTROYED);
  version->set_destroy_time(ToMicros(now));
  version->set_scheduled_destroy_time(0);
  version->set_generation(version->generation() + 1);
  version->clear_wrapped_data_key();
  version->clear_sealed_payload();
}

absl::StatusOr<ChangePlan> PlanDestroy(
    const StoreParts& parts, const PlannedCall& call, const ResourceName& name,
    const DestroySecretVersionRequest& request, absl::Time now) {
  auto loaded = LoadVersionForChange(parts, call, name, request.etag());
  if (!loaded.ok()) return loaded.status();
  SecretRecord& secret = loaded->secret.record;
  VersionRecord& version = loaded->version.record;
  if (version.state() == keyward::secrets::v1::VERSION_STATE_DESTROYED) {
    ChangePlan plan = FinishVersionPlan<DestroySecretVersionResponse>(*loaded);
    plan.preconditions.push_back(loaded->version.Unchanged());
    return plan;
  }
  const int64_t number = version.number();
  if (secret.current_version() == number && !request.allow_current()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kVersionCurrent,
                     "the version is current; promote another first, or set "
                     "allow_current");
  }
  const std::string wrap = WrapKey(version.key_uid(), version.key_version(),
                                   version.secret_uid(), number);
  Shred(now, &version);
  // A destroyed version cannot be promoted: it must not block the next one.
  const bool was_pending = secret.pending_version() == number;
  if (was_pending) {
    secret.set_pending_version(0);
    Touch(now, &secret);
  }
  ChangePlan plan = FinishVersionPlan<DestroySecretVersionResponse>(*loaded);
  if (was_pending) {
    Replace(loaded->secret, &plan);
  } else {
    plan.preconditions.push_back(loaded->secret.Unchanged());
  }
  Replace(loaded->version, &plan);
  plan.puts.back().erase_old = true;
  plan.deletes.push_back({wrap});
  plan.event =
      ChangeEvent{secret.name(), number,
                  keyward::secrets::v1::SECRET_EVENT_KIND_VERSION_DESTROYED};
  return plan;
}

// The version that a request names by its number; its request id is checked
// as well.
template <typename Request>
absl::StatusOr<ResourceName> CheckedVersion(const rpc::CallContext& context,
                                            const Request& request) {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  return NumberedVersionTarget(context, request.name());
}

}  // namespace

absl::StatusOr<Planner> VersionChanges::Add(
    const rpc::CallContext& context,
    const AddSecretVersionRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "parent", request.parent(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  if (request.stage() != keyward::secrets::v1::STAGE_UNSPECIFIED &&
      request.stage() != keyward::secrets::v1::STAGE_CURRENT &&
      request.stage() != keyward::secrets::v1::STAGE_PENDING) {
    return FieldError("stage", "must be CURRENT or PENDING");
  }
  absl::StatusOr<NewValue> value = AddedValue(request, *parts_->random);
  if (!value.ok()) return value.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  value = *std::move(value), &request](absl::Time now) {
    return PlanAdd(*parts, call, request, name, value, now);
  });
}

absl::StatusOr<Planner> VersionChanges::Enable(
    const rpc::CallContext& context,
    const EnableSecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name = CheckedVersion(context, request);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time) {
    return PlanState<EnableSecretVersionResponse>(
        *parts, call, name, request.etag(),
        keyward::secrets::v1::VERSION_STATE_ENABLED,
        keyward::secrets::v1::SECRET_EVENT_KIND_VERSION_ENABLED);
  });
}

absl::StatusOr<Planner> VersionChanges::Disable(
    const rpc::CallContext& context,
    const DisableSecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name = CheckedVersion(context, request);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time) {
    return PlanState<DisableSecretVersionResponse>(
        *parts, call, name, request.etag(),
        keyward::secrets::v1::VERSION_STATE_DISABLED,
        keyward::secrets::v1::SECRET_EVENT_KIND_VERSION_DISABLED);
  });
}

absl::StatusOr<Planner> VersionChanges::Destroy(
    const rpc::CallContext& context,
    const DestroySecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name = CheckedVersion(context, request);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanDestroy(*parts, call, name, request, now);
  });
}

}  // namespace keyward::store
