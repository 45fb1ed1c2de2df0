// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_changes.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/call_target.h"
#include "services/store/etag.h"
#include "services/store/new_value.h"
#include "services/store/plan_steps.h"
#include "services/store/random_uid.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/resolve_version.h"
#include "services/store/secret_fields.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::ReferenceRecord;
using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::secrets::v1::CreateSecretRequest;
using keyward::secrets::v1::CreateSecretResponse;
using keyward::secrets::v1::DeleteSecretRequest;
using keyward::secrets::v1::DeleteSecretResponse;
using keyward::secrets::v1::UndeleteSecretRequest;
using keyward::secrets::v1::UndeleteSecretResponse;
using keyward::secrets::v1::UpdateSecretRequest;
using keyward::secrets::v1::UpdateSecretResponse;

absl::Status NameTaken(const SecretRecord& secret) {
  if (secret.delete_time() == 0) {
    return MakeError(absl::StatusCode::kAlreadyExists, kAlreadyExists,
                     "the secret exists already");
  }
  return MakeError(
      absl::StatusCode::kAlreadyExists, kAlreadyExists,
      absl::StrCat(
          "the name is taken by a deleted secret, which can be "
          "recovered until ",
          absl::FormatTime(absl::RFC3339_sec, FromMicros(secret.purge_time()),
                           absl::UTCTimeZone()),
          ": undelete it, or delete it with destroy_now"));
}

// The value that a create request gives, if it gives one.
absl::StatusOr<absl::optional<NewValue>> FirstValue(
    const CreateSecretRequest& request, crypto::RandomSource& random) {
  absl::StatusOr<NewValue> value = absl::NotFoundError("no value");
  switch (request.value_case()) {
    case CreateSecretRequest::kPayload:
      value = NewValue::FromPayload(request.payload());
      break;
    case CreateSecretRequest::kGenerate:
      value = NewValue::Generate(request.generate(), random);
      break;
    case CreateSecretRequest::VALUE_NOT_SET:
      return absl::optional<NewValue>();
  }
  if (!value.ok()) return value.status();
  return absl::optional<NewValue>(*std::move(value));
}

// The full name of the key that the secret asks for, of its own project.
absl::StatusOr<std::string> KeyNameFor(const ResourceName& secret,
                                       const std::string& asked) {
  const std::string keys =
      absl::StrCat("projects/", secret.project(), "/keys/");
  if (asked.empty()) return absl::StrCat(keys, kDefaultKeyId);
  const absl::StatusOr<ResourceName> key =
      ResourceName::Parse(asked, "secret.key");
  if (!key.ok()) return key.status();
  if (key->kind() != ResourceKind::kKey || key->project() != secret.project()) {
    return FieldError("secret.key", "must be a key of the secret's project");
  }
  return key->ToString();
}

void PutPurgeTime(const Loaded<SecretRecord>& secret, ChangePlan* plan) {
  ReferenceRecord reference;
  reference.set_format(kRecordFormat);
  reference.set_key(secret.key);
  plan->puts.push_back(
      {PurgeTimeKey(secret.record.purge_time(), secret.record.uid()),
       EncodeRecord(reference)});
}

// A create request that was checked, and its plan.
class CreatePlanner {
 public:
  CreatePlanner(const StoreParts* parts, const rpc::CallContext& context,
                const CreateSecretRequest* request, ResourceName name,
                std::string key_name, absl::optional<NewValue> value)
      : parts_(parts),
        call_(context),
        request_(request),
        name_(std::move(name)),
        key_name_(std::move(key_name)),
        value_(std::move(value)) {}

