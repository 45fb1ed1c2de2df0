// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_reads.h"

#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
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

// A secret and the version of it that a name means. They lie where this does,
// for the most part: a read would else allocate and free each of their texts.
struct SecretAndVersion {
  alignas(8) char memory[2048];
  google::protobuf::Arena arena{memory, sizeof(memory)};
  const SecretRecord* secret = nullptr;
  int64_t number = 0;
  const VersionRecord* version = nullptr;
};

// What has to be true of the secret before its versions are looked at.
using SecretCheck = absl::FunctionRef<absl::Status(const SecretRecord&)>;

// How often two records that change between their reads are read again.
constexpr int kMaxLooks = 8;

// Both as they were at one moment. They are read one after the other: in
// between, the stage may have moved on and the version that had it been
// disabled, and a caller would be told that `current` does not work, which it
// did all the time (P7).
absl::Status LoadTogether(const StoreParts& parts,
                          const std::string& project_uid,
                          const ResourceName& name, SecretCheck check,
                          SecretAndVersion* loaded) {
  using google::protobuf::Arena;
  auto* secret = Arena::CreateMessage<SecretRecord>(&loaded->arena);
  auto secret_revision = ReadSecret(*parts.kv, project_uid, name, secret);
  for (int look = 0; look < kMaxLooks; ++look) {
    if (!secret_revision.ok()) return secret_revision.status();
    const absl::Status allowed = check(*secret);
    if (!allowed.ok()) return allowed;
    const absl::StatusOr<int64_t> number =
        ResolveVersion(*secret, name.version());
    if (!number.ok()) return number.status();
    auto* const version = Arena::CreateMessage<VersionRecord>(&loaded->arena);
    const auto version_revision =
        ReadVersion(*parts.kv, secret->uid(), *number, version);
    // Of one moment if the version has not changed since the secret did, or
    // the secret has not until the version was read.
    bool together =
        version_revision.ok() && *version_revision <= *secret_revision;
    SecretRecord* again = nullptr;
    absl::StatusOr<uint64_t> again_revision = 0;
    if (!together) {
      again = Arena::CreateMessage<SecretRecord>(&loaded->arena);
      again_revision = ReadSecret(*parts.kv, project_uid, name, again);
      together = again_revision.ok() && *again_revision == *secret_revision;
    }
    if (together) {
      if (!version_revision.ok()) return version_revision.status();
      loaded->secret = secret;
      loaded->number = *number;
      loaded->version = version;
      return absl::OkStatus();
    }
    secret = again;
    secret_revision = std::move(again_revision);
  }
  return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable,
                   "other changes kept coming first; try again");
}

// What a name means, which can be read; the key that wraps its data key.
absl::StatusOr<KeyRing::Kek> LoadWrapped(const StoreParts& parts,
                                         const std::string& project_uid,
                                         const ResourceName& name,
                                         SecretAndVersion* loaded) {
  absl::Status good = LoadTogether(
      parts, project_uid, name,
      [&](const SecretRecord& secret) {
        return CheckReadable(secret, parts.clock->Now());
      },
      loaded);
  if (good.ok()) good = CheckReadable(*loaded->version);
  if (!good.ok()) return good;
  return parts.keys->OpenFor(project_uid, *loaded->version);
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
  SecretAndVersion loaded;
  const absl::Status good = LoadTogether(
      *parts_, context.project_uid, *name,
      [](const SecretRecord&) { return absl::OkStatus(); }, &loaded);
  if (!good.ok()) return good;
  auto response = std::make_unique<GetSecretVersionResponse>();
  *response->mutable_version() = ViewVersion(*loaded.secret, *loaded.version);
  std::string resource = response->version().name();
  return ReadAnswer{std::move(response), std::move(resource)};
}

absl::StatusOr<ReadAnswer> SecretReads::Access(
    const rpc::CallContext& context,
    const AccessSecretVersionRequest& request) const {
  const absl::StatusOr<ResourceName> name =
      AccessTarget(context, request.name());
  if (!name.ok()) return name.status();
  SecretAndVersion loaded;
  absl::StatusOr<KeyRing::Kek> kek =
      LoadWrapped(*parts_, context.project_uid, *name, &loaded);
  // The key is read last: by then the data key may have moved to another
  // version of the key, and the one it was wrapped by been destroyed.
  if (absl::IsDataLoss(kek.status())) {
    kek = LoadWrapped(*parts_, context.project_uid, *name, &loaded);
  }
  if (!kek.ok()) return kek.status();
  const std::string& secret_uid = loaded.secret->uid();
  const VersionRecord& record = *loaded.version;
  const int64_t number = loaded.number;
  // The binding is made of what was asked for and of the secret's own record,
  // not of what the version's record says of itself: P6.
  const std::string secret_name = SecretNameOf(*name);
  const absl::StatusOr<OpenedPayload> payload =
      OpenVersion({parts_->installation_id, secret_name, secret_uid, number},
                  {record.key_name(), record.key_uid(), record.key_version()},
                  **kek, record.wrapped_data_key(), record.sealed_payload());
  if (!payload.ok()) return payload.status();

  auto response = std::make_unique<AccessSecretVersionResponse>();
  response->set_name(absl::StrCat(secret_name, "/versions/", number));
  const absl::string_view data = payload->data();
  response->mutable_payload()->set_data(data.data(), data.size());
  response->mutable_payload()->set_data_crc32c(payload->crc32c);
  std::string resource = response->name();
  return ReadAnswer{std::move(response), std::move(resource)};
}

}  // namespace keyward::store
