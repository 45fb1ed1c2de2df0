// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_KEYED_QUOTA_H_
#define KEYWARD_LIBS_BASE_KEYED_QUOTA_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "libs/base/mutex.h"

namespace keyward {

// How much each of many holds of something that all of them share: streams of a
// principal, bytes of its answers, calls of a connection. What costs nothing
// while it is idle no rate would bound, and one could take all of it.
//
// Costs nothing for those who hold nothing. Thread-safe.
class KeyedQuota {
 public:
  // So much each may hold.
  explicit KeyedQuota(size_t limit) : limit_(limit) {}
  KeyedQuota(const KeyedQuota&) = delete;
  KeyedQuota& operator=(const KeyedQuota&) = delete;

  // Gives `key` so much more. False, and nothing, if that would be above the
  // limit.
  bool Take(absl::string_view key, size_t amount = 1);

  // Takes back what Take has given, or a part of it.
  void Release(absl::string_view key, size_t amount = 1);

  // How many hold something.
  size_t keys() const;

 private:
  const size_t limit_;
  mutable Mutex mu_;
  // Those that hold any.
  absl::flat_hash_map<std::string, size_t> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_KEYED_QUOTA_H_
