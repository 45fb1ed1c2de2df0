// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_view.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "services/store/etag.h"
#include "services/store/resolve_version.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::KeyVersionRecord;
using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::keys::v1::Key;
using keyward::keys::v1::KeyVersion;
using keyward::secrets::v1::Secret;
using keyward::secrets::v1::SecretVersion;

constexpr int64_t kMicrosPerSecond = 1000000;

}  // namespace

google::protobuf::Timestamp ViewTime(int64_t micros) {
  google::protobuf::Timestamp time;
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    --seconds;
    rest += kMicrosPerSecond;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest * 1000));
  return time;
}

Secret ViewSecret(const SecretRecord& record) {
  Secret secret;
  secret.set_name(record.name());
  secret.set_uid(record.uid());
  secret.set_type(static_cast<keyward::secrets::v1::SecretType>(record.type()));
  *secret.mutable_labels() = record.labels();
  *secret.mutable_annotations() = record.annotations();
  secret.set_etag(SecretEtag(record));
  *secret.mutable_create_time() = ViewTime(record.create_time());
  *secret.mutable_update_time() = ViewTime(record.update_time());
  if (record.expire_time() != 0) {
    *secret.mutable_expire_time() = ViewTime(record.expire_time());
  }
  *secret.mutable_version_aliases() = record.version_aliases();
  secret.set_key(record.key_name());
  secret.set_deletion_protection(record.deletion_protection());
  secret.set_current_version(record.current_version());
  secret.set_pending_version(record.pending_version());
  secret.set_previous_version(record.previous_version());
  secret.set_latest_version(record.latest_version());
  secret.set_version_count(record.next_version() - 1);
  if (record.delete_time() != 0) {
    *secret.mutable_delete_time() = ViewTime(record.delete_time());
    *secret.mutable_purge_time() = ViewTime(record.purge_time());
  }
  return secret;
}

SecretVersion ViewVersion(const SecretRecord& secret,
                          const VersionRecord& record) {
  SecretVersion version;
  version.set_name(absl::StrCat(secret.name(), "/versions/", record.number()));
  version.set_state(
      static_cast<keyward::secrets::v1::VersionState>(record.state()));
  *version.mutable_create_time() = ViewTime(record.create_time());
  if (record.destroy_time() != 0) {
    *version.mutable_destroy_time() = ViewTime(record.destroy_time());
  }
  if (record.scheduled_destroy_time() != 0) {
    *version.mutable_scheduled_destroy_time() =
        ViewTime(record.scheduled_destroy_time());
  }
  version.set_etag(VersionEtag(record));
  for (const auto stage : StagesOf(secret, record.number())) {
    version.add_stages(stage);
  }
  if (record.key_version() != 0) {
    version.set_key_version(
        absl::StrCat(record.key_name(), "/versions/", record.key_version()));
  }
  version.set_client_specified_payload_checksum(
      record.client_specified_checksum());
  if (record.certificate_not_after() != 0) {
    *version.mutable_certificate_not_after() =
        ViewTime(record.certificate_not_after());
  }
  return version;
}

Key ViewKey(const KeyRecord& record, int64_t rewrap_remaining,
            absl::Span<const int64_t> damaged) {
  Key key;
  key.set_name(record.name());
  key.set_uid(record.uid());
  *key.mutable_create_time() = ViewTime(record.create_time());
  if (record.rotate_time() != 0) {
    *key.mutable_rotate_time() = ViewTime(record.rotate_time());
  }
  key.set_primary_version(record.primary_version());
  for (const KeyVersionRecord& version : record.versions()) {
    KeyVersion* const view = key.add_versions();
    view->set_name(absl::StrCat(record.name(), "/versions/", version.number()));
    *view->mutable_create_time() = ViewTime(version.create_time());
    view->set_state(
        static_cast<keyward::keys::v1::KeyVersionState>(version.state()));
    view->set_damaged(absl::c_linear_search(damaged, version.number()));
  }
  key.set_rewrap_remaining(rewrap_remaining);
  key.set_etag(KeyEtag(record));
  return key;
}

}  // namespace keyward::store