  absl::StatusOr<ChangePlan> operator()(absl::Time now) {
    const auto taken = LoadSecret(*parts_->kv, call_.project_uid, name_);
    if (taken.ok()) return NameTaken(taken->record);
    if (!absl::IsNotFound(taken.status())) return taken.status();

    ChangePlan plan;
    absl::StatusOr<KeyRecord> key =
        UseKey(*parts_, call_.project_uid, key_name_, now, &plan);
    if (!key.ok()) return key.status();
    absl::StatusOr<SecretRecord> secret = NewRecord(*key, now);
    if (!secret.ok()) return secret.status();
    auto response = std::make_unique<CreateSecretResponse>();
    if (value_.has_value()) {
      const absl::StatusOr<VersionRecord> version =
          AddVersion(*parts_, *key, *value_, now, &*secret, &plan);
      if (!version.ok()) return version.status();
      MakeCurrent(version->number(), &*secret);
      *response->mutable_version() = ViewVersion(*secret, *version);
    }
    const absl::Status fields =
        ApplyCreateFields(request_->secret(), now, &*secret);
    if (!fields.ok()) return fields;
    std::string place = SecretKey(call_.project_uid, name_.secret());
    plan.preconditions.push_back(kv::Precondition::Absent(place));
    plan.puts.push_back({std::move(place), EncodeRecord(*secret)});
    *response->mutable_secret() = ViewSecret(*secret);
    plan.response = std::move(response);
    plan.resource = name_.ToString();
    plan.event = ChangeEvent{secret->name(), secret->current_version(),
                             keyward::secrets::v1::SECRET_EVENT_KIND_CREATED};
    return plan;
  }

 private:
  absl::StatusOr<SecretRecord> NewRecord(const KeyRecord& key,
                                         absl::Time now) const {
    absl::StatusOr<std::string> uid = NewUid(*parts_->random);
    if (!uid.ok()) return uid.status();
    SecretRecord secret;
    secret.set_format(kRecordFormat);
    secret.set_name(name_.ToString());
    secret.set_uid(*std::move(uid));
    secret.set_project_uid(call_.project_uid);
    secret.set_generation(1);
    // Before the value is added: its checks depend on it.
    secret.set_type(request_->secret().type());
    if (secret.type() == keyward::secrets::v1::SECRET_TYPE_UNSPECIFIED) {
      secret.set_type(keyward::secrets::v1::SECRET_TYPE_OPAQUE);
    }
    secret.set_create_time(ToMicros(now));
    secret.set_update_time(ToMicros(now));
    secret.set_key_name(key.name());
    secret.set_key_uid(key.uid());
    secret.set_next_version(1);
    return secret;
  }

  const StoreParts* parts_;
  PlannedCall call_;
  const CreateSecretRequest* request_;
  ResourceName name_;
  std::string key_name_;
  absl::optional<NewValue> value_;
};

absl::StatusOr<ChangePlan> PlanUpdate(const StoreParts& parts,
                                      const PlannedCall& call,
                                      const UpdateSecretRequest& request,
                                      const ResourceName& name,
                                      absl::Time now) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  absl::Status status = CheckEtag("secret.etag", request.secret().etag(),
                                  SecretEtag(secret->record));
  if (status.ok()) status = CheckNotDeleted(secret->record);
  if (status.ok()) {
    status = ApplyMaskedFields(request.secret(), request.update_mask(), now,
                               &secret->record);
  }
  if (!status.ok()) return status;
  Touch(now, &secret->record);
  ChangePlan plan;
  Replace(*secret, &plan);
  auto response = std::make_unique<UpdateSecretResponse>();
  *response->mutable_secret() = ViewSecret(secret->record);
  plan.response = std::move(response);
  plan.resource = name.ToString();
  plan.event = ChangeEvent{secret->record.name(), 0,
                           keyward::secrets::v1::SECRET_EVENT_KIND_UPDATED};
  return plan;
}

absl::Status CheckDeletable(const SecretRecord& secret,
                            const DeleteSecretRequest& request) {
  absl::Status status = CheckEtag("etag", request.etag(), SecretEtag(secret));
  if (!status.ok()) return status;
  if (!request.destroy_now()) status = CheckNotDeleted(secret);
  if (!status.ok()) return status;
  if (secret.deletion_protection()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kDeletionProtected,
                     "the secret is protected; clear deletion_protection "
                     "first");
  }
  return absl::OkStatus();
}

absl::StatusOr<ChangePlan> PlanDelete(const StoreParts& parts,
                                      const PlannedCall& call,
                                      const DeleteSecretRequest& request,
                                      const ResourceName& name,
                                      absl::Time now) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  absl::Status status = CheckDeletable(secret->record, request);
  if (!status.ok()) return status;
  ChangePlan plan;
  plan.resource = name.ToString();
  auto response = std::make_unique<DeleteSecretResponse>();
  if (request.destroy_now()) {
    status = Purge(parts, *secret, &plan);
    if (!status.ok()) return status;
    plan.response = std::move(response);
    return plan;
  }
  const int days = request.recovery_days() == 0
                       ? SecretChanges::kDefaultRecoveryDays
                       : request.recovery_days();
  secret->record.set_delete_time(ToMicros(now));
  secret->record.set_purge_time(ToMicros(now + absl::Hours(24 * days)));
  Touch(now, &secret->record);
  Replace(*secret, &plan);
  PutPurgeTime(*secret, &plan);
  *response->mutable_secret() = ViewSecret(secret->record);
  plan.response = std::move(response);
  plan.event = ChangeEvent{secret->record.name(), 0,
                           keyward::secrets::v1::SECRET_EVENT_KIND_DELETED};
  return plan;
}

