// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/proto_time.h"

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"

namespace keyward {
namespace {

TEST(ProtoTimeTest, TimesSurviveThere) {
  const absl::Time time =
      absl::FromUnixSeconds(1785585600) + absl::Nanoseconds(5);
  const google::protobuf::Timestamp timestamp = ToTimestamp(time);
  EXPECT_EQ(timestamp.seconds(), 1785585600);
  EXPECT_EQ(timestamp.nanos(), 5);
  EXPECT_EQ(FromTimestamp(timestamp), time);
}

TEST(ProtoTimeTest, NanosecondsCountForwardsBeforeTheEpochToo) {
  const absl::Time time = absl::UnixEpoch() - absl::Nanoseconds(1);
  const google::protobuf::Timestamp timestamp = ToTimestamp(time);
  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999999999);
  EXPECT_TRUE(IsValidTimestamp(timestamp));
  EXPECT_EQ(FromTimestamp(timestamp), time);
}

TEST(ProtoTimeTest, ValidTimesAreOfTheYears1To9999) {
  const auto valid = [](int64_t seconds, int32_t nanos) {
    google::protobuf::Timestamp timestamp;
    timestamp.set_seconds(seconds);
    timestamp.set_nanos(nanos);
    return IsValidTimestamp(timestamp);
  };
  EXPECT_TRUE(valid(-62135596800, 0));
  EXPECT_FALSE(valid(-62135596801, 0));
  EXPECT_TRUE(valid(253402300799, 999999999));
  EXPECT_FALSE(valid(253402300800, 0));
  EXPECT_FALSE(valid(0, -1));
  EXPECT_FALSE(valid(0, 1000000000));
}

TEST(ProtoTimeTest, SecondsAndNanosecondsOfADurationHaveOneSign) {
  google::protobuf::Duration proto = ToProtoDuration(absl::Milliseconds(1500));
  EXPECT_EQ(proto.seconds(), 1);
  EXPECT_EQ(proto.nanos(), 500000000);
  proto = ToProtoDuration(-absl::Milliseconds(1500));
  EXPECT_EQ(proto.seconds(), -1);
  EXPECT_EQ(proto.nanos(), -500000000);
}

TEST(ProtoTimeTest, DurationsEndAtTenThousandYears) {
  google::protobuf::Duration proto = ToProtoDuration(absl::InfiniteDuration());
  EXPECT_EQ(proto.seconds(), 315576000000);
  EXPECT_EQ(proto.nanos(), 0);
  proto = ToProtoDuration(-absl::InfiniteDuration());
  EXPECT_EQ(proto.seconds(), -315576000000);
  EXPECT_EQ(proto.nanos(), 0);
}

}  // namespace
}  // namespace keyward
