// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/values.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/proto_time.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

TEST(ValuesTest, PairsSplitAtTheFirstEquals) {
  auto pair = ParsePair("--label", "a=b=c");
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair->first, "a");
  EXPECT_EQ(pair->second, "b=c");
  EXPECT_EQ(ParsePair("--label", "a=")->second, "");
}

TEST(ValuesTest, WhatIsNoPairIsAUsageErrorThatDoesNotRepeatIt) {
  for (const char* text : {"hunter2", "=hunter2", ""}) {
    const absl::Status status = ParsePair("--label", text).status();
    EXPECT_EQ(ExitCode(status), kExitUsage) << text;
    EXPECT_FALSE(absl::StrContains(status.message(), "hunter2"));
    EXPECT_TRUE(absl::StrContains(status.message(), "--label"));
  }
}

TEST(ValuesTest, DurationsHaveUnitsAndAreBounded) {
  EXPECT_EQ(*ParseDuration("--ttl", "90s"), absl::Seconds(90));
  EXPECT_EQ(*ParseDuration("--ttl", "1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDuration("--ttl", "30d"), absl::Hours(720));
  for (const char* text : {"", "0s", "-1h", "1", "d", "30dd", "-3d", "1y",
                           "inf", "36601d", "99999999999999999999d"}) {
    EXPECT_EQ(ExitCode(ParseDuration("--ttl", text).status()), kExitUsage)
        << text;
  }
}

TEST(ValuesTest, TimesAreAbsoluteOrRelative) {
  const absl::Time now = absl::FromUnixSeconds(1000000);
  EXPECT_EQ(*ParseTime("--since", "1970-01-01T00:01:00Z", now, true),
            absl::FromUnixSeconds(60));
  EXPECT_EQ(*ParseTime("--since", "1h", now, true), now - absl::Hours(1));
  EXPECT_EQ(*ParseTime("--expires", "1h", now, false), now + absl::Hours(1));
  EXPECT_EQ(ExitCode(ParseTime("--since", "yesterday", now, true).status()),
            kExitUsage);
}

TEST(ValuesTest, EveryTypeHasAWordThatReadsBack) {
  for (int number = 1; number <= secrets::v1::SecretType_MAX; ++number) {
    const auto type = static_cast<secrets::v1::SecretType>(number);
    auto parsed = ParseSecretType(ShowType(type));
    ASSERT_TRUE(parsed.ok()) << ShowType(type);
    EXPECT_EQ(*parsed, type);
  }
  EXPECT_EQ(*ParseSecretType("tls-certificate"),
            secrets::v1::SECRET_TYPE_TLS_CERTIFICATE);
  for (const char* text : {"", "unspecified", "TLS_CERTIFICATE", "pem"}) {
    EXPECT_EQ(ExitCode(ParseSecretType(text).status()), kExitUsage) << text;
  }
}

TEST(ValuesTest, VersionNumbersHaveOneSpelling) {
  EXPECT_EQ(*ParseVersionNumber("VERSION", "12"), 12);
  for (const char* text :
       {"0", "-1", "01", "+1", " 1", "current", "", "9223372036854775808"}) {
    EXPECT_EQ(ExitCode(ParseVersionNumber("VERSION", text).status()),
              kExitUsage)
        << text;
  }
}

TEST(ValuesTest, TimesAreShownToTheSecond) {
  const absl::Time time =
      absl::FromUnixSeconds(1785585600) + absl::Nanoseconds(5);
  EXPECT_EQ(ShowTime(ToTimestamp(time)), "2026-08-01T12:00:00Z");
  EXPECT_EQ(ShowTime({}), "");
}

TEST(ValuesTest, EnumsAreWords) {
  EXPECT_EQ(ShowState(secrets::v1::VERSION_STATE_DESTROY_SCHEDULED),
            "destroy-scheduled");
  EXPECT_EQ(ShowStage(secrets::v1::STAGE_PREVIOUS), "previous");
  EXPECT_EQ(ShowType(secrets::v1::SECRET_TYPE_UNSPECIFIED), "");
  // A number that a newer gateway may send.
  EXPECT_EQ(ShowType(static_cast<secrets::v1::SecretType>(99)), "");
}

TEST(ValuesTest, LastSegments) {
  EXPECT_EQ(LastSegment("projects/p/secrets/s"), "s");
  EXPECT_EQ(LastSegment("system"), "system");
}

}  // namespace
}  // namespace keyward::cli
