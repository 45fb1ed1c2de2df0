// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/policy_view.h"

#include <algorithm>
#include <utility>

namespace keyward::gateway {

SnapshotPtr PolicyView::Current() const {
  MutexLock lock(&mu_);
  return current_;
}

void PolicyView::WhenReady(SteadyTime deadline,
                           absl::AnyInvocable<void(SnapshotPtr)> done) {
  SnapshotPtr snapshot;
  {
    MutexLock lock(&mu_);
    if (current_ == nullptr && waiting_.size() < kMaxWaiting) {
      waiting_.push_back(Waiter{deadline, std::move(done)});
      return;
    }
    snapshot = current_;
  }
  done(std::move(snapshot));
}

void PolicyView::Stage(SnapshotPtr snapshot) {
  {
    MutexLock lock(&mu_);
    const uint64_t revision = snapshot->revision();
    newest_ = std::max(newest_, revision);
    if (revision < fence_) return;
    // Keeps the lowest: those come into force first.
    if (staged_.size() >= kMaxStaged) staged_.erase(std::prev(staged_.end()));
    staged_[revision] = std::move(snapshot);
  }
  AdvanceAndNotify();
}

void PolicyView::OnFence(uint64_t fence) {
  {
    MutexLock lock(&mu_);
    if (fence <= fence_) return;
    fence_ = fence;
    // From this moment nothing may be decided under the old revision.
    current_ = nullptr;
  }
  AdvanceAndNotify();
}

void PolicyView::Advance(
    std::list<Waiter>* ready,
    std::vector<std::shared_ptr<absl::AnyInvocable<void()>>>* notify) {
  staged_.erase(staged_.begin(), staged_.lower_bound(fence_));
  auto found = staged_.find(fence_);
  if (fence_ == 0 || found == staged_.end()) return;
  if (current_ == found->second) return;
  current_ = found->second;
  ready->swap(waiting_);
  for (const auto& [id, listener] : listeners_) notify->push_back(listener);
}

void PolicyView::AdvanceAndNotify() {
  std::list<Waiter> ready;
  std::vector<std::shared_ptr<absl::AnyInvocable<void()>>> notify;
  SnapshotPtr snapshot;
  {
    MutexLock lock(&mu_);
    Advance(&ready, &notify);
    snapshot = current_;
  }
  // If the fence has moved on meanwhile, these calls decide under a snapshot
  // that audit then refuses, and come back here.
  for (Waiter& waiter : ready) waiter.done(snapshot);
  for (const auto& listener : notify) (*listener)();
}

uint64_t PolicyView::fence() const {
  MutexLock lock(&mu_);
  return fence_;
}

uint64_t PolicyView::newest_staged() const {
  MutexLock lock(&mu_);
  return newest_;
}

void PolicyView::Sweep(SteadyTime now) {
  std::list<Waiter> late;
  {
    MutexLock lock(&mu_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      auto next = std::next(it);
      if (it->deadline <= now) late.splice(late.end(), waiting_, it);
      it = next;
    }
  }
  for (Waiter& waiter : late) waiter.done(nullptr);
}

uint64_t PolicyView::AddListener(
    std::shared_ptr<absl::AnyInvocable<void()>> changed) {
  MutexLock lock(&mu_);
  listeners_[next_listener_] = std::move(changed);
  return next_listener_++;
}

void PolicyView::RemoveListener(uint64_t id) {
  MutexLock lock(&mu_);
  listeners_.erase(id);
}

}  // namespace keyward::gateway
