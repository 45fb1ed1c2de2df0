// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/random.h"

#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

using testing::MatchesRegex;

TEST(SystemRandomTest, NeverRepeatsAKey) {
  SystemRandom random;
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    const SecretBuffer key = RandomKey(32, random).value();
    keys.insert(std::string(key.ExposeSecret()));
  }
  EXPECT_EQ(keys.size(), 1000u);
}

TEST(SystemRandomTest, FillsAllOfALargeBuffer) {
  SystemRandom random;
  std::string bytes((size_t{2} << 20) + 7, '\0');
  ASSERT_EQ(random.Fill(absl::MakeSpan(&bytes[0], bytes.size())),
            absl::OkStatus());
  // No run of 16 zeros, wherever: chance gives one with 2^-107.
  EXPECT_EQ(bytes.find(std::string(16, '\0')), std::string::npos);
  EXPECT_EQ(random.Fill({}), absl::OkStatus());
}

TEST(FakeRandomTest, GivesTheSameBytesForTheSameSeed) {
  FakeRandom a(7);
  FakeRandom b(7);
  FakeRandom c(8);
  const SecretBuffer key = RandomKey(32, a).value();
  EXPECT_TRUE(key.Equals(RandomKey(32, b).value()));
  EXPECT_FALSE(key.Equals(RandomKey(32, c).value()));
  EXPECT_FALSE(key.Equals(RandomKey(32, a).value()));
}

TEST(FakeRandomTest, QueuedBytesComeFirst) {
  FakeRandom random;
  random.Queue("abc");
  EXPECT_EQ(RandomKey(2, random)->ExposeSecret(), "ab");
  const SecretBuffer rest = RandomKey(2, random).value();
  EXPECT_EQ(rest.ExposeSecret()[0], 'c');
}

TEST(RandomKeyTest, FailsWithItsSource) {
  FakeRandom random;
  random.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(RandomKey(32, random).status(), absl::InternalError("broken"));
  random.FailWith(absl::OkStatus());
  EXPECT_TRUE(RandomKey(32, random).ok());
}

TEST(NewUuidTest, HasTheFormOfVersion4) {
  SystemRandom random;
  std::set<std::string> uuids;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = NewUuid(random).value();
    EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                                   "[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    uuids.insert(uuid);
  }
  EXPECT_EQ(uuids.size(), 100u);
}

TEST(NewUuidTest, SetsOnlyVersionAndVariant) {
  FakeRandom random;
  random.Queue(std::string(16, '\xff'));
  EXPECT_EQ(NewUuid(random).value(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  random.Queue(std::string(16, '\0'));
  EXPECT_EQ(NewUuid(random).value(), "00000000-0000-4000-8000-000000000000");
}

TEST(NewUuidTest, FailsWithItsSource) {
  FakeRandom random;
  random.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(NewUuid(random).status(), absl::InternalError("broken"));
}

TEST(RandomPasswordTest, HasTheLengthAndTheAlphabetAsked) {
  SystemRandom random;
  for (const size_t length : {size_t{1}, size_t{32}, kMaxPasswordLength}) {
    const SecretBuffer password = RandomPassword(length, "abc", random).value();
    EXPECT_EQ(password.size(), length);
    EXPECT_EQ(password.ExposeSecret().find_first_not_of("abc"),
              absl::string_view::npos);
  }
}

TEST(RandomPasswordTest, ThrowsAwayBytesThatWouldFavourTheFirstCharacters) {
  FakeRandom random;
  // 256 % 10 = 6: the bytes 250 to 255 are not used.
  random.Queue(std::string("\xff\xfe\xfd\xfc\xfb\xfa", 6) + "\xf9" +
               std::string("\0\x0b", 2) + std::string(55, '\x01'));
  EXPECT_EQ(RandomPassword(3, "0123456789", random)->ExposeSecret(), "901");
}

TEST(RandomPasswordTest, UsesAllCharactersEquallyOften) {
  FakeRandom random(42);
  std::map<char, int> counts;
  for (int i = 0; i < 100; ++i) {
    const SecretBuffer password =
        RandomPassword(1000, "0123456789", random).value();
    for (const char c : password.ExposeSecret()) ++counts[c];
  }
  ASSERT_EQ(counts.size(), 10u);
  // 10,000 expected, standard deviation 95; without the rejection the first
  // six would be at 10,156 and the others at 9,766 on average.
  for (const auto& [c, count] : counts) {
    EXPECT_NEAR(count, 10'000, 400) << c;
  }
}

TEST(RandomPasswordTest, RefusesLengthsAndAlphabetsOutOfBounds) {
  FakeRandom random;
  const auto code = [&random](size_t length, absl::string_view alphabet) {
    return RandomPassword(length, alphabet, random).status().code();
  };
  EXPECT_EQ(code(0, "ab"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(kMaxPasswordLength + 1, "ab"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, "a"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, "aba"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, std::string(257, 'a')), absl::StatusCode::kInvalidArgument);
}

TEST(RandomPasswordTest, AcceptsAnAlphabetOfAllBytes) {
  FakeRandom random;
  std::string all(256, '\0');
  for (int i = 0; i < 256; ++i) all[i] = static_cast<char>(i);
  EXPECT_EQ(RandomPassword(8, all, random)->size(), 8u);
}

TEST(RandomPasswordTest, DefaultAlphabetIsWorthSixBitsACharacter) {
  EXPECT_EQ(kPasswordAlphabet.size(), 64u);
  FakeRandom random;
  EXPECT_TRUE(RandomPassword(8, kPasswordAlphabet, random).ok());
}

TEST(RandomPasswordTest, FailsInsteadOfSpinningOnABrokenGenerator) {
  FakeRandom random;
  random.Queue(std::string(100'000, '\xff'));
  EXPECT_EQ(RandomPassword(8, "0123456789", random).status().code(),
            absl::StatusCode::kInternal);
  random.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(RandomPassword(8, "0123456789", random).status(),
            absl::InternalError("broken"));
}

}  // namespace
}  // namespace keyward::crypto
