// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Abseil's times as protobuf's.

#ifndef KEYWARD_SERVICES_GATEWAY_PROTO_TIME_H_
#define KEYWARD_SERVICES_GATEWAY_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace keyward::gateway {

// `time` as a Timestamp, rounded down to nanoseconds.
inline google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

// `duration` as a Duration, rounded to nanoseconds; beyond 292 years it
// saturates.
inline google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  proto.set_seconds(nanoseconds / 1000000000);
  proto.set_nanos(static_cast<int32_t>(nanoseconds % 1000000000));
  return proto;
}

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_PROTO_TIME_H_
