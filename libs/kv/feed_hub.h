// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_FEED_HUB_H_
#define KEYWARD_LIBS_KV_FEED_HUB_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "libs/base/mutex.h"
#include "libs/kv/kv.h"

namespace keyward::kv {

// Who wants to hear of which keyspace. Thread-safe; a Subscription may outlive
// the hub.
class FeedHub {
 public:
  using Notice = absl::AnyInvocable<void(uint64_t revision)>;

  FeedHub() = default;
  FeedHub(const FeedHub&) = delete;
  FeedHub& operator=(const FeedHub&) = delete;

  // Contract as KeyValueStore::SubscribeFeed.
  std::unique_ptr<Subscription> Subscribe(absl::string_view keyspace,
                                          Notice notice);

  // Calls the notices of `keyspace`, on this thread. Calls for one
  // subscription do not overlap.
  void Notify(absl::string_view keyspace, uint64_t revision);

 private:
  class Subscriber;
  class Handle;

  Mutex mu_;
  std::map<std::string, std::vector<std::weak_ptr<Subscriber>>, std::less<>>
      subscribers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_FEED_HUB_H_
