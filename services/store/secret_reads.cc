// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_reads.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/call_target.h"
#include "services/store/envelope.h"
#include "services/store/record_codec.h"
#include "services/store/record_reader.h"
#include "services/store/resolve_version.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::secrets::v1::AccessSecretVersionRequest;
using keyward::secrets::v1::AccessSecretVersionResponse;
using keyward::secrets::v1::GetSecretRequest;
using keyward::secrets::v1::GetSecretResponse;
using keyward::secrets::v1::GetSecretVersionRequest;
using keyward::secrets::v1::GetSecretVersionResponse;

absl::Status Refused(const char* reason, absl::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status CheckReadable(const SecretRecord& secret, absl::Time now) {
  if (secret.delete_time() != 0) {
    return Refused(kSecretDeleted, "the secret is deleted");
  }
  if (secret.expire_time() != 0 && FromMicros(secret.expire_time()) <= now) {
    return Refused(kSecretExpired, "the secret has expired");
  }
  return absl::OkStatus();
}

absl::Status CheckReadable(const VersionRecord& version) {
  switch (version.state()) {
    case keyward::secrets::v1::VERSION_STATE_ENABLED:
      return absl::OkStatus();
    case keyward::secrets::v1::VERSION_STATE_DESTROYED:
      return Refused(kVersionDestroyed, "the version is destroyed");
    default:
      return Refused(kVersionDisabled, "the version is disabled");
  }
}

// A version's record, and the key that wraps its data key.
struct WrappedVersion {
  VersionRecord record;
  KeyRing::Kek kek;
};

absl::StatusOr<WrappedVersion> LoadWrapped(const StoreParts& parts,
                                           const std::string& project_uid,
                                           const std::string& secret_uid,
                                           int64_t number) {
  auto version = LoadVersion(*parts.kv, secret_uid, number);
  if (!version.ok()) return version.status();
  const absl::Status readable = CheckReadable(version->record);
  if (!readable.ok()) return readable;
  absl::StatusOr<KeyRing::Kek> kek =
      parts.keys->OpenFor(project_uid, version->record);
  if (!kek.ok()) return kek.status();
  return WrappedVersion{std::move(version->record), *std::move(kek)};
}

// A name with or without a version.
absl::StatusOr<ResourceName> AccessTarget(const rpc::CallContext& context,
                                          const std::string& text) {
  absl::StatusOr<ResourceName> name = ResourceName::Parse(text);
  if (!name.ok()) return name;
  if (name->kind() != ResourceKind::kSecret &&
      name->kind() != ResourceKind::kSecretVersion) {
    return FieldError("name", "must be the name of a secret or of a version");
  }
  const absl::Status authorized = CheckAuthorized(context, *name);
  if (!authorized.ok()) return authorized;
  return name;
}

}  // namespace

absl::StatusOr<ReadAnswer> SecretReads::Get(
    const rpc::CallContext& context, const GetSecretRequest& request) const {
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecret);
  if (!name.ok()) return name.status();
  const auto secret = LoadSecret(*parts_->kv, context.project_uid, *name);
  if (!secret.ok()) return secret.status();
  auto response = std::make_unique<GetSecretResponse>();
  *response->mutable_secret() = ViewSecret(secret->record);
  return ReadAnswer{std::move(response), name->ToString()};
}

absl::StatusOr<ReadAnswer> SecretReads::GetVersion(
    const rpc::CallContext& context,
    const GetSecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name =
      CallTarget(context, "name", request.name(), ResourceKind::kSecretVersion);
  if (!name.ok()) return name.status();
  const auto secret = LoadSecret(*parts_->kv, context.project_uid, *name);
  if (!secret.ok()) return secret.status();
  const absl::StatusOr<int64_t> number =
      ResolveVersion(secret->record, name->version());
  if (!number.ok()) return number.status();
  const auto version = LoadVersion(*parts_->kv, secret->record.uid(), *number);
  if (!version.ok()) return version.status();
  auto response = std::make_unique<GetSecretVersionResponse>();
  *response->mutable_version() = ViewVersion(secret->record, version->record);
  std::string resource = response->version().name();
  return ReadAnswer{std::move(response), std::move(resource)};
}

absl::StatusOr<ReadAnswer> SecretReads::Access(
    const rpc::CallContext& context,
    const AccessSecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name =
      AccessTarget(context, request.name());
  if (!name.ok()) return name.status();
  const auto secret = LoadSecret(*parts_->kv, context.project_uid, *name);
  if (!secret.ok()) return secret.status();
  absl::Status readable = CheckReadable(secret->record, parts_->clock->Now());
  if (!readable.ok()) return readable;
  const absl::StatusOr<int64_t> number =
      ResolveVersion(secret->record, name->version());
  if (!number.ok()) return number.status();
  absl::StatusOr<WrappedVersion> version =
      LoadWrapped(*parts_, context.project_uid, secret->record.uid(), *number);
  // The two reads are not one: in between, the data key may have moved to
  // another version of the key, and the one it was wrapped by been destroyed.
  if (absl::IsDataLoss(version.status())) {
    version = LoadWrapped(*parts_, context.project_uid, secret->record.uid(),
                          *number);
  }
  if (!version.ok()) return version.status();
  const VersionRecord& record = version->record;
  // The binding is made of what was asked for and of the secret's own record,
  // not of what the version's record says of itself: P6.
  const std::string secret_name = SecretNameOf(*name);
  const absl::StatusOr<OpenedPayload> payload = OpenVersion(
      {parts_->installation_id, secret_name, secret->record.uid(), *number},
      {record.key_name(), record.key_uid(), record.key_version()},
      *version->kek, record.wrapped_data_key(), record.sealed_payload());
  if (!payload.ok()) return payload.status();

  auto response = std::make_unique<AccessSecretVersionResponse>();
  response->set_name(absl::StrCat(secret_name, "/versions/", *number));
  const absl::string_view data = payload->data();
  response->mutable_payload()->set_data(data.data(), data.size());
  response->mutable_payload()->set_data_crc32c(payload->crc32c);
  std::string resource = response->name();
  return ReadAnswer{std::move(response), std::move(resource)};
}

}  // namespace keyward::store
