// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The engine's records (libs/kv/FORMAT.md), from a disk that may be damaged:
// what decodes is what its encoder makes, and a key is of one kind alone.

#include <string>

#include "libs/kv/format.h"
#include "libs/kv/transaction.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

namespace format = kv::format;

// Ends the process unless a failure is DATA_LOSS; whether it decoded.
template <typename T>
bool Decoded(const absl::StatusOr<T>& value) {
  FUZZ_CHECK(value.ok() || absl::IsDataLoss(value.status()));
  return value.ok();
}

// How many kinds of record have this key.
int CheckKey(absl::string_view key) {
  int kinds = 0;
  if (const auto data = format::DecodeDataKey(key); Decoded(data)) {
    FUZZ_CHECK(format::DataKey(*data) == key);
    ++kinds;
  }
  if (const auto id = format::DecodeTransactionKey(key); Decoded(id)) {
    FUZZ_CHECK(format::TransactionKey(*id) == key);
    FUZZ_CHECK(id->kind != kv::TransactionId::Kind::kNone);
    ++kinds;
  }
  if (const auto session = format::DecodeSessionKey(key); Decoded(session)) {
    FUZZ_CHECK(format::SessionKey(*session) == key);
    ++kinds;
  }
  if (const auto feed = format::DecodeFeedMetaKey(key); Decoded(feed)) {
    FUZZ_CHECK(format::FeedMetaKey(*feed) == key);
    ++kinds;
  }
  if (const auto erasure = format::DecodeErasureKey(key); Decoded(erasure)) {
    FUZZ_CHECK(format::ErasureKey(erasure->revision, erasure->key) == key);
    ++kinds;
  }
  return kinds;
}

void CheckValue(absl::string_view value) {
  if (const auto data = format::DecodeData(value); Decoded(data)) {
    FUZZ_CHECK(data->mod_revision != 0);
    FUZZ_CHECK(format::EncodeData(data->mod_revision, data->value) == value);
  }
  if (const auto record = format::DecodeTransaction(value); Decoded(record)) {
    FUZZ_CHECK(record->revision != 0);
    FUZZ_CHECK(format::EncodeTransaction(*record) == value);
  }
  if (const auto number = kv::DecodeNumber(value); Decoded(number)) {
    FUZZ_CHECK(kv::EncodeNumber(*number) == value);
  }
}

void CheckFile(absl::string_view content) {
  if (const auto version = format::DecodeMarker(content); Decoded(version)) {
    FUZZ_CHECK(format::EncodeMarker(*version) == content);
  }
  if (const auto log = format::DecodeNewestLog(content); Decoded(log)) {
    FUZZ_CHECK(format::EncodeNewestLog(*log) == content);
  }
}

// An event's key and its value of one byte.
void CheckEvent(absl::string_view record) {
  if (record.empty()) return;
  const absl::string_view key = record.substr(0, record.size() - 1);
  const absl::string_view value = record.substr(record.size() - 1);
  for (const char* const keyspace : {"e/", "", "event/"}) {
    const auto event = format::DecodeFeed(keyspace, key, value);
    if (!Decoded(event)) continue;
    FUZZ_CHECK(format::FeedKey(keyspace, event->revision, event->key) == key);
    FUZZ_CHECK(format::EncodeFeedKind(event->kind) == value);
    FUZZ_CHECK(format::FeedBegin(keyspace, event->revision) <= key);
    // No other record's key.
    FUZZ_CHECK(CheckKey(key) == 0);
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  FUZZ_CHECK(CheckKey(text) <= 1);
  CheckValue(text);
  CheckFile(text);
  CheckEvent(text);
  return 0;
}
