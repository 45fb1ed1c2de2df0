// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_fields.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "services/store/record_codec.h"
#include "services/store/resolve_version.h"

namespace keyward::store {
namespace {

using google::protobuf::FieldMask;
using keyward::internal::store::v1::SecretRecord;
using keyward::secrets::v1::Secret;

bool IsWordCharacter(char c, absl::string_view others) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         others.find(c) != absl::string_view::npos;
}

bool IsLabelKey(absl::string_view key) {
  if (key.empty() || key.size() > 63) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(key.front()))) {
    return false;
  }
  for (const char c : key) {
    if (!IsWordCharacter(c, "_.-") ||
        absl::ascii_isupper(static_cast<unsigned char>(c))) {
      return false;
    }
  }
  return true;
}

bool IsLabelValue(absl::string_view value) {
  if (value.size() > 63) return false;
  for (const char c : value) {
    if (!IsWordCharacter(c, "_.-")) return false;
  }
  return true;
}

bool IsAlias(absl::string_view name) {
  if (name.empty() || name.size() > 63 || IsReservedVersionName(name)) {
    return false;
  }
  if (!absl::ascii_isalpha(static_cast<unsigned char>(name.front()))) {
    return false;
  }
  for (const char c : name) {
    if (!IsWordCharacter(c, "_-")) return false;
  }
  return true;
}

absl::Status SetLabels(const Secret& secret, SecretRecord* record) {
  if (secret.labels().size() > kMaxLabels) {
    return FieldError("secret.labels", absl::StrCat("must have at most ",
                                                    kMaxLabels, " entries"));
  }
  for (const auto& label : secret.labels()) {
    if (!IsLabelKey(label.first)) {
      return FieldError("secret.labels",
                        "every key must match [a-z][a-z0-9_.-]{0,62}");
    }
    if (!IsLabelValue(label.second)) {
      return FieldError("secret.labels",
                        "every value must match [A-Za-z0-9_.-]{0,63}");
    }
  }
  *record->mutable_labels() = secret.labels();
  return absl::OkStatus();
}

absl::Status SetAnnotations(const Secret& secret, SecretRecord* record) {
  size_t bytes = 0;
  for (const auto& annotation : secret.annotations()) {
    if (annotation.first.empty()) {
      return FieldError("secret.annotations", "no key may be empty");
    }
    bytes += annotation.first.size() + annotation.second.size();
  }
  if (secret.annotations().size() > kMaxAnnotations ||
      bytes > kMaxAnnotationBytes) {
    return FieldError(
        "secret.annotations",
        absl::StrCat("must have at most ", kMaxAnnotations, " entries and ",
                     kMaxAnnotationBytes, " bytes in all"));
  }
  *record->mutable_annotations() = secret.annotations();
  return absl::OkStatus();
}

absl::Status SetAliases(const Secret& secret, SecretRecord* record) {
  if (secret.version_aliases().size() > kMaxAliases) {
    return FieldError(
        "secret.version_aliases",
        absl::StrCat("must have at most ", kMaxAliases, " entries"));
  }
  for (const auto& alias : secret.version_aliases()) {
    if (!IsAlias(alias.first)) {
      return FieldError("secret.version_aliases",
                        "every name must match [A-Za-z][A-Za-z0-9_-]{0,62} "
                        "and be neither a stage nor latest");
    }
    if (alias.second < 1 || alias.second >= record->next_version()) {
      return FieldError("secret.version_aliases",
                        "every value must be the number of an existing "
                        "version");
    }
  }
  *record->mutable_version_aliases() = secret.version_aliases();
  return absl::OkStatus();
}

absl::Status SetExpiry(absl::string_view field, absl::Time expiry,
                       absl::Time now, SecretRecord* record) {
  if (expiry < now + kMinExpiry || expiry > now + kMaxExpiry) {
    return FieldError(field, "must be from 60 seconds to 100 years ahead");
  }
  record->set_expire_time(ToMicros(expiry));
  return absl::OkStatus();
}

absl::Status SetExpireTime(const Secret& secret, absl::Time now,
                           SecretRecord* record) {
  if (!secret.has_expire_time()) {
    record->set_expire_time(0);
    return absl::OkStatus();
  }
  const auto& time = secret.expire_time();
  if (time.nanos() < 0 || time.nanos() > 999999999) {
    return FieldError("secret.expire_time", "must be a valid timestamp");
  }
  return SetExpiry("secret.expire_time", FromTimestamp(time), now, record);
}

