// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_RECORD_KEYS_H_
#define KEYWARD_SERVICES_STORE_RECORD_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::store {

// Where each record lies. Numbers in keys are 8 big-endian bytes, so that keys
// sort as their numbers do. FORMAT.md lists the same, for readers of a disk;
// record_keys_test.cc holds both to it. Pure functions.
//
// A secret lies under its project's uid, not its name: a call that was decided
// for another project of the same name finds nothing. Its versions lie under
// its own uid: a secret created again cannot reach those of its predecessor,
// even while they are still being removed.

// Single records.
inline constexpr char kInstallationKey[] = "meta/installation";
inline constexpr char kCheckpointKey[] = "meta/checkpoint";
// Number keys (kv::EncodeNumber), compared inside transactions.
inline constexpr char kFenceKey[] = "meta/fence";
inline constexpr char kCheckpointSizeKey[] = "meta/checkpoint_size";

// The keyspace of change events, which has a feed.
inline constexpr char kEventKeyspace[] = "event/";

// OK if `project_uid` can be part of a key: 1 to 64 of [A-Za-z0-9_-].
// INTERNAL otherwise: uids are made by policy and never by a client.
absl::Status CheckProjectUid(absl::string_view project_uid);

std::string SecretKey(absl::string_view project_uid,
                      absl::string_view secret_id);
std::string SecretPrefix(absl::string_view project_uid);

std::string VersionKey(absl::string_view secret_uid, int64_t number);
std::string VersionPrefix(absl::string_view secret_uid);

std::string KeyKey(absl::string_view project_uid, absl::string_view key_id);
std::string KeyPrefix(absl::string_view project_uid);
// Those of all projects.
inline constexpr char kKeysPrefix[] = "key/";

// Says that this version of a secret is wrapped by this version of a key: what
// a rewrap has left to do is one range.
std::string WrapKey(absl::string_view key_uid, int64_t key_version,
                    absl::string_view secret_uid, int64_t number);
std::string WrapPrefix(absl::string_view key_uid, int64_t key_version);
// The key of the version record that a WrapKey speaks of. DATA_LOSS if `key`
// is none under `prefix`.
absl::StatusOr<std::string> VersionKeyOfWrap(absl::string_view key,
                                             absl::string_view prefix);

// Marks a key that has versions to retire.
std::string RewrapKey(absl::string_view project_uid, absl::string_view key_id);
inline constexpr char kRewrapPrefix[] = "rewrap/";

// How often a key version has sealed (seal_counter.h).
std::string SealCountKey(absl::string_view project_uid,
                         absl::string_view key_uid, int64_t key_version);
inline constexpr char kSealCountPrefix[] = "seals/";

// Marks a key that has sealed so often that it is to be rotated.
std::string RotationKey(absl::string_view project_uid,
                        absl::string_view key_id);
inline constexpr char kRotationPrefix[] = "rotate/";

// The number of a project's newest event: a number key.
std::string EventHeadKey(absl::string_view project_uid);
inline constexpr char kEventHeadPrefix[] = "eventhead/";

std::string EventKey(absl::string_view project_uid, uint64_t number);
std::string EventPrefix(absl::string_view project_uid);
// The event's number; DATA_LOSS if `key` is no event of the project.
absl::StatusOr<uint64_t> EventNumber(absl::string_view key,
                                     absl::string_view project_uid);

// A used request id, by its MAC (request_ids.h), and when it can be forgotten.
std::string RequestIdKey(absl::string_view id_mac);
std::string RequestIdExpiryKey(int64_t expire_micros, absl::string_view id_mac);
inline constexpr char kRequestIdExpiryPrefix[] = "reqexp/";

// When a deleted secret is removed for good.
std::string PurgeTimeKey(int64_t purge_micros, absl::string_view secret_uid);
inline constexpr char kPurgeTimePrefix[] = "purgeat/";

// A removed secret whose versions are still being removed.
std::string PurgeKey(absl::string_view secret_uid);
inline constexpr char kPurgePrefix[] = "purge/";

// The end of all keys of a time-ordered prefix that are due at `now_micros`.
std::string DueEnd(absl::string_view prefix, int64_t now_micros);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_RECORD_KEYS_H_
