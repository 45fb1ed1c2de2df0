// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/credential_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/auth/credential_for_testing.h"

namespace keyward::auth {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();

Credential Alice(absl::string_view id = "certificate:00",
                 absl::Time expire_time = kNow + absl::Hours(1)) {
  return CredentialForTesting::Make("spiffe://corp/alice",
                                    AuthenticationMethod::kMutualTls,
                                    std::string(id), expire_time);
}

crypto::Sha256Digest Digest(int i) {
  return crypto::Sha256(absl::StrCat("credential ", i));
}

TEST(CredentialCacheTest, FindsWhatWasInserted) {
  CredentialCache cache(64);
  EXPECT_FALSE(cache.Find(Digest(1), 1, kNow).has_value());
  cache.Insert(Digest(1), 1, Alice("certificate:01"));
  EXPECT_EQ(cache.Find(Digest(1), 1, kNow)->id(), "certificate:01");
  EXPECT_FALSE(cache.Find(Digest(2), 1, kNow).has_value());
}

TEST(CredentialCacheTest, P1_ForgetsWhatHasExpired) {
  CredentialCache cache(64);
  cache.Insert(Digest(1), 1, Alice("a", kNow + absl::Seconds(10)));
  EXPECT_TRUE(cache.Find(Digest(1), 1, kNow + absl::Seconds(9)).has_value());
  EXPECT_FALSE(cache.Find(Digest(1), 1, kNow + absl::Seconds(10)).has_value());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(CredentialCacheTest, P1_NeverAnswersWhatAnOlderGenerationVerified) {
  CredentialCache cache(64);
  cache.Insert(Digest(1), 1, Alice());
  EXPECT_FALSE(cache.Find(Digest(1), 2, kNow).has_value());
  // Nor does the older generation get it back.
  EXPECT_FALSE(cache.Find(Digest(1), 1, kNow).has_value());
}

// A verification that began before a change and ended after it.
TEST(CredentialCacheTest, P1_DropsWhatASlowVerificationBringsAfterAChange) {
  CredentialCache cache(64);
  EXPECT_FALSE(cache.Find(Digest(1), 1, kNow).has_value());
  EXPECT_FALSE(cache.Find(Digest(1), 2, kNow).has_value());
  cache.Insert(Digest(1), 1, Alice());
  EXPECT_FALSE(cache.Find(Digest(1), 2, kNow).has_value());
  EXPECT_FALSE(cache.Find(Digest(1), 1, kNow).has_value());
  EXPECT_EQ(cache.size(), 0u);
}

// The same when nobody has asked under the new generation yet.
TEST(CredentialCacheTest, P1_DropsWhatWasInsertedBetweenChangeAndFirstUse) {
  CredentialCache cache(64);
  cache.Insert(Digest(1), 1, Alice());
  cache.Insert(Digest(1), 2, Alice("new"));
  EXPECT_EQ(cache.Find(Digest(1), 2, kNow)->id(), "new");
}

TEST(CredentialCacheTest, StaysWithinItsCapacity) {
  CredentialCache cache(160);
  for (int i = 0; i < 5000; ++i) cache.Insert(Digest(i), 1, Alice());
  EXPECT_EQ(cache.size(), 160u);
}

TEST(CredentialCacheTest, DropsTheEntryUnusedForLongest) {
  CredentialCache cache(CredentialCache::kMinCapacity);  // 4 in each shard
  std::vector<int> same;                                 // of one shard
  for (int i = 0; same.size() < 5; ++i) {
    if (Digest(i)[0] % 16 == Digest(0)[0] % 16) same.push_back(i);
  }
  for (int i = 0; i < 4; ++i) cache.Insert(Digest(same[i]), 1, Alice());
  EXPECT_TRUE(cache.Find(Digest(same[0]), 1, kNow).has_value());
  cache.Insert(Digest(same[4]), 1, Alice());
  EXPECT_TRUE(cache.Find(Digest(same[0]), 1, kNow).has_value());
  EXPECT_FALSE(cache.Find(Digest(same[1]), 1, kNow).has_value());
  EXPECT_TRUE(cache.Find(Digest(same[2]), 1, kNow).has_value());
}

TEST(CredentialCacheTest, TakesACapacityOutsideItsBoundsToTheNearest) {
  CredentialCache tiny(0);
  for (int i = 0; i < 5000; ++i) tiny.Insert(Digest(i), 1, Alice());
  EXPECT_EQ(tiny.size(), CredentialCache::kMinCapacity);
}

TEST(CredentialCacheTest, KeepsTheFirstOfTwoEqualInsertions) {
  CredentialCache cache(64);
  cache.Insert(Digest(1), 1, Alice("first"));
  cache.Insert(Digest(1), 1, Alice("second"));
  EXPECT_EQ(cache.Find(Digest(1), 1, kNow)->id(), "first");
  EXPECT_EQ(cache.size(), 1u);
}

// Verifiers of all speeds while the configuration changes: whoever asks under a
// generation gets what was verified under it, or nothing.
TEST(CredentialCacheTest, P1_MixesNoGenerationsUnderConcurrency) {
  CredentialCache cache(1024);
  std::atomic<uint64_t> generation{1};
  std::atomic<int> mixed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 4000; ++i) {
        const uint64_t seen = generation.load();
        const auto digest = Digest(i % 50);
        const auto found = cache.Find(digest, seen, kNow);
        if (found.has_value() && found->id() != absl::StrCat(seen)) ++mixed;
        if (t == 0 && i % 100 == 0) ++generation;
        cache.Insert(digest, seen, Alice(absl::StrCat(seen)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mixed.load(), 0);
}

}  // namespace
}  // namespace keyward::auth
