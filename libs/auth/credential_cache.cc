// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/credential_cache.h"

#include <algorithm>

namespace keyward::auth {

CredentialCache::CredentialCache(size_t capacity)
    : shard_capacity_(std::clamp(capacity, kMinCapacity, kMaxCapacity) /
                      kShards) {}

CredentialCache::Shard* CredentialCache::ShardOf(
    const crypto::Sha256Digest& digest) {
  return &shards_[digest[0] % kShards];
}

bool CredentialCache::Enter(Shard* shard, uint64_t generation) {
  if (generation < shard->generation) return false;
  if (generation > shard->generation) {
    shard->entries.clear();
    shard->index.clear();
    shard->generation = generation;
  }
  return true;
}

absl::optional<Credential> CredentialCache::Find(
    const crypto::Sha256Digest& digest, uint64_t generation, absl::Time now) {
  Shard* shard = ShardOf(digest);
  MutexLock lock(&shard->mu);
  if (!Enter(shard, generation)) return absl::nullopt;
  const auto found = shard->index.find(digest);
  if (found == shard->index.end()) return absl::nullopt;
  const std::list<Entry>::iterator entry = found->second;
  if (now >= entry->second.expire_time()) {
    shard->entries.erase(entry);
    shard->index.erase(found);
    return absl::nullopt;
  }
  shard->entries.splice(shard->entries.begin(), shard->entries, entry);
  return entry->second;
}

void CredentialCache::Insert(const crypto::Sha256Digest& digest,
                             uint64_t generation, Credential credential) {
  Shard* shard = ShardOf(digest);
  MutexLock lock(&shard->mu);
  if (!Enter(shard, generation)) return;
  // Two threads may have verified it at once; both found the same.
  if (shard->index.contains(digest)) return;
  if (shard->entries.size() >= shard_capacity_) {
    shard->index.erase(shard->entries.back().first);
    shard->entries.pop_back();
  }
  shard->entries.emplace_front(digest, std::move(credential));
  shard->index.emplace(digest, shard->entries.begin());
}

size_t CredentialCache::size() {
  size_t total = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mu);
    total += shard.entries.size();
  }
  return total;
}

}  // namespace keyward::auth
