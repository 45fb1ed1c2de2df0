// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/buffered_random.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <set>
#include <string>
#include <thread>  // NOLINT: concurrent use is tested
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/base/mutex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/random.h"

namespace keyward::crypto {
namespace {

// Counts what is drawn from another.
class CountingRandom final : public RandomSource {
 public:
  explicit CountingRandom(RandomSource* source) : source_(source) {}
  absl::Status Fill(absl::Span<char> out) override {
    draws.push_back(out.size());
    return source_->Fill(out);
  }

  std::vector<size_t> draws;

 private:
  RandomSource* const source_;
};

std::string Take(RandomSource* random, size_t size) {
  std::string bytes(size, '\0');
  EXPECT_EQ(random->Fill(absl::MakeSpan(&bytes[0], size)), absl::OkStatus());
  return bytes;
}

TEST(BufferedRandomTest, GivesTheSourcesBytesEachOnce) {
  FakeRandom source(7);
  FakeRandom same(7);
  const std::string drawn = Take(&same, 2 * BufferedRandom::kDrawn);
  BufferedRandom random(&source);
  std::string given;
  while (given.size() < drawn.size()) given += Take(&random, 16);
  EXPECT_EQ(given, drawn);
}

TEST(BufferedRandomTest, DrawsForManyAtOnce) {
  FakeRandom fake;
  CountingRandom source(&fake);
  BufferedRandom random(&source);
  for (size_t taken = 0; taken < BufferedRandom::kDrawn; taken += 16) {
    Take(&random, 16);
  }
  EXPECT_EQ(source.draws, std::vector<size_t>{BufferedRandom::kDrawn});
  Take(&random, 1);
  EXPECT_EQ(source.draws.size(), 2u);
}

TEST(BufferedRandomTest, WhatIsLongComesFromTheSource) {
  FakeRandom fake;
  CountingRandom source(&fake);
  BufferedRandom random(&source);
  Take(&random, BufferedRandom::kDrawn / 8 + 1);
  Take(&random, 2 * BufferedRandom::kDrawn);
  EXPECT_EQ(source.draws, (std::vector<size_t>{BufferedRandom::kDrawn / 8 + 1,
                                               2 * BufferedRandom::kDrawn}));
}

TEST(BufferedRandomTest, P8_WhatASourceFailedToDrawIsNotGiven) {
  FakeRandom source;
  BufferedRandom random(&source);
  const std::string first = Take(&random, 16);
  // Not enough is left for another 256, so that it is drawn again.
  for (size_t taken = 16; taken + 256 <= BufferedRandom::kDrawn; taken += 256) {
    Take(&random, 256);
  }
  source.FailWith(absl::InternalError("the generator failed"));
  std::string bytes(256, '\0');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(random.Fill(absl::MakeSpan(&bytes[0], bytes.size())),
              absl::InternalError("the generator failed"));
  }
  EXPECT_EQ(random.Fill(absl::MakeSpan(&bytes[0], 16)),
            absl::InternalError("the generator failed"));
  source.FailWith(absl::OkStatus());
  EXPECT_NE(Take(&random, 16), first);
}

TEST(BufferedRandomTest, AChildProcessGetsOthersThanItsParent) {
  SystemRandom source;
  BufferedRandom random(&source);
  Take(&random, 16);
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string bytes = Take(&random, 32);
    _exit(write(ends[1], bytes.data(), 32) == 32 ? 0 : 1);
  }
  std::string childs(32, '\0');
  EXPECT_EQ(read(ends[0], &childs[0], 32), 32);
  EXPECT_NE(childs, Take(&random, 32));
  EXPECT_NE(childs, std::string(32, '\0'));
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(BufferedRandomTest, NoTwoThreadsGetTheSame) {
  SystemRandom source;
  BufferedRandom random(&source);
  Mutex mu;
  std::set<std::string> given;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        std::string bytes = Take(&random, 16);
        MutexLock lock(&mu);
        given.insert(std::move(bytes));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given.size(), 4000u);
}

}  // namespace
}  // namespace keyward::crypto
