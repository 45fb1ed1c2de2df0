// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/feed_hub.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace keyward::kv {

class FeedHub::Subscriber {
 public:
  explicit Subscriber(Notice notice) : notice_(std::move(notice)) {}

  void Call(uint64_t revision) {
    // Held while the notice runs, so that Stop returns only when it is over.
    MutexLock lock(&mu_);
    if (notice_) notice_(revision);
  }

  void Stop() {
    MutexLock lock(&mu_);
    notice_ = nullptr;
  }

 private:
  Mutex mu_;
  Notice notice_ ABSL_GUARDED_BY(mu_);
};

class FeedHub::Handle : public Subscription {
 public:
  explicit Handle(std::shared_ptr<Subscriber> subscriber)
      : subscriber_(std::move(subscriber)) {}
  ~Handle() override { subscriber_->Stop(); }

 private:
  const std::shared_ptr<Subscriber> subscriber_;
};

std::unique_ptr<Subscription> FeedHub::Subscribe(absl::string_view keyspace,
                                                 Notice notice) {
  auto subscriber = std::make_shared<Subscriber>(std::move(notice));
  MutexLock lock(&mu_);
  auto& list = subscribers_[std::string(keyspace)];
  list.erase(std::remove_if(list.begin(), list.end(),
                            [](const auto& weak) { return weak.expired(); }),
             list.end());
  list.push_back(subscriber);
  return std::make_unique<Handle>(std::move(subscriber));
}

void FeedHub::Notify(absl::string_view keyspace, uint64_t revision) {
  std::vector<std::shared_ptr<Subscriber>> called;
  {
    MutexLock lock(&mu_);
    const auto found = subscribers_.find(keyspace);
    if (found == subscribers_.end()) return;
    for (const auto& weak : found->second) {
      if (auto subscriber = weak.lock()) called.push_back(subscriber);
    }
  }
  for (const auto& subscriber : called) subscriber->Call(revision);
}

}  // namespace keyward::kv
