// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_PROTO_TIME_H_
#define KEYWARD_LIBS_BASE_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace keyward {

// Times and durations between protobuf and Abseil. Pure functions.

// `time` rounded down to nanoseconds. It should be of the years 1 to 9999: the
// message of another is not valid.
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// The reverse, also of a message that is not valid.
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

// As google/protobuf/timestamp.proto bounds it: years 1 to 9999.
bool IsValidTimestamp(const google::protobuf::Timestamp& timestamp);

// `duration` rounded towards zero to nanoseconds. Beyond 10,000 years, which
// google/protobuf/duration.proto does not allow, it is 10,000 years.
google::protobuf::Duration ToProtoDuration(absl::Duration duration);

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_PROTO_TIME_H_
