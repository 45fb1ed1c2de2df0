// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_GATEWAY_STREAM_QUOTA_H_
#define KEYWARD_SERVICES_GATEWAY_STREAM_QUOTA_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "libs/base/mutex.h"

namespace keyward::gateway {

// How many streams each principal has open: a stream costs nothing while it is
// idle, so that no rate would keep one principal from taking every place.
// Thread-safe.
class StreamQuota {
 public:
  explicit StreamQuota(size_t streams_of_principal)
      : limit_(streams_of_principal) {}
  StreamQuota(const StreamQuota&) = delete;
  StreamQuota& operator=(const StreamQuota&) = delete;

  // Takes a place for a stream of `principal`. False if it has all of its own.
  bool Take(const std::string& principal);

  // Gives back a place that Take has given.
  void Release(const std::string& principal);

 private:
  const size_t limit_;
  Mutex mu_;
  // Those that have any.
  absl::flat_hash_map<std::string, size_t> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_STREAM_QUOTA_H_
