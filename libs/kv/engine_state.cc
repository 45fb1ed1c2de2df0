// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/engine_state.h"

#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/database.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/transaction.h"
#include "rocksdb/write_batch.h"

namespace keyward::kv {
namespace {

absl::string_view View(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// Calls `visit` for each record of [begin, end) until it fails.
absl::Status Scan(
    rocksdb::DB* db, const std::string& begin, const std::string& end,
    absl::FunctionRef<absl::Status(absl::string_view, absl::string_view)>
        visit) {
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  read.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  for (it->Seek(begin); it->Valid(); it->Next()) {
    absl::Status status = visit(View(it->key()), View(it->value()));
    if (!status.ok()) return status;
  }
  return FromRocksDb(it->status(), "read the database");
}

absl::StatusOr<uint64_t> LoadNumber(rocksdb::DB* db, const std::string& key) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status got =
      db->Get(rocksdb::ReadOptions(), db->DefaultColumnFamily(), key, &value);
  if (!got.ok()) return FromRocksDb(got, "read the engine's state");
  return DecodeNumber(View(value));
}

// The revision; of a database that holds nothing at all, 0.
absl::StatusOr<uint64_t> LoadRevision(rocksdb::DB* db) {
  absl::StatusOr<uint64_t> revision = LoadNumber(db, format::RevisionKey());
  if (!absl::IsNotFound(revision.status())) return revision;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}));
  it->SeekToFirst();
  if (!it->status().ok()) return FromRocksDb(it->status(), "read the database");
  if (it->Valid()) {
    return absl::DataLossError("the data folder has lost its revision");
  }
  return uint64_t{0};
}

absl::Status LoadFeeds(rocksdb::DB* db, EngineState* state) {
  const std::string begin = format::FeedMetaPrefix();
  return Scan(db, begin, PrefixEnd(begin),
              [state](absl::string_view key, absl::string_view value) {
                absl::StatusOr<std::string> keyspace =
                    format::DecodeFeedMetaKey(key);
                if (!keyspace.ok()) return keyspace.status();
                absl::StatusOr<uint64_t> through = DecodeNumber(value);
                if (!through.ok()) return through.status();
                state->feeds[*keyspace] = *through;
                return absl::OkStatus();
              });
}

absl::Status LoadSessions(rocksdb::DB* db, EngineState* state) {
  return Scan(db, format::SpaceBegin(format::Space::kSession),
              format::SpaceEnd(format::Space::kSession),
              [state](absl::string_view key, absl::string_view value) {
                absl::StatusOr<uint64_t> session =
                    format::DecodeSessionKey(key);
                if (!session.ok()) return session.status();
                absl::StatusOr<uint64_t> floor = DecodeNumber(value);
                if (!floor.ok()) return floor.status();
                state->sessions[*session] = *floor;
                return absl::OkStatus();
              });
}

// Whether `owner` is recorded in `db` as its owner already.
absl::StatusOr<bool> IsOwned(rocksdb::DB* db, const std::string& owner) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status got =
      db->Get(rocksdb::ReadOptions(), db->DefaultColumnFamily(),
              format::OwnerKey(), &value);
  if (got.IsNotFound()) return false;
  if (!got.ok()) return FromRocksDb(got, "read the database's owner");
  if (View(value) == owner) return true;
  return absl::FailedPreconditionError(absl::StrCat(
      "the data folder ", db->GetName(), " holds the data of ", View(value),
      ", not of ", owner,
      "; put the services' folders back in their places, or name another data "
      "folder"));
}

absl::Status CheckFeeds(const std::map<std::string, uint64_t>& feeds) {
  absl::string_view previous;
  for (const auto& [keyspace, through] : feeds) {
    if (keyspace.empty() || keyspace.size() > kMaxKeyBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "feeds: a keyspace must have 1 to ", kMaxKeyBytes, " bytes"));
    }
    // In order, a keyspace directly follows the ones that it lies within.
    if (!previous.empty() && absl::StartsWith(keyspace, previous)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "feeds: the keyspace ", keyspace, " lies within ", previous));
    }
    previous = keyspace;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EngineState> LoadState(rocksdb::DB* db, const std::string& owner,
                                      const std::vector<std::string>& feeds,
                                      bool close_sessions) {
  EngineState state;
  absl::StatusOr<uint64_t> revision = LoadRevision(db);
  if (!revision.ok()) return revision.status();
  state.revision = *revision;
  absl::StatusOr<uint64_t> floor = LoadNumber(db, format::IntentFloorKey());
  if (!floor.ok() && !absl::IsNotFound(floor.status())) return floor.status();
  state.intent_floor = floor.value_or(0);
  absl::Status status = LoadFeeds(db, &state);
  if (status.ok()) status = LoadSessions(db, &state);
  if (!status.ok()) return status;

  const absl::StatusOr<bool> owned =
      owner.empty() ? absl::StatusOr<bool>(true) : IsOwned(db, owner);
  if (!owned.ok()) return owned.status();

  rocksdb::WriteBatch batch;
  if (!*owned) batch.Put(format::OwnerKey(), owner);
  for (const std::string& keyspace : feeds) {
    if (state.feeds.count(keyspace) > 0) continue;
    state.feeds[keyspace] = state.revision;
    batch.Put(format::FeedMetaKey(keyspace), EncodeNumber(state.revision));
  }
  status = CheckFeeds(state.feeds);
  if (!status.ok()) return status;
  if (close_sessions) {
    for (const auto& [session, session_floor] : state.sessions) {
      batch.Delete(format::SessionKey(session));
    }
    state.sessions.clear();
  }
  batch.Put(format::RevisionKey(), EncodeNumber(state.revision));
  batch.Put(format::IntentFloorKey(), EncodeNumber(state.intent_floor));
  status =
      FromRocksDb(db->Write(SyncedWrite(), &batch), "write the engine's state");
  if (!status.ok()) return status;
  return state;
}

absl::StatusOr<std::vector<format::Erasure>> LoadErasures(rocksdb::DB* db) {
  std::vector<format::Erasure> erasures;
  absl::Status status = Scan(
      db, format::SpaceBegin(format::Space::kErasure),
      format::SpaceEnd(format::Space::kErasure),
      [&erasures](absl::string_view key, absl::string_view) {
        absl::StatusOr<format::Erasure> erasure = format::DecodeErasureKey(key);
        if (!erasure.ok()) return erasure.status();
        erasures.push_back(*std::move(erasure));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return erasures;
}

absl::StatusOr<TransactionRecord> LoadTransaction(rocksdb::DB* db,
                                                  const TransactionId& id) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status got =
      db->Get(rocksdb::ReadOptions(), db->DefaultColumnFamily(),
              format::TransactionKey(id), &value);
  if (got.IsNotFound()) {
    return absl::NotFoundError("nothing is stored under the transaction's id");
  }
  if (!got.ok()) return FromRocksDb(got, "read the transaction's record");
  return format::DecodeTransaction(View(value));
}

bool IsRetired(const EngineState& state, const TransactionId& id) {
  if (id.kind == TransactionId::Kind::kIntent) {
    return id.number < state.intent_floor;
  }
  const auto session = state.sessions.find(id.session);
  return session == state.sessions.end() || id.number < session->second;
}

}  // namespace keyward::kv