absl::Status SetTtl(const Secret& secret, absl::Time now,
                    SecretRecord* record) {
  if (!secret.has_ttl()) {
    return FieldError("secret.ttl", "must be set when the mask names it");
  }
  // Of one sign, as the contract of durations demands: what is not negative
  // has no negative nanoseconds.
  if (secret.ttl().nanos() < 0 || secret.ttl().nanos() > 999999999) {
    return FieldError("secret.ttl", "must be a valid duration ahead");
  }
  return SetExpiry("secret.ttl",
                   now + absl::Seconds(secret.ttl().seconds()) +
                       absl::Nanoseconds(secret.ttl().nanos()),
                   now, record);
}

absl::Status CheckOutputOnly(const Secret& secret) {
  const bool set = !secret.name().empty() || !secret.uid().empty() ||
                   !secret.etag().empty() || secret.has_create_time() ||
                   secret.has_update_time() || secret.has_delete_time() ||
                   secret.has_purge_time() || secret.current_version() != 0 ||
                   secret.pending_version() != 0 ||
                   secret.previous_version() != 0 ||
                   secret.latest_version() != 0 || secret.version_count() != 0;
  if (!set) return absl::OkStatus();
  return FieldError("secret", "its name and output-only fields must be empty");
}

absl::Status CheckDestroyTtl(const Secret& secret) {
  const auto& ttl = secret.version_destroy_ttl();
  if (ttl.seconds() == 0 && ttl.nanos() == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                   "secret.version_destroy_ttl: delayed destruction is not "
                   "built yet; leave it empty");
}

absl::Status SetType(const Secret& secret, SecretRecord* record) {
  if (!keyward::secrets::v1::SecretType_IsValid(secret.type())) {
    return FieldError("secret.type", "must be a known type");
  }
  record->set_type(secret.type() ==
                           keyward::secrets::v1::SECRET_TYPE_UNSPECIFIED
                       ? keyward::secrets::v1::SECRET_TYPE_OPAQUE
                       : secret.type());
  return absl::OkStatus();
}

absl::Status ApplyPath(absl::string_view path, const Secret& secret,
                       absl::Time now, SecretRecord* record) {
  if (path == "labels") return SetLabels(secret, record);
  if (path == "annotations") return SetAnnotations(secret, record);
  if (path == "expire_time") return SetExpireTime(secret, now, record);
  if (path == "ttl") return SetTtl(secret, now, record);
  if (path == "version_aliases") return SetAliases(secret, record);
  if (path == "deletion_protection") {
    record->set_deletion_protection(secret.deletion_protection());
    return absl::OkStatus();
  }
  return FieldError("update_mask",
                    "may name only labels, annotations, expire_time, ttl, "
                    "version_aliases and deletion_protection");
}

}  // namespace

absl::Status ApplyCreateFields(const Secret& secret, absl::Time now,
                               SecretRecord* record) {
  absl::Status status = CheckOutputOnly(secret);
  if (status.ok()) status = CheckDestroyTtl(secret);
  if (status.ok()) status = SetType(secret, record);
  if (status.ok()) status = SetLabels(secret, record);
  if (status.ok()) status = SetAnnotations(secret, record);
  if (status.ok()) status = SetAliases(secret, record);
  if (status.ok() && secret.has_expire_time() && secret.has_ttl()) {
    status = FieldError("secret.ttl", "must be empty beside expire_time");
  }
  if (status.ok()) status = SetExpireTime(secret, now, record);
  if (status.ok() && secret.has_ttl()) status = SetTtl(secret, now, record);
  record->set_deletion_protection(secret.deletion_protection());
  return status;
}

absl::Status ApplyMaskedFields(const Secret& secret, const FieldMask& mask,
                               absl::Time now, SecretRecord* record) {
  const std::set<std::string> paths(mask.paths().begin(), mask.paths().end());
  if (paths.empty()) {
    return FieldError("update_mask", "must name at least one field");
  }
  if (paths.count("expire_time") > 0 && paths.count("ttl") > 0) {
    return FieldError("update_mask", "may name expire_time or ttl, not both");
  }
  for (const std::string& path : paths) {
    const absl::Status status = ApplyPath(path, secret, now, record);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace keyward::store
