// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_FAKE_KV_H_
#define KEYWARD_SERVICES_AUDIT_FAKE_KV_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"

namespace keyward::audit_service {

// A store in memory, for tests of races: it is built with the thread sanitizer,
// which RocksDB is not. It commits on the calling thread, keeps no ids, and
// implements what the log's writer needs. Thread-safe.
class FakeKv final : public kv::KeyValueStore {
 public:
  absl::StatusOr<kv::Entry> Get(absl::string_view key) const override {
    MutexLock l(&mu_);
    return Find(key);
  }
  std::vector<absl::StatusOr<kv::Entry>> GetMany(
      const std::vector<std::string>& keys) const override {
    MutexLock l(&mu_);
    std::vector<absl::StatusOr<kv::Entry>> entries;
    for (const std::string& key : keys) entries.push_back(Find(key));
    return entries;
  }
  absl::StatusOr<kv::RangeResult> Range(
      absl::string_view begin, absl::string_view end,
      const kv::RangeOptions& options) const override {
    MutexLock l(&mu_);
    kv::RangeResult result;
    auto first = entries_.lower_bound(std::string(begin));
    auto last = entries_.lower_bound(std::string(end));
    while (first != last && result.entries.size() < options.limit) {
      result.entries.push_back(options.reverse ? (--last)->second
                                               : (first++)->second);
    }
    result.more = first != last;
    return result;
  }
  absl::StatusOr<uint64_t> Revision() const override {
    MutexLock l(&mu_);
    return revision_;
  }

  void Commit(kv::Transaction txn, const kv::CommitOptions&,
              kv::CommitCallback done) override {
    done(Apply(std::move(txn)));
  }
  void Settle(const kv::TransactionId&, const kv::CommitOptions&,
              kv::CommitCallback done) override {
    done(kv::CommitResult::Unknown(absl::UnimplementedError("fake")));
  }
  absl::StatusOr<uint64_t> BeginSession(SteadyTime) override { return 1; }
  absl::Status CloseSession(uint64_t, SteadyTime) override {
    return absl::OkStatus();
  }

  // The whole store, as it is now.
  absl::StatusOr<std::unique_ptr<kv::Snapshot>> NewSnapshot() const override {
    MutexLock l(&mu_);
    auto copy = std::make_unique<FakeKv>();
    {
      MutexLock c(&copy->mu_);
      copy->entries_ = entries_;
    }
    return std::unique_ptr<kv::Snapshot>(new Copy(std::move(copy)));
  }

  absl::StatusOr<kv::TransactionRecord> GetTransaction(
      const kv::TransactionId&) const override {
    return absl::UnimplementedError("fake");
  }
  absl::StatusOr<uint64_t> IntentFloor() const override { return 0; }
  absl::StatusOr<kv::FeedPage> ReadFeed(absl::string_view, uint64_t,
                                        size_t) const override {
    return absl::UnimplementedError("fake");
  }
  absl::StatusOr<std::unique_ptr<kv::Subscription>> SubscribeFeed(
      absl::string_view, absl::AnyInvocable<void(uint64_t)>) override {
    return absl::UnimplementedError("fake");
  }
  absl::Status CompactFeed(absl::string_view, uint64_t) override {
    return absl::UnimplementedError("fake");
  }
  void WaitErased(uint64_t,
                  absl::AnyInvocable<void(absl::Status)> done) override {
    done(absl::UnimplementedError("fake"));
  }
  kv::StoreStats Stats() const override { return {}; }

 private:
  class Copy final : public kv::Snapshot {
   public:
    explicit Copy(std::unique_ptr<FakeKv> kv) : kv_(std::move(kv)) {}
    absl::StatusOr<kv::Entry> Get(absl::string_view key) const override {
      return kv_->Get(key);
    }
    std::vector<absl::StatusOr<kv::Entry>> GetMany(
        const std::vector<std::string>& keys) const override {
      return kv_->GetMany(keys);
    }
    absl::StatusOr<kv::RangeResult> Range(
        absl::string_view begin, absl::string_view end,
        const kv::RangeOptions& options) const override {
      return kv_->Range(begin, end, options);
    }
    absl::StatusOr<uint64_t> Revision() const override {
      return kv_->Revision();
    }

   private:
    const std::unique_ptr<FakeKv> kv_;
  };

  absl::StatusOr<kv::Entry> Find(absl::string_view key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto it = entries_.find(std::string(key));
    if (it == entries_.end()) return absl::NotFoundError("no such key");
    return it->second;
  }

  bool Holds(const kv::Precondition& precondition) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    using Kind = kv::Precondition::Kind;
    const absl::StatusOr<kv::Entry> entry = Find(precondition.key);
    if (precondition.kind == Kind::kRevisionIs) {
      return (entry.ok() ? entry->mod_revision : 0) == precondition.number;
    }
    if (!entry.ok() || precondition.kind == Kind::kExists) return entry.ok();
    const uint64_t number = *kv::DecodeNumber(entry->value);
    return precondition.kind == Kind::kNumberAtMost
               ? number <= precondition.number
               : number >= precondition.number;
  }

  kv::CommitResult Apply(kv::Transaction txn) {
    MutexLock l(&mu_);
    for (size_t i = 0; i < txn.preconditions.size(); ++i) {
      if (!Holds(txn.preconditions[i])) {
        return kv::CommitResult::Conflict(i, 0);
      }
    }
    ++revision_;
    for (kv::Put& put : txn.puts) {
      entries_[put.key] = {put.key, std::move(put.value), revision_};
    }
    for (const kv::Delete& deleted : txn.deletes) entries_.erase(deleted.key);
    return kv::CommitResult::Applied(revision_);
  }

  mutable Mutex mu_;
  uint64_t revision_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, kv::Entry> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_FAKE_KV_H_
