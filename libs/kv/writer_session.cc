// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/writer_session.h"

#include <utility>

#include "libs/kv/result_slot.h"

namespace keyward::kv {

absl::StatusOr<std::unique_ptr<WriterSession>> WriterSession::Begin(
    KeyValueStore* store, SteadyTime deadline) {
  absl::StatusOr<uint64_t> number = store->BeginSession(deadline);
  if (!number.ok()) return number.status();
  return std::unique_ptr<WriterSession>(new WriterSession(store, *number));
}

void WriterSession::Commit(Transaction txn, const CommitOptions& options,
                           CommitCallback done) {
  if (txn.id.kind != TransactionId::Kind::kNone) {
    done(CommitResult::Refused(
        absl::InvalidArgumentError("the transaction has an id already")));
    return;
  }
  {
    MutexLock lock(&ids_->mu);
    txn.id = TransactionId::InSession(number_, ids_->next++);
    ids_->open.insert(txn.id.number);
    // If this commit is refused the raise is lost; the next interval's does it.
    const uint64_t oldest = *ids_->open.begin();
    if (oldest - ids_->floor >= kRaiseInterval) {
      ids_->floor = oldest;
      txn.raise_session_floor = oldest;
    }
  }
  const TransactionId id = txn.id;
  store_->Commit(std::move(txn), options, Track(id, std::move(done)));
  SettleOneAbandoned(options);
}

void WriterSession::Settle(const TransactionId& id,
                           const CommitOptions& options, CommitCallback done) {
  store_->Settle(id, options, Track(id, std::move(done)));
}

void WriterSession::Abandon(const TransactionId& id) {
  MutexLock lock(&ids_->mu);
  if (ids_->open.count(id.number) > 0) ids_->abandoned.insert(id.number);
}

void WriterSession::SettleOneAbandoned(const CommitOptions& options) {
  TransactionId id;
  {
    MutexLock lock(&ids_->mu);
    if (ids_->abandoned.empty()) return;
    // Taken out while it is asked for: commits meanwhile ask for the next.
    id = TransactionId::InSession(number_, *ids_->abandoned.begin());
    ids_->abandoned.erase(ids_->abandoned.begin());
  }
  Settle(id, options, [ids = ids_, id](CommitResult result) {
    if (result.outcome != CommitResult::Outcome::kUnknown) return;
    MutexLock lock(&ids->mu);
    ids->abandoned.insert(id.number);
  });
}

CommitCallback WriterSession::Track(const TransactionId& id,
                                    CommitCallback done) {
  return [ids = ids_, id, done = std::move(done)](CommitResult result) mutable {
    if (result.outcome != CommitResult::Outcome::kUnknown) {
      MutexLock lock(&ids->mu);
      ids->open.erase(id.number);
    }
    result.id = id;
    done(std::move(result));
  };
}

CommitResult WriterSession::CommitAndWait(Transaction txn,
                                          const CommitOptions& options) {
  auto slot = std::make_shared<ResultSlot>();
  Commit(std::move(txn), options,
         [slot](CommitResult result) { slot->Set(std::move(result)); });
  return slot->Await(kMaxBlockingWait);
}

CommitResult WriterSession::SettleAndWait(const TransactionId& id,
                                          const CommitOptions& options) {
  auto slot = std::make_shared<ResultSlot>();
  Settle(id, options,
         [slot](CommitResult result) { slot->Set(std::move(result)); });
  return slot->Await(kMaxBlockingWait);
}

absl::Status WriterSession::Close(SteadyTime deadline) {
  return store_->CloseSession(number_, deadline);
}

}  // namespace keyward::kv
