// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/format.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/byte_order.h"

namespace keyward::kv::format {
namespace {

constexpr absl::string_view kMarkerPrefix = "keyward kv format ";
constexpr absl::string_view kNewestLogPrefix = "keyward kv newest log ";
constexpr absl::string_view kFeedMeta = "feed/";
constexpr char kIntent = 'i';
constexpr char kInSession = 's';
constexpr char kApplied = 'A';
constexpr char kBarred = 'B';
constexpr char kPut = 'P';
constexpr char kDelete = 'D';

std::string KeyIn(Space space) {
  return std::string(1, static_cast<char>(space));
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the data folder holds a damaged ", what, " record"));
}

// Drops `prefix` from the front of `*in`, or says that it is not there.
bool Take(absl::string_view* in, absl::string_view prefix) {
  return absl::ConsumePrefix(in, prefix);
}

bool TakeSpace(absl::string_view* in, Space space) {
  const char byte = static_cast<char>(space);
  return Take(in, absl::string_view(&byte, 1));
}

// A file that is one line with a number at its end.
std::string NumberLine(absl::string_view prefix, uint64_t number) {
  return absl::StrCat(prefix, number, "\n");
}

absl::StatusOr<uint64_t> DecodeNumberLine(absl::string_view prefix,
                                          absl::string_view content,
                                          absl::string_view what) {
  uint64_t number = 0;
  absl::string_view rest = content;
  if (!Take(&rest, prefix) || !absl::ConsumeSuffix(&rest, "\n") ||
      !absl::SimpleAtoi(rest, &number) ||
      NumberLine(prefix, number) != content) {
    return Damaged(what);
  }
  return number;
}

}  // namespace

std::string EncodeMarker(uint64_t version) {
  return NumberLine(kMarkerPrefix, version);
}

absl::StatusOr<uint64_t> DecodeMarker(absl::string_view content) {
  return DecodeNumberLine(kMarkerPrefix, content, "marker");
}

std::string EncodeNewestLog(uint64_t number) {
  return NumberLine(kNewestLogPrefix, number);
}

absl::StatusOr<uint64_t> DecodeNewestLog(absl::string_view content) {
  return DecodeNumberLine(kNewestLogPrefix, content, "newest log's name");
}

std::string SpaceBegin(Space space) { return KeyIn(space); }

std::string SpaceEnd(Space space) { return PrefixEnd(KeyIn(space)); }

std::string RevisionKey() { return KeyIn(Space::kMeta) + "revision"; }

std::string IntentFloorKey() { return KeyIn(Space::kMeta) + "intent_floor"; }

std::string OwnerKey() { return KeyIn(Space::kMeta) + "owner"; }

std::string FeedMetaPrefix() {
  return absl::StrCat(KeyIn(Space::kMeta), kFeedMeta);
}

std::string FeedMetaKey(absl::string_view keyspace) {
  return absl::StrCat(FeedMetaPrefix(), keyspace);
}

absl::StatusOr<std::string> DecodeFeedMetaKey(absl::string_view disk_key) {
  if (!Take(&disk_key, FeedMetaPrefix()) || disk_key.empty()) {
    return Damaged("feed declaration");
  }
  return std::string(disk_key);
}

std::string DataKey(absl::string_view key) {
  return absl::StrCat(KeyIn(Space::kData), key);
}

absl::StatusOr<absl::string_view> DecodeDataKey(absl::string_view disk_key) {
  if (!TakeSpace(&disk_key, Space::kData) || disk_key.empty()) {
    return Damaged("data");
  }
  return disk_key;
}

std::string EncodeData(uint64_t mod_revision, absl::string_view value) {
  std::string out;
  out.reserve(sizeof(mod_revision) + value.size());
  PutBigEndian64(&out, mod_revision);
  out.append(value.data(), value.size());
  return out;
}

absl::StatusOr<Data> DecodeData(absl::string_view disk_value) {
  absl::StatusOr<uint64_t> revision = TakeBigEndian64(&disk_value);
  if (!revision.ok() || *revision == 0) return Damaged("data");
  return Data{*revision, disk_value};
}

std::string TransactionKey(const TransactionId& id) {
  std::string out = KeyIn(Space::kTransaction);
  if (id.kind == TransactionId::Kind::kIntent) {
    out.push_back(kIntent);
  } else {
    out.push_back(kInSession);
    PutBigEndian64(&out, id.session);
  }
  PutBigEndian64(&out, id.number);
  return out;
}

absl::StatusOr<TransactionId> DecodeTransactionKey(absl::string_view disk_key) {
  if (!TakeSpace(&disk_key, Space::kTransaction)) return Damaged("transaction");
  if (Take(&disk_key, absl::string_view(&kIntent, 1))) {
    absl::StatusOr<uint64_t> number = TakeBigEndian64(&disk_key);
    if (!number.ok() || !disk_key.empty()) return Damaged("transaction");
    return TransactionId::Intent(*number);
  }
  if (!Take(&disk_key, absl::string_view(&kInSession, 1))) {
    return Damaged("transaction");
  }
  absl::StatusOr<uint64_t> session = TakeBigEndian64(&disk_key);
  if (!session.ok()) return Damaged("transaction");
  absl::StatusOr<uint64_t> number = TakeBigEndian64(&disk_key);
  if (!number.ok() || !disk_key.empty()) return Damaged("transaction");
  return TransactionId::InSession(*session, *number);
}

std::string EncodeTransaction(const TransactionRecord& record) {
  std::string out(1, record.applied ? kApplied : kBarred);
  PutBigEndian64(&out, record.revision);
  out += record.txn_value;
  return out;
}

absl::StatusOr<TransactionRecord> DecodeTransaction(
    absl::string_view disk_value) {
  TransactionRecord record;
  record.applied = Take(&disk_value, absl::string_view(&kApplied, 1));
  if (!record.applied && !Take(&disk_value, absl::string_view(&kBarred, 1))) {
    return Damaged("transaction");
  }
  absl::StatusOr<uint64_t> revision = TakeBigEndian64(&disk_value);
  if (!revision.ok() || *revision == 0) return Damaged("transaction");
  if (!record.applied && !disk_value.empty()) return Damaged("transaction");
  record.revision = *revision;
  record.txn_value = std::string(disk_value);
  return record;
}

std::string SessionKey(uint64_t session) {
  std::string out = KeyIn(Space::kSession);
  PutBigEndian64(&out, session);
  return out;
}

absl::StatusOr<uint64_t> DecodeSessionKey(absl::string_view disk_key) {
  if (!TakeSpace(&disk_key, Space::kSession)) return Damaged("session");
  absl::StatusOr<uint64_t> session = TakeBigEndian64(&disk_key);
  if (!session.ok() || !disk_key.empty()) return Damaged("session");
  return session;
}

std::string FeedBegin(absl::string_view keyspace, uint64_t revision) {
  std::string out = KeyIn(Space::kFeed);
  // With its length first, no keyspace's events lie within another's.
  PutBigEndian16(&out, static_cast<uint16_t>(keyspace.size()));
  out.append(keyspace.data(), keyspace.size());
  PutBigEndian64(&out, revision);
  return out;
}

std::string FeedKey(absl::string_view keyspace, uint64_t revision,
                    absl::string_view key) {
  return absl::StrCat(FeedBegin(keyspace, revision), key);
}

std::string EncodeFeedKind(FeedEvent::Kind kind) {
  return std::string(1, kind == FeedEvent::Kind::kPut ? kPut : kDelete);
}

absl::StatusOr<FeedEvent> DecodeFeed(absl::string_view keyspace,
                                     absl::string_view disk_key,
                                     absl::string_view disk_value) {
  std::string prefix = FeedBegin(keyspace, 0);
  prefix.resize(prefix.size() - sizeof(uint64_t));
  if (!Take(&disk_key, prefix)) return Damaged("feed");
  absl::StatusOr<uint64_t> revision = TakeBigEndian64(&disk_key);
  if (!revision.ok() || *revision == 0 || disk_key.empty()) {
    return Damaged("feed");
  }
  FeedEvent event;
  event.revision = *revision;
  event.key = std::string(disk_key);
  if (disk_value == EncodeFeedKind(FeedEvent::Kind::kPut)) {
    event.kind = FeedEvent::Kind::kPut;
  } else if (disk_value == EncodeFeedKind(FeedEvent::Kind::kDelete)) {
    event.kind = FeedEvent::Kind::kDelete;
  } else {
    return Damaged("feed");
  }
  return event;
}

std::string ErasureKey(uint64_t revision, absl::string_view key) {
  std::string out = KeyIn(Space::kErasure);
  PutBigEndian64(&out, revision);
  out.append(key.data(), key.size());
  return out;
}

absl::StatusOr<Erasure> DecodeErasureKey(absl::string_view disk_key) {
  if (!TakeSpace(&disk_key, Space::kErasure)) return Damaged("erasure");
  absl::StatusOr<uint64_t> revision = TakeBigEndian64(&disk_key);
  if (!revision.ok() || disk_key.empty()) return Damaged("erasure");
  return Erasure{*revision, std::string(disk_key)};
}

}  // namespace keyward::kv::format