absl::Status CheckRecoverable(const SecretRecord& secret,
                              const UndeleteSecretRequest& request,
                              absl::Time now) {
  const absl::Status status =
      CheckEtag("etag", request.etag(), SecretEtag(secret));
  if (!status.ok()) return status;
  if (secret.delete_time() == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kSecretNotDeleted,
                     "the secret is not deleted");
  }
  if (FromMicros(secret.purge_time()) <= now) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kSecretDeleted,
                     "the secret's recovery window has passed");
  }
  return absl::OkStatus();
}

absl::StatusOr<ChangePlan> PlanUndelete(const StoreParts& parts,
                                        const PlannedCall& call,
                                        const UndeleteSecretRequest& request,
                                        const ResourceName& name,
                                        absl::Time now) {
  auto secret = LoadForChange(parts, call, name);
  if (!secret.ok()) return secret.status();
  const absl::Status status = CheckRecoverable(secret->record, request, now);
  if (!status.ok()) return status;
  ChangePlan plan;
  plan.deletes.push_back(
      {PurgeTimeKey(secret->record.purge_time(), secret->record.uid())});
  secret->record.set_delete_time(0);
  secret->record.set_purge_time(0);
  Touch(now, &secret->record);
  Replace(*secret, &plan);
  auto response = std::make_unique<UndeleteSecretResponse>();
  *response->mutable_secret() = ViewSecret(secret->record);
  plan.response = std::move(response);
  plan.resource = name.ToString();
  plan.event = ChangeEvent{secret->record.name(), 0,
                           keyward::secrets::v1::SECRET_EVENT_KIND_UNDELETED};
  return plan;
}

}  // namespace

absl::StatusOr<Planner> SecretChanges::Create(
    const rpc::CallContext& context, const CreateSecretRequest& request) const {
  absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> parent =
      ResourceName::Parse(request.parent(), "parent");
  if (!parent.ok()) return parent.status();
  if (parent->kind() != ResourceKind::kProject) {
    return FieldError("parent", "must be projects/{project}");
  }
  absl::StatusOr<ResourceName> name =
      parent->Child("secrets", request.secret_id(), "secret_id");
  if (!name.ok()) return name.status();
  status = CheckAuthorized(context, *name);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> key = KeyNameFor(*name, request.secret().key());
  if (!key.ok()) return key.status();
  absl::StatusOr<absl::optional<NewValue>> value =
      FirstValue(request, *parts_->random);
  if (!value.ok()) return value.status();
  return Planner(CreatePlanner(parts_, context, &request, *std::move(name),
                               *std::move(key), *std::move(value)));
}

absl::StatusOr<Planner> SecretChanges::Update(
    const rpc::CallContext& context, const UpdateSecretRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name = CallTarget(
      context, "secret.name", request.secret().name(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanUpdate(*parts, call, request, name, now);
  });
}

absl::StatusOr<Planner> SecretChanges::Delete(
    const rpc::CallContext& context, const DeleteSecretRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const int days = request.recovery_days();
  if (days != 0 && (days < kMinRecoveryDays || days > kMaxRecoveryDays)) {
    return FieldError("recovery_days", "must be 0 or from 7 to 90");
  }
  if (days != 0 && request.destroy_now()) {
    return FieldError("recovery_days", "must be 0 with destroy_now");
  }
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanDelete(*parts, call, request, name, now);
  });
}

absl::StatusOr<Planner> SecretChanges::Undelete(
    const rpc::CallContext& context,
    const UndeleteSecretRequest& request) const {
  const absl::Status status = RequestIds::Check(request.request_id());
  if (!status.ok()) return status;
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  return Planner([parts = parts_, call = PlannedCall(context), name = *name,
                  &request](absl::Time now) {
    return PlanUndelete(*parts, call, request, name, now);
  });
}

}  // namespace keyward::store
