// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/faulty_kv.h"

#include <utility>

#include "absl/status/status.h"

namespace keyward::kv {
namespace {

CommitResult Torn() {
  return CommitResult::Unknown(absl::UnavailableError("injected: torn"));
}

// Takes one from `count`, which kAll never runs out of.
bool Take(size_t* count) {
  if (*count == 0) return false;
  if (*count != FaultyKv::kAll) --*count;
  return true;
}

}  // namespace

FaultyKv::~FaultyKv() { ReleaseCommits(); }

void FaultyKv::FailCommits(absl::Status status, size_t count, size_t skip) {
  MutexLock lock(&mu_);
  fail_skip_ = skip;
  fail_status_ = std::move(status);
  fail_count_ = count;
}

void FaultyKv::TearCommits(Tear tear, size_t count, size_t skip) {
  MutexLock lock(&mu_);
  tear_skip_ = skip;
  tear_ = tear;
  tear_count_ = count;
}

void FaultyKv::StallCommits() {
  MutexLock lock(&mu_);
  stall_ = true;
}

void FaultyKv::ReleaseCommits() {
  std::vector<Held> held;
  {
    MutexLock lock(&mu_);
    stall_ = false;
    held.swap(held_);
  }
  for (Held& each : held) Forward(std::move(each));
}

size_t FaultyKv::stalled_commits() const {
  MutexLock lock(&mu_);
  return held_.size();
}

void FaultyKv::FailSettles(bool fail) {
  MutexLock lock(&mu_);
  fail_settles_ = fail;
}

void FaultyKv::FailReads(absl::Status status, size_t count) {
  MutexLock lock(&mu_);
  read_status_ = std::move(status);
  read_count_ = count;
}

void FaultyKv::BeforeRead(size_t skip, absl::AnyInvocable<void()> hook) {
  MutexLock lock(&mu_);
  hook_thread_ = std::this_thread::get_id();
  hook_skip_ = skip;
  hook_ = std::move(hook);
}

size_t FaultyKv::forwarded_commits() const {
  MutexLock lock(&mu_);
  return forwarded_;
}

FaultyKv::Fault FaultyKv::NextFault(absl::Status* status) {
  MutexLock lock(&mu_);
  if (!Take(&fail_skip_) && Take(&fail_count_)) {
    *status = fail_status_;
    return Fault::kFail;
  }
  if (!Take(&tear_skip_) && Take(&tear_count_)) {
    return tear_ == Tear::kApplied ? Fault::kTearApplied
                                   : Fault::kTearNotApplied;
  }
  ++forwarded_;
  return Fault::kNone;
}

absl::Status FaultyKv::NextReadFault() const {
  absl::AnyInvocable<void()> hook;
  {
    MutexLock lock(&mu_);
    if (hook_ != nullptr && hook_thread_ == std::this_thread::get_id() &&
        !Take(&hook_skip_)) {
      hook = std::move(hook_);
      hook_ = nullptr;
    }
  }
  if (hook != nullptr) hook();
  MutexLock lock(&mu_);
  return Take(&read_count_) ? read_status_ : absl::OkStatus();
}

void FaultyKv::Commit(Transaction txn, const CommitOptions& options,
                      CommitCallback done) {
  Held held{std::move(txn), options, std::move(done)};
  {
    MutexLock lock(&mu_);
    if (stall_) {
      held_.push_back(std::move(held));
      return;
    }
  }
  Forward(std::move(held));
}

void FaultyKv::Forward(Held held) {
  absl::Status status;
  switch (NextFault(&status)) {
    case Fault::kFail:
      held.done(CommitResult::Refused(std::move(status)));
      return;
    case Fault::kTearNotApplied:
      held.done(Torn());
      return;
    case Fault::kTearApplied:
      store_->Commit(std::move(held.txn), held.options,
                     [done = std::move(held.done)](CommitResult r) mutable {
                       done(r.applied() ? Torn() : std::move(r));
                     });
      return;
    case Fault::kNone:
      store_->Commit(std::move(held.txn), held.options, std::move(held.done));
      return;
  }
}

void FaultyKv::Settle(const TransactionId& id, const CommitOptions& options,
                      CommitCallback done) {
  bool fail = false;
  {
    MutexLock lock(&mu_);
    fail = fail_settles_;
  }
  if (fail) {
    done(CommitResult::Unknown(absl::UnavailableError("injected: settle")));
    return;
  }
  store_->Settle(id, options, std::move(done));
}

absl::StatusOr<Entry> FaultyKv::Get(absl::string_view key) const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) return fault;
  return store_->Get(key);
}

std::vector<absl::StatusOr<Entry>> FaultyKv::GetMany(
    const std::vector<std::string>& keys) const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) {
    return std::vector<absl::StatusOr<Entry>>(keys.size(), fault);
  }
  return store_->GetMany(keys);
}

absl::StatusOr<RangeResult> FaultyKv::Range(absl::string_view begin,
                                            absl::string_view end,
                                            const RangeOptions& options) const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) return fault;
  return store_->Range(begin, end, options);
}

absl::StatusOr<uint64_t> FaultyKv::Revision() const {
  return store_->Revision();
}

absl::StatusOr<TransactionRecord> FaultyKv::GetTransaction(
    const TransactionId& id) const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) return fault;
  return store_->GetTransaction(id);
}

absl::StatusOr<uint64_t> FaultyKv::IntentFloor() const {
  return store_->IntentFloor();
}

absl::StatusOr<uint64_t> FaultyKv::BeginSession(SteadyTime deadline) {
  return store_->BeginSession(deadline);
}

absl::Status FaultyKv::CloseSession(uint64_t session, SteadyTime deadline) {
  return store_->CloseSession(session, deadline);
}

absl::StatusOr<std::unique_ptr<Snapshot>> FaultyKv::NewSnapshot() const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) return fault;
  return store_->NewSnapshot();
}

absl::StatusOr<FeedPage> FaultyKv::ReadFeed(absl::string_view keyspace,
                                            uint64_t from_revision,
                                            size_t limit) const {
  absl::Status fault = NextReadFault();
  if (!fault.ok()) return fault;
  return store_->ReadFeed(keyspace, from_revision, limit);
}

absl::StatusOr<std::unique_ptr<Subscription>> FaultyKv::SubscribeFeed(
    absl::string_view keyspace,
    absl::AnyInvocable<void(uint64_t revision)> notice) {
  return store_->SubscribeFeed(keyspace, std::move(notice));
}

absl::Status FaultyKv::CompactFeed(absl::string_view keyspace,
                                   uint64_t revision) {
  return store_->CompactFeed(keyspace, revision);
}

void FaultyKv::WaitErased(uint64_t revision,
                          absl::AnyInvocable<void(absl::Status)> done) {
  store_->WaitErased(revision, std::move(done));
}

StoreStats FaultyKv::Stats() const { return store_->Stats(); }

}  // namespace keyward::kv
