// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_CREDENTIAL_CACHE_H_
#define KEYWARD_LIBS_AUTH_CREDENTIAL_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/auth/credential.h"
#include "libs/base/mutex.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {

// Remembers verified credentials, since verifying one takes a hundred times as
// long as hashing it. What it answers is exactly what verifying again would
// have answered:
//
//  - Entries are found by the SHA-256 of the certificate or token alone, never
//    by peer address, connection or pointer, which another caller may have
//    next.
//  - An entry is gone when its credential has expired.
//  - Every call names the generation of the configuration (bundles, issuers,
//    key sets, mappings) that it works under. The caller reads the generation
//    before it verifies; what was verified under another generation is neither
//    answered nor kept, however slow that verification was. So a certificate
//    whose authority was taken out of a bundle is not remembered past the
//    change.
//
// Bounded: when a shard is full the entry unused for longest makes room.
// Thread-safe; each call takes the lock of one of 16 shards for a moment.
class CredentialCache {
 public:
  static constexpr size_t kMinCapacity = 64;
  static constexpr size_t kMaxCapacity = size_t{1} << 20;

  // Room for about `capacity` credentials (some 800 bytes each), taken to the
  // nearest bound if it is outside of them.
  explicit CredentialCache(size_t capacity);

  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  // The credential of that digest if it was verified under exactly
  // `generation` and is not expired at `now`.
  absl::optional<Credential> Find(const crypto::Sha256Digest& digest,
                                  uint64_t generation, absl::Time now);

  // Remembers that `digest` is `credential`, as verified under `generation`.
  // Does nothing if a call for a later generation was seen.
  void Insert(const crypto::Sha256Digest& digest, uint64_t generation,
              Credential credential);

  // How many credentials are remembered.
  size_t size();

 private:
  static constexpr size_t kShards = 16;

  using Entry = std::pair<crypto::Sha256Digest, Credential>;

  // Entries by digest and by last use, all of one generation.
  struct Shard {
    Mutex mu;
    uint64_t generation ABSL_GUARDED_BY(mu) = 0;
    // The front was used last.
    std::list<Entry> entries ABSL_GUARDED_BY(mu);
    absl::flat_hash_map<crypto::Sha256Digest, std::list<Entry>::iterator> index
        ABSL_GUARDED_BY(mu);
  };

  // Brings the shard to `generation`, dropping what is older. False if the
  // shard is further already.
  static bool Enter(Shard* shard, uint64_t generation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mu);

  Shard* ShardOf(const crypto::Sha256Digest& digest);

  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_CREDENTIAL_CACHE_H_
