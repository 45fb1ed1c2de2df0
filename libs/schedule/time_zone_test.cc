// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/time_zone.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace keyward::schedule {
namespace {

using std::string_literals::operator""s;

TEST(FindTimeZoneTest, FindsZonesOfTheDatabase) {
  for (const char* name :
       {"Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GMT",
        "America/Port-au-Prince", "Etc/UTC"}) {
    const absl::StatusOr<absl::TimeZone> zone = FindTimeZone(name);
    ASSERT_TRUE(zone.ok()) << name << ": " << zone.status();
    EXPECT_EQ(zone->name(), name);
  }
  EXPECT_EQ(FindTimeZone("UTC").value(), absl::UTCTimeZone());
  EXPECT_EQ(FindTimeZone("").value(), absl::UTCTimeZone());
}

// Each would be something else on another machine, count leap seconds, or be a
// file that is no zone.
TEST(FindTimeZoneTest, RefusesOtherNames) {
  for (const std::string& name : {"localtime"s,
                                  "posixrules"s,
                                  "right/Europe/Berlin"s,
                                  "posix/Europe/Berlin"s,
                                  "/usr/share/zoneinfo/Europe/Berlin"s,
                                  "file:/etc/localtime"s,
                                  ":Europe/Berlin"s,
                                  "Europe/../Europe/Berlin"s,
                                  "../zoneinfo/Europe/Berlin"s,
                                  "Europe//Berlin"s,
                                  "Europe/Berlin/"s,
                                  "Europe"s,
                                  "europe/berlin"s,
                                  "Europe/Berlin\0"s,
                                  "Europe/Berlin "s,
                                  "Fixed/UTC+01:00:00"s,
                                  "CET-1CEST"s,
                                  "Europe/Atlantis"s,
                                  "tzdata.zi"s,
                                  "Canary7f3a/Berlin"s,
                                  std::string(65, 'A'),
                                  std::string(100000, 'A'),
                                  "utc"s,
                                  "UTC+1"s}) {
    const absl::Status status = FindTimeZone(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_FALSE(absl::StrContains(status.message(), "Canary7f3a"));
  }
}

// What is remembered of a name that is no zone would be remembered for good, of
// each that somebody makes up.
TEST(FindTimeZoneTest, NamesWithoutAZoneAreNotRemembered) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "zones";
  std::filesystem::create_directories(folder / "Made");
  ASSERT_EQ(setenv("TZDIR", folder.c_str(), 1), 0);
  EXPECT_FALSE(FindTimeZone("Made/Up").ok());
  EXPECT_FALSE(FindTimeZone("Made").ok());
  std::filesystem::copy_file("/usr/share/zoneinfo/Europe/Berlin",
                             folder / "Made" / "Up");
  EXPECT_TRUE(FindTimeZone("Made/Up").ok());
  ASSERT_EQ(unsetenv("TZDIR"), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace keyward::schedule
