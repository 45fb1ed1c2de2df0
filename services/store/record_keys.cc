// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/record_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/byte_order.h"

namespace keyward::store {
namespace {

std::string Number(int64_t number) {
  return BigEndian64(static_cast<uint64_t>(number));
}

}  // namespace

absl::Status CheckProjectUid(absl::string_view project_uid) {
  bool good = !project_uid.empty() && project_uid.size() <= 64;
  for (const char c : project_uid) {
    good = good && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                    c == '-' || c == '_');
  }
  if (good) return absl::OkStatus();
  return absl::InternalError("the call carries no well-formed project uid");
}

std::string SecretKey(absl::string_view project_uid,
                      absl::string_view secret_id) {
  return absl::StrCat("secret/", project_uid, "/", secret_id);
}

std::string SecretPrefix(absl::string_view project_uid) {
  return absl::StrCat("secret/", project_uid, "/");
}

std::string VersionKey(absl::string_view secret_uid, int64_t number) {
  return absl::StrCat("version/", secret_uid, "/", Number(number));
}

std::string VersionPrefix(absl::string_view secret_uid) {
  return absl::StrCat("version/", secret_uid, "/");
}

std::string KeyKey(absl::string_view project_uid, absl::string_view key_id) {
  return absl::StrCat(kKeysPrefix, project_uid, "/", key_id);
}

std::string KeyPrefix(absl::string_view project_uid) {
  return absl::StrCat(kKeysPrefix, project_uid, "/");
}

std::string WrapKey(absl::string_view key_uid, int64_t key_version,
                    absl::string_view secret_uid, int64_t number) {
  return absl::StrCat(WrapPrefix(key_uid, key_version), secret_uid, "/",
                      Number(number));
}

std::string WrapPrefix(absl::string_view key_uid, int64_t key_version) {
  return absl::StrCat("wrap/", key_uid, "/", Number(key_version), "/");
}

absl::StatusOr<std::string> VersionKeyOfWrap(absl::string_view key,
                                             absl::string_view prefix) {
  if (!absl::ConsumePrefix(&key, prefix) || key.size() < 10 ||
      key[key.size() - 9] != '/') {
    return absl::DataLossError("a key of the wrap index is malformed");
  }
  return absl::StrCat("version/", key);
}

std::string RewrapKey(absl::string_view project_uid, absl::string_view key_id) {
  return absl::StrCat(kRewrapPrefix, project_uid, "/", key_id);
}

std::string SealCountKey(absl::string_view project_uid,
                         absl::string_view key_uid, int64_t key_version) {
  return absl::StrCat(kSealCountPrefix, project_uid, "/", key_uid, "/",
                      Number(key_version));
}

std::string RotationKey(absl::string_view project_uid,
                        absl::string_view key_id) {
  return absl::StrCat(kRotationPrefix, project_uid, "/", key_id);
}

std::string EventHeadKey(absl::string_view project_uid) {
  return absl::StrCat(kEventHeadPrefix, project_uid);
}

std::string EventKey(absl::string_view project_uid, uint64_t number) {
  return absl::StrCat(EventPrefix(project_uid), BigEndian64(number));
}

std::string EventPrefix(absl::string_view project_uid) {
  return absl::StrCat(kEventKeyspace, project_uid, "/");
}

absl::StatusOr<uint64_t> EventNumber(absl::string_view key,
                                     absl::string_view project_uid) {
  if (!absl::ConsumePrefix(&key, EventPrefix(project_uid)) || key.size() != 8) {
    return absl::DataLossError("a key of the change feed is malformed");
  }
  return TakeBigEndian64(&key);
}

std::string RequestIdKey(absl::string_view id_mac) {
  return absl::StrCat("reqid/", id_mac);
}

std::string RequestIdExpiryKey(int64_t expire_micros,
                               absl::string_view id_mac) {
  return absl::StrCat(kRequestIdExpiryPrefix, Number(expire_micros), "/",
                      id_mac);
}

std::string PurgeTimeKey(int64_t purge_micros, absl::string_view secret_uid) {
  return absl::StrCat(kPurgeTimePrefix, Number(purge_micros), "/", secret_uid);
}

std::string PurgeKey(absl::string_view secret_uid) {
  return absl::StrCat(kPurgePrefix, secret_uid);
}

std::string DueEnd(absl::string_view prefix, int64_t now_micros) {
  return absl::StrCat(prefix, Number(now_micros + 1));
}

}  // namespace keyward::store
