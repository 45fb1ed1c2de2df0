// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls that are under way, so that none outlives its deadline whatever a
// peer does (P8), and so that a drain knows when it is done.

#ifndef KEYWARD_SERVICES_GATEWAY_CALL_REGISTRY_H_
#define KEYWARD_SERVICES_GATEWAY_CALL_REGISTRY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward::gateway {

// Something that must end by its deadline.
class Expirable {
 public:
  virtual ~Expirable() = default;

  // Called once, by Sweep, after the deadline. It must answer its caller now,
  // without blocking.
  virtual void Expire() = 0;
};

// A list in shards, since every call passes here twice; a timer for each call
// would cost more than a call. Thread-safe.
class CallRegistry {
 public:
  // How often Sweep must be called: a call is answered at most this long after
  // its deadline, which lies this much and more before its caller's.
  static constexpr absl::Duration kSweepInterval = absl::Milliseconds(20);

  CallRegistry() = default;
  CallRegistry(const CallRegistry&) = delete;
  CallRegistry& operator=(const CallRegistry&) = delete;

 private:
  struct Entry {
    std::weak_ptr<Expirable> call;
    SteadyTime deadline = SteadyTime::InfiniteFuture();
    absl::Time date = absl::InfiniteFuture();
    bool expired = false;
  };
  struct Shard {
    Mutex mu;
    std::list<Entry> calls ABSL_GUARDED_BY(mu);
  };

 public:
  // Keeps a call registered until it is destroyed.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&& other) noexcept { *this = std::move(other); }
    Registration& operator=(Registration&& other) noexcept {
      Release();
      shard_ = other.shard_;
      entry_ = other.entry_;
      other.shard_ = nullptr;
      return *this;
    }
    ~Registration() { Release(); }

   private:
    friend class CallRegistry;
    void Release();

    Shard* shard_ = nullptr;
    std::list<Entry>::iterator entry_;
  };

  // Watches `call` until the registration is destroyed. The registry must
  // outlive the registration.
  Registration Add(std::weak_ptr<Expirable> call, SteadyTime deadline);

  // The same until a date: when what the call rests on, its caller's credential
  // say, is no longer valid.
  Registration AddUntil(std::weak_ptr<Expirable> call, absl::Time date);

  // Expires, outside all locks, every call whose deadline has come by `now`, or
  // whose date has by `time_of_day`.
  void Sweep(SteadyTime now, absl::Time time_of_day);

  // How many calls are registered.
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;

  Registration Add(Entry entry);

  mutable std::array<Shard, kShards> shards_;
  std::atomic<uint32_t> next_{0};
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_CALL_REGISTRY_H_
