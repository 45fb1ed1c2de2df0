// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/feed_reader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/format.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/transaction.h"
#include "rocksdb/options.h"

namespace keyward::kv {
namespace {

absl::string_view View(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// The number at `key` in the iterator's state, or NOT_FOUND.
absl::StatusOr<uint64_t> NumberAt(rocksdb::Iterator* it,
                                  const std::string& key) {
  it->Seek(key);
  if (!it->status().ok()) return FromRocksDb(it->status(), "read the feed");
  if (!it->Valid() || it->key() != key) {
    return absl::NotFoundError("the keyspace has no feed");
  }
  return DecodeNumber(View(it->value()));
}

absl::Status CheckPosition(uint64_t from, uint64_t compacted,
                           uint64_t revision) {
  if (from <= compacted) {
    return absl::OutOfRangeError(absl::StrCat(
        "the events of revision ", from, " were compacted; list the keyspace"));
  }
  // After a restore the store is behind positions that it gave out before.
  if (from - 1 > revision) {
    return absl::OutOfRangeError(absl::StrCat(
        "revision ", from, " is in the future; list the keyspace"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FeedPage> ReadFeedFrom(rocksdb::DB* db,
                                      absl::string_view keyspace,
                                      uint64_t from_revision, size_t limit) {
  if (limit < 1 || limit > kMaxFeedEvents) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit: must be 1 to ", kMaxFeedEvents));
  }
  if (keyspace.size() > kMaxKeyBytes) {
    return absl::NotFoundError("the keyspace has no feed");
  }
  const uint64_t from = std::max<uint64_t>(from_revision, 1);
  // One iterator for all three reads is what makes them one state. It ends
  // after the keyspace's last event.
  const std::string end = absl::StrCat(
      format::FeedBegin(keyspace, std::numeric_limits<uint64_t>::max()),
      std::string(kMaxKeyBytes, '\xff'));
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  absl::StatusOr<uint64_t> compacted =
      NumberAt(it.get(), format::FeedMetaKey(keyspace));
  if (!compacted.ok()) return compacted.status();
  absl::StatusOr<uint64_t> revision = NumberAt(it.get(), format::RevisionKey());
  if (!revision.ok()) return revision.status();
  absl::Status status = CheckPosition(from, *compacted, *revision);
  if (!status.ok()) return status;

  FeedPage page;
  page.through_revision = *revision;
  for (it->Seek(format::FeedBegin(keyspace, from)); it->Valid(); it->Next()) {
    absl::StatusOr<FeedEvent> event =
        format::DecodeFeed(keyspace, View(it->key()), View(it->value()));
    if (!event.ok()) return event.status();
    if (page.events.size() >= limit &&
        event->revision != page.events.back().revision) {
      page.through_revision = page.events.back().revision;
      break;
    }
    page.events.push_back(*std::move(event));
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), "read the feed");
  return page;
}

}  // namespace keyward::kv
