// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of every record that the RocksDB engine writes. FORMAT.md is the
// specification; format_test.cc holds its worked examples.
//
// Pure functions. A decoder answers DATA_LOSS for anything that its encoder
// does not make, and never quotes what it read.

#ifndef KEYWARD_LIBS_KV_FORMAT_H_
#define KEYWARD_LIBS_KV_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv::format {

// The version of everything below, as the marker file states it. A folder of
// a greater one is refused unopened.
inline constexpr uint64_t kVersion = 1;

// The file that makes a folder ours, and its whole content for a version.
inline constexpr char kMarkerFile[] = "KEYWARD";
std::string EncodeMarker(uint64_t version);
absl::StatusOr<uint64_t> DecodeMarker(absl::string_view content);

// The file that names the log that is written (newest_log.h), and its content.
inline constexpr char kNewestLogFile[] = "KEYWARD.newest";
std::string EncodeNewestLog(uint64_t number);
absl::StatusOr<uint64_t> DecodeNewestLog(absl::string_view content);

// The first byte of a key: which kind of record it is. kMeta is the least, so
// that one iterator bounded above by the end of its range can read the
// revision and then the range, from the same state. Never renumbered.
enum class Space : char {
  kMeta = 1,
  kData = 2,
  kTransaction = 3,
  kSession = 4,
  kFeed = 5,
  kErasure = 6,
};

// The range of all keys of a space.
std::string SpaceBegin(Space space);
std::string SpaceEnd(Space space);

// Meta records, each with a number as its value, but for the owner's.
std::string RevisionKey();
std::string IntentFloorKey();
// Its value is the name of the service whose data it is.
std::string OwnerKey();
std::string FeedMetaKey(absl::string_view keyspace);
// The keyspace of a key of FeedMetaKey; nothing else begins as these do.
std::string FeedMetaPrefix();
absl::StatusOr<std::string> DecodeFeedMetaKey(absl::string_view disk_key);

// Owners' entries.
std::string DataKey(absl::string_view key);
absl::StatusOr<absl::string_view> DecodeDataKey(absl::string_view disk_key);
std::string EncodeData(uint64_t mod_revision, absl::string_view value);
struct Data {
  uint64_t mod_revision = 0;
  absl::string_view value;  // within the argument of DecodeData
};
absl::StatusOr<Data> DecodeData(absl::string_view disk_value);

// What a transaction id did. Ids of a kind and session sort by number.
std::string TransactionKey(const TransactionId& id);
absl::StatusOr<TransactionId> DecodeTransactionKey(absl::string_view disk_key);
std::string EncodeTransaction(const TransactionRecord& record);
absl::StatusOr<TransactionRecord> DecodeTransaction(
    absl::string_view disk_value);

// Open sessions; the value is a number, the session's floor.
std::string SessionKey(uint64_t session);
absl::StatusOr<uint64_t> DecodeSessionKey(absl::string_view disk_key);

// Events of a feed, in order of revision and key.
std::string FeedKey(absl::string_view keyspace, uint64_t revision,
                    absl::string_view key);
// The least key of an event at or after `revision`.
std::string FeedBegin(absl::string_view keyspace, uint64_t revision);
absl::StatusOr<FeedEvent> DecodeFeed(absl::string_view keyspace,
                                     absl::string_view disk_key,
                                     absl::string_view disk_value);
std::string EncodeFeedKind(FeedEvent::Kind kind);

// An erasure that may not have reached the disk yet; the value is empty.
std::string ErasureKey(uint64_t revision, absl::string_view key);
struct Erasure {
  uint64_t revision = 0;
  std::string key;
};
absl::StatusOr<Erasure> DecodeErasureKey(absl::string_view disk_key);

}  // namespace keyward::kv::format

#endif  // KEYWARD_LIBS_KV_FORMAT_H_
